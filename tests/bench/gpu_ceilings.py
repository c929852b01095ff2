"""What the card and the cores can do at most, and the networks alone, without anything that feeds them."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import gpu_material
import numpy as np
import timing

from camtrap.networks.device import exact_float32

RESNET, YOLO = "resnet152", "yolov5x6"
SHAPE = (960, 1280)


def names(bench) -> tuple[str, str]:
    """Embedder and detector: small ones where the bench is only tried."""
    return ("resnet18", "yolov5n6") if bench.small else (RESNET, YOLO)


def as_torch_comes() -> None:
    """The switches of TF32 as torch has them, for the ways that we are compared with."""
    import torch

    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cuda.matmul.allow_tf32 = False


def seconds_of(bench, call: Callable, repeats: int = 5) -> float:
    """Median seconds of a call on the device, after two to warm up."""
    found = []
    for turn in range(2 + repeats):
        bench.wait()
        begin = time.perf_counter()
        call()
        bench.wait()
        if turn > 1:
            found.append(time.perf_counter() - begin)
    return median(found)


def ceilings(bench) -> None:
    """Matrix products, copies, and decoding per core: all predictions are made of these."""
    import torch

    found, device = bench.ceiling, bench.device
    side = bench.n(8192, 256)
    for name, kind, tf32 in (
        ("float32", torch.float32, False), ("tf32", torch.float32, True), ("bfloat16", torch.bfloat16, False),
        ("float16", torch.float16, False),
    ):  # fmt: skip
        torch.backends.cuda.matmul.allow_tf32 = tf32
        a, b = (torch.randn((side, side), device=device).to(kind) for _ in range(2))
        found[f"operations a second, {name}"] = 2 * side**3 / seconds_of(bench, lambda a=a, b=b: a @ b)
    exact_float32()
    source = torch.empty(bench.n(2 * 10**9, 10**7), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    found["bytes a second, on the card"] = 2 * len(source) / seconds_of(bench, lambda: target.copy_(source))
    source = target = None
    host = torch.empty(bench.n(3 * 10**8, 10**7), dtype=torch.uint8, pin_memory=device != "cpu")
    found["bytes a second, to the card"] = len(host) / seconds_of(bench, lambda: host.to(device, non_blocking=True))
    decoding(bench)
    for name, value in found.items():
        print(f"  {name:<58}{value:12.4g}", flush=True)


def decoding(bench) -> None:
    """Pictures and crops that the cores decode, and crops that the card does."""
    from camtrap.embed import on_device
    from camtrap.pictures.decode import decode

    found = bench.ceiling
    for megapixels in (3, 12):
        paths = bench.pictures(megapixels, bench.n(48, 4))
        found[f"pictures a second and core, {megapixels} megapixels"] = len(paths) / timing.decode_seconds(paths)
        data = [path.read_bytes() for path in paths] * bench.n(4, 1)
        found[f"pictures a second, {megapixels} megapixels, all cores"] = len(data) / pooled(
            bench, lambda one: decode(one, reuse=True), data
        )
    embedder, _ = gpu_material.embedder_network(names(bench)[0], bench.pictures(3, 8))
    crops = crops_of(bench, bench.n(512, 8))
    begin = time.perf_counter()
    gpu_material.inputs_of(crops[:256], embedder)
    found["crops prepared a second and core"] = len(crops[:256]) / (time.perf_counter() - begin)
    many = crops * bench.n(4, 1)
    found["crops prepared a second, all cores"] = len(many) / pooled(
        bench, lambda one: gpu_material.inputs_of([one], embedder), many
    )
    seconds = seconds_of(bench, lambda: on_device.prepare(crops[:256], embedder, bench.device), 3)
    found["crops prepared a second, on the device"] = len(crops[:256]) / seconds


def pooled(bench, function: Callable, items: list) -> float:
    """Seconds in which all cores do it, after a warm-up."""
    with ThreadPoolExecutor(bench.cores) as pool:
        list(pool.map(function, items[: 2 * bench.cores]))
        begin = time.perf_counter()
        list(pool.map(function, items))
        return time.perf_counter() - begin


def crops_of(bench, count: int) -> list[bytes]:
    """JPEG crops of the simulated pictures, as the crop stage makes them."""
    from camtrap.crop.geometry import cut
    from camtrap.crop.run import encode
    from camtrap.pictures.decode import decode

    random = np.random.default_rng(0)
    pictures = [decode(path.read_bytes()) for path in bench.pictures(3, 8)]
    boxes = [(*random.uniform(0, 0.6, 2), *random.uniform(0.1, 0.4, 2)) for _ in range(min(count, 128))]
    made = [encode(cut(pictures[k % len(pictures)], box, "pad", 256, 0.0), "jpeg", 95) for k, box in enumerate(boxes)]
    return [made[k % len(made)] for k in range(count)]


def networks(bench) -> None:
    """The networks alone, inputs on the card: operations over the rate of a matrix product against what they take."""
    import torch
    from torch.fx.experimental import optimization

    embedder, detector = names(bench)
    _, resnet = gpu_material.embedder_network(embedder, bench.pictures(3, 8))
    weights = gpu_material.detector_weights(bench.work, detector, bench.pictures(3, 8), bench.device)
    yolo = torch.load(weights, weights_only=False, map_location="cpu")["model"].float().fuse().eval()
    height, width = SHAPE if not bench.small else (192, 256)
    plan = [
        (embedder, resnet, (3, 224, 224), bench.n(256, 2), torch.bfloat16, (32, 256)),
        (detector, yolo, (3, height, width), bench.n(8, 1), torch.float16, (1, 8, 16)),
    ]
    for name, network, shape, batch, half, batches in plan:
        operations = timing.operations(network, (1, *shape))
        bench.facts[f"operations {name}"] = operations
        network.to(bench.device)
        kind = "bfloat16" if half == torch.bfloat16 else "float16"
        for layout in ("channels last", "contiguous"):
            last = layout == "channels last"
            network = laid_out(network, torch.channels_last if last else torch.contiguous_format)
            for n in batches if last and not bench.small else (batch,):
                alone(bench, f"{name} mixed, {layout}, batch {n}", network, shape, n, operations, kind, half, last)
            alone(bench, f"{name} float32, {layout}", network, shape, batch, operations, "float32", last=last)
            bench.save()
        if name == embedder:
            folded = optimization.fuse(laid_out(network, torch.channels_last))
            alone(bench, f"{name} mixed, batch normalisation folded", folded, shape, batch, operations, kind, half)
        whole = laid_out(network, torch.channels_last).to(half)
        for n in batches[:2] if not bench.small else (batch,):
            alone(bench, f"{name} all in {kind}, batch {n}", whole, shape, n, operations, kind, kept=half)
        network.float().to("cpu")


def compiled(bench) -> None:
    """The embedder compiled: last, as compiling may take half a minute."""
    import torch

    name = names(bench)[0]
    _, network = gpu_material.embedder_network(name, bench.pictures(3, 8))
    operations = timing.operations(network, (1, 3, 224, 224))
    network = torch.compile(laid_out(network.to(bench.device), torch.channels_last))
    kind = torch.bfloat16
    alone(bench, f"{name} mixed, compiled", network, (3, 224, 224), bench.n(256, 2), operations, "bfloat16", kind)


def laid_out(network, layout):
    """The network with its kernels in a memory format (`Module.to` would refuse YOLO's grids, which have five dimensions)."""
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=layout)
    return network


def alone(bench, name, network, shape, batch, operations, kind, half=None, last: bool = True, kept=None) -> None:
    """One network in one way: ``half`` by autocast, or the network itself and its inputs ``kept`` in a type."""
    import torch

    exact_float32()
    torch.backends.cudnn.allow_tf32 = kind == "tf32"
    inputs = torch.rand((batch, *shape), device=bench.device)
    inputs = inputs.contiguous(memory_format=torch.channels_last) if last else inputs
    inputs = inputs.to(kept) if kept else inputs

    def call() -> None:
        enabled = half is not None and bench.device != "cpu"
        with torch.inference_mode(), torch.autocast("cuda", dtype=half or torch.bfloat16, enabled=enabled):
            network(inputs)

    try:
        seconds = seconds_of(bench, call, bench.repeats)
    except RuntimeError as error:  # memory, or a compiler that is not there: the other ways go on
        print(f"  {name}: {str(error).splitlines()[0]}", flush=True)
        return
    finally:
        exact_float32()
    peak = bench.ceiling.get(f"operations a second, {kind}")
    part = operations * batch / seconds / peak if peak else None
    # convolutions are taken to reach 0.35 of a matrix product
    bench.row(
        f"alone: {name}", batch / seconds, 0.35 * peak / operations if peak else None, **{"of the matrix rate": part}
    )
