"""What computes an embedder: ncnn, ONNX Runtime or torch on a CPU, torch on a CUDA device."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from camtrap.config.engines import embedder_mistake
from camtrap.core.errors import UserError
from camtrap.embed import on_device
from camtrap.embed.compiled import compile_now, compiled
from camtrap.embed.models import Embedder, load
from camtrap.networks import ncnn, onnx
from camtrap.networks.device import exact_float32
from camtrap.networks.halving import halving

if TYPE_CHECKING:
    import torch

Forward = Callable[[Any], np.ndarray]  # of float32 (n, 3, s, s), or of a list of n JPEGs
# On a GPU the batch grows until the time of a crop no longer falls by a twentieth.
GAIN, LARGEST_BATCH = 0.95, 512
# ncnn computes these sooner than ONNX Runtime does (`make bench`).
BY_NCNN = ("resnet50", "resnet101", "resnet152")


@dataclass(frozen=True)
class Engine:
    """A network that is ready to compute.

    ``forward`` maps float32 (n, 3, s, s) to float32 (n, d); ``workers`` threads may call it at once; ``batch`` is the n
    it is best called with. ``decodes`` says that the threads that compute should decode too (a CPU has no others).
    ``encoded`` says that ``forward`` takes a list of n JPEGs as well, and decodes them on the device.
    """

    forward: Forward
    workers: int
    batch: int
    decodes: bool
    encoded: bool = False


def make_engine(
    embedder: Embedder,
    options: dict,
    cache: str | None,
    device: str,
    threads: int,
    batch_size: int,
    quantised: Path | None = None,
) -> Engine:
    """Build the engine that the configuration asks for.

    Parameters
    ----------
    quantised : Path, optional
        The network in int8 (:func:`camtrap.embed.int8.calibrate`), for ``precision: int8``.

    Raises
    ------
    UserError
        The combination of device, runtime, precision, compile and decode does not exist, or the runtime asked for cannot
        compute the network.
    """
    runtime, precision = options["runtime"], options["precision"]
    cpu = device == "cpu"
    if precision == "mixed" and cpu and not has_bfloat16():
        raise UserError("embed.precision: mixed needs a GPU, or a CPU that computes in bfloat16 (this one emulates it)")
    if mistake := embedder_mistake(options, cpu):
        raise UserError(mistake)
    by_torch = not cpu or runtime == "torch" or precision == "mixed"
    if precision == "int8":
        if quantised is None:
            raise ValueError("precision int8 needs the quantised network")
        return cpu_engine(onnx.Session(quantised), threads, batch_size, options["flip"])
    if by_torch:
        encoded = embedder if options["decode"] == "gpu" else None
        if encoded:
            on_device.check(encoded, device)
        network, mixed = load(embedder, options, cache), precision == "mixed"
        engine = torch_engine(network, device, threads, mixed, batch_size, options["flip"], options["compile"], encoded)
        example = np.zeros((3, embedder.image_size, embedder.image_size), np.float32)
        if options["compile"]:
            compile_now(engine.forward, example, batch_size)
        return engine if cpu else tried(engine, example)
    opened = on_cpu(embedder, options, cache)
    if opened is not None:
        return cpu_engine(opened, threads, batch_size, options["flip"])
    if runtime != "auto":
        raise UserError(f"embed.runtime: {runtime} cannot compute {embedder.model} (see the line above); choose auto")
    return torch_engine(load(embedder, options, cache), device, threads, False, batch_size, options["flip"])


def on_cpu(embedder: Embedder, options: dict, cache: str | None) -> onnx.Session | ncnn.Network | None:
    """The embedder in the engine that ``runtime`` asks for, from the cache or converted now; None where torch must do."""
    side, runtime = embedder.image_size, options["runtime"]
    name = f"{embedder.model}-{embedder.sha256[:16]}-{side}"
    random = np.random.default_rng(0)
    opened: onnx.Session | ncnn.Network | None = None
    probes = [random.standard_normal((n, 3, side, side), dtype=np.float32) for n in (2, 1, 3)]
    if runtime == "ncnn" or (runtime == "auto" and embedder.model in BY_NCNN):
        opened = ncnn.network(name, cache, lambda: load(embedder, options, cache), probes, keeps=True)
    if runtime == "onnxruntime" or (runtime == "auto" and opened is None):
        opened = onnx.exported(name, cache, lambda: load(embedder, options, cache), probes)
    return opened


def cpu_engine(opened: onnx.Session | ncnn.Network, threads: int, batch_size: int, flip: bool = False) -> Engine:
    """Each thread computes a batch of its own, so that nobody waits for the slowest of several."""

    def vectors(inputs: np.ndarray) -> np.ndarray:
        outputs = opened(inputs)
        return (outputs[0] if isinstance(outputs, tuple) else outputs).reshape(len(inputs), -1)

    def forward(inputs: np.ndarray) -> np.ndarray:
        found = vectors(inputs)
        return (found + vectors(np.ascontiguousarray(inputs[..., ::-1]))) / 2 if flip else found

    return Engine(forward, max(1, threads), batch_size, True)


def torch_engine(
    network: Any,
    device: str,
    threads: int,
    mixed: bool,
    batch_size: int,
    flip: bool = False,
    compiles: bool = False,
    encoded: Embedder | None = None,
) -> Engine:
    """A torch module, channels last but for float32 on a GPU, where that is slower (docs/performance.md); compiled by the first
    call if ``compiles`` says so.

    On a CPU all threads compute one batch; with ``mixed`` (bfloat16) each one of its own, which is sooner. On a CUDA
    device two threads compute, each in a stream of its own: while one batch is computed, the next is copied from pinned
    memory and the last one back. Out of memory the batch is halved and stays so. There ``encoded``, the embedder, lets
    ``forward`` take JPEGs too.
    """
    import torch

    alone = device == "cpu" and mixed
    torch.set_num_threads(1 if alone or device != "cpu" else max(1, threads))
    layout = torch.channels_last if mixed or device == "cpu" else torch.contiguous_format
    network = network.to(device, memory_format=layout)
    if compiles:
        network = compiled(network, threads)

    def vectors(tensor: "torch.Tensor") -> "torch.Tensor":
        found = network(tensor.contiguous(memory_format=layout)).float().flatten(1)
        turned = tensor.flip(3).contiguous(memory_format=layout) if flip else None
        return found if turned is None else (found + network(turned).float().flatten(1)) / 2

    if device == "cpu":

        def on_cpu(inputs: np.ndarray) -> np.ndarray:
            with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
                return vectors(torch.from_numpy(inputs)).numpy()

        return Engine(on_cpu, max(1, threads) if alone else 1, batch_size, alone)

    exact_float32()
    torch.cuda.synchronize(device)  # other streams may use the weights only when they are there
    own = threading.local()
    kind = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16

    def on_gpu(inputs: np.ndarray | list[bytes]) -> np.ndarray:
        if not hasattr(own, "stream"):  # one per thread: the allocator keeps freed memory apart for each stream
            own.stream = torch.cuda.Stream(device)
        with torch.inference_mode(), torch.cuda.stream(own.stream):
            if encoded is not None and isinstance(inputs, list):
                tensor = on_device.prepare(inputs, encoded, device)
            else:
                tensor = torch.from_numpy(inputs).pin_memory().to(device, non_blocking=True)
            with torch.autocast("cuda", dtype=kind, enabled=mixed):
                return vectors(tensor).cpu().numpy()

    limit = [LARGEST_BATCH]

    def forward(inputs: np.ndarray | list[bytes]) -> np.ndarray:
        return halving(on_gpu, inputs, limit, torch.cuda.empty_cache)

    return Engine(forward, 2, batch_size, False, encoded is not None)


def has_bfloat16() -> bool:
    """Whether this CPU has instructions for bfloat16 (AVX-512 BF16, AMX, Arm's); without them torch is tens of times slower."""
    import torch

    return any(has for name, has in torch.cpu.get_capabilities().items() if name.endswith("bf16"))


def tried(engine: Engine, example: np.ndarray) -> Engine:
    """The engine with its best batch on a GPU; the memory that the trial took is given back for other jobs and threads."""
    import torch

    found = replace(engine, batch=best_batch(engine.forward, example, engine.batch))
    torch.cuda.empty_cache()
    return found


def best_batch(
    forward: Forward, example: np.ndarray, start: int, clock: Callable[[], float] = time.perf_counter
) -> int:
    """Find a batch by trial: doubled from ``start`` while the time of one row falls.

    Parameters
    ----------
    forward : callable
        Halves by itself where memory runs out, so that a batch too large is slower and no error.
    example : float32 array, shape (3, side, side)
    """
    best, fastest, size = start, np.inf, start
    while size <= LARGEST_BATCH:
        batch = np.repeat(example[None], size, axis=0)
        forward(batch)  # the first call of a shape chooses algorithms
        begin = clock()
        forward(batch)
        seconds = (clock() - begin) / size
        if seconds > GAIN * fastest:
            break
        best, fastest, size = size, seconds, size * 2
    return best
