"""Interleaved timing, ratios with their spread, and the machine's own limits."""

import statistics
import time
from collections.abc import Callable

import numpy as np
from apart import Apart


def interleaved(ways: dict[str, Apart], repeats: int) -> dict[str, list[float]]:
    """Call each way once to warm up, then all of them in turn ``repeats`` times; seconds of each call. Closes them."""
    try:
        for way in ways.values():
            way()
        rounds = [[way() for way in ways.values()] for _ in range(repeats)]
    finally:
        for way in ways.values():
            way.close()
    return dict(zip(ways, map(list, zip(*rounds, strict=True)), strict=True))


def ratio(theirs: list[float], ours: list[float], limit: float) -> dict[str, float]:
    """Ratio of medians, least and greatest ratio of one round, and the part of the limit reached (limit in seconds)."""
    rounds = [a / b for a, b in zip(theirs, ours, strict=True)]
    return {
        "median": statistics.median(theirs) / statistics.median(ours),
        "low": min(rounds),
        "high": max(rounds),
        "fraction_of_limit": limit / statistics.median(ours),
    }


def matrix_peak(threads: int, device: str = "cpu", seconds: float = 2.0) -> float:
    """Floating-point operations a second of this machine's best float32 matrix product (2048 x 2048; on a GPU 8192 x 8192).

    On a CPU the best of torch's, NumPy's and ONNX Runtime's: which library uses a processor's widest vectors depends on
    its maker.
    """
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    best = 0.0
    with threadpool_limits(threads):
        for n, product in _products(threads) if device == "cpu" else _gpu_products(device):
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                begin = time.perf_counter()
                product()
                best = max(best, 2 * n**3 / (time.perf_counter() - begin))
    torch.set_num_threads(before)
    return best


def _products(threads: int, n: int = 2048) -> list[tuple[int, Callable]]:
    import onnx
    import onnxruntime
    import torch

    a, b = (np.random.default_rng(seed).random((n, n), dtype=np.float32) for seed in (0, 1))
    kinds = [onnx.helper.make_tensor_value_info(name, 1, [n, n]) for name in "abc"]
    graph = onnx.helper.make_graph([onnx.helper.make_node("MatMul", ["a", "b"], ["c"])], "g", kinds[:2], kinds[2:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    left, right = torch.from_numpy(a), torch.from_numpy(b)
    return [(n, lambda: left @ right), (n, lambda: a @ b), (n, lambda: session.run(None, {"a": a, "b": b}))]


def _gpu_products(device: str, n: int = 8192) -> list[tuple[int, Callable]]:
    import torch

    left, right = (torch.rand((n, n), device=device) for _ in range(2))

    def product():
        left @ right
        torch.cuda.synchronize(device)

    return [(n, product)]


def operations(network, shape: tuple[int, ...]) -> float:
    """Floating-point operations of a torch module for one input of a shape (a multiplication and an addition are two)."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(shape))
    return counter.get_total_flops()


def decode_seconds(paths: list) -> float:
    """Seconds that libjpeg-turbo needs for these files, all of one size, one thread, best of three, files in memory."""
    import simplejpeg

    data = [path.read_bytes() for path in paths]
    height, width = simplejpeg.decode_jpeg_header(data[0])[:2]
    room = np.empty(3 * height * width, np.uint8)
    best = np.inf
    for _ in range(3):
        begin = time.perf_counter()
        for one in data:
            simplejpeg.decode_jpeg(one, colorspace="RGB", buffer=room)
        best = min(best, time.perf_counter() - begin)
    return best
