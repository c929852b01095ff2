"""Large convolutional networks in ncnn on a CPU.

ncnn computes 3 x 3 convolutions by Winograd's algorithm, with fewer multiplications than they are defined by: wide
networks (YOLOv5x6, ResNets) take less time than ONNX Runtime needs, small ones do not (docs/performance.md). One
network is shared by all threads of a job and computes in the thread that calls it, a picture at a time.
"""

import importlib.util
import os
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from camtrap.networks.convert import cached, converted

if TYPE_CHECKING:
    import torch

HALF = ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage")


class Network:
    """A network that computes in the calling thread; several threads may call it at once.

    With ``keeps`` each thread keeps the memory of the layers' outputs from picture to picture: sooner where they are
    small (ResNets), and neither sooner nor smaller where they are large (a detector's).
    """

    def __init__(self, path: Path, keeps: bool = False):
        import ncnn

        self._net = ncnn.Net()
        self._net.opt.num_threads = 1
        self._net.opt.use_vulkan_compute = False
        for option in HALF:
            setattr(self._net.opt, option, False)
        if self._net.load_param(os.fspath(path)) or self._net.load_model(os.fspath(weights_beside(path))):
            raise ValueError("ncnn cannot read the network")
        self._outputs = self._net.output_names()
        self._local = threading.local() if keeps else None

    def __call__(self, inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """All outputs, each (n, …), for the one input (n, 3, height, width), all float32."""
        rows = [self._row(row) for row in np.ascontiguousarray(inputs)]
        return tuple(np.stack(output) for output in zip(*rows, strict=True))

    def _row(self, row: np.ndarray) -> list[np.ndarray]:
        import ncnn

        extractor = self._net.create_extractor()
        if self._local is not None:
            if not hasattr(self._local, "memory"):
                self._local.memory = ncnn.UnlockedPoolAllocator(), ncnn.UnlockedPoolAllocator()
            extractor.set_blob_allocator(self._local.memory[0])
            extractor.set_workspace_allocator(self._local.memory[1])
        extractor.input("in0", ncnn.Mat(row).clone())  # layers may compute in place
        found = []
        for name in self._outputs:
            failed, output = extractor.extract(name)
            if failed:
                raise RuntimeError(f"ncnn cannot compute {name} for an input of shape {row.shape}")
            found.append(np.array(output))
        return found


def weights_beside(path: Path) -> Path:
    """The weights' file of a network's file."""
    return path.with_name(path.name + ".bin")


def network(
    name: str,
    cache: str | None,
    build: Callable[[], "torch.nn.Module"],
    probes: list[np.ndarray],
    keeps: bool = False,
    before: Callable = lambda: None,
) -> Network | None:
    """A network from the cache or converted now (:func:`camtrap.networks.convert.converted`); ``keeps`` as :class:`Network` says."""
    target = cached("ncnn", name, cache, ("pnnx", "ncnn"))
    return converted(target, build, probes, convert, lambda path: Network(path, keeps), before)


def convert(path: Path, module: "torch.nn.Module", example: np.ndarray) -> None:
    """Write a torch module, traced, as ncnn's two files: its layers at ``path``, its weights beside it.

    Raises
    ------
    RuntimeError
        pnnx, ncnn's converter, cannot convert it.
    """
    import torch

    package = importlib.util.find_spec("pnnx")
    if package is None or package.origin is None:
        raise RuntimeError("pnnx is not installed")
    program = Path(package.origin).with_name("pnnx")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            traced = torch.jit.trace(module, (torch.from_numpy(example[:1]),), check_trace=False)
        traced.save(str(folder / "network.pt"))
        del traced
        shape = ",".join(map(str, example[:1].shape))
        command = [str(program), "network.pt", f"inputshape=[{shape}]", "fp16=0"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode or not (folder / "network.ncnn.bin").exists():
            raise RuntimeError(f"pnnx cannot convert it: {(done.stderr or done.stdout).strip()[-150:]}")
        os.replace(folder / "network.ncnn.bin", weights_beside(path))
        os.replace(folder / "network.ncnn.param", path)
