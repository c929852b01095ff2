"""The network inside the `megadetector` package's detector, computed by ncnn, ONNX Runtime or torch.

All three are called with letterboxed pictures, uint8 (3, height, width) each and all of one shape, and return the prediction
that the package's own non-maximum suppression takes, on the CPU.
"""

import copy
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from camtrap.networks import ncnn, onnx
from camtrap.networks.convert import give_back
from camtrap.networks.device import exact_float32
from camtrap.networks.halving import halving

if TYPE_CHECKING:
    import torch

# From so many parameters on ncnn is faster than ONNX Runtime (YOLOv5x6 has 140 million, all smaller known ones below 60).
LARGE = 100_000_000


Pictures = Sequence[np.ndarray]


def stacked(pictures: Pictures) -> np.ndarray:
    """Pictures of 0 to 255 as one float32 array (n, 3, height, width) of 0 to 1."""
    found = np.empty((len(pictures), *pictures[0].shape), np.float32)
    for picture, place in zip(pictures, found, strict=True):
        np.divide(picture, np.float32(255), out=place)
    return found


class OnnxNetwork:
    """An ONNX Runtime session in the place of the torch module."""

    def __init__(self, session: onnx.Session):
        self.session = session

    def __call__(self, pictures: Pictures) -> "torch.Tensor":
        """Compute the prediction."""
        import torch

        return torch.from_numpy(self.session(stacked(pictures)))


class NcnnNetwork:
    """All layers but the last in ncnn; the last, which turns their outputs into boxes, is the torch module's own.

    The last layer keeps the grid of the shape it saw last, so each thread has a copy of it.
    """

    def __init__(self, network: ncnn.Network, last: "torch.nn.Module"):
        self.network, self.last = network, last
        self._local = threading.local()

    def __call__(self, pictures: Pictures) -> "torch.Tensor":
        """Compute the prediction."""
        import torch

        if not hasattr(self._local, "last"):
            self._local.last = copy.deepcopy(self.last)
        with torch.no_grad():
            return self._local.last([torch.from_numpy(output) for output in self.network(stacked(pictures))])[0]


class TorchNetwork:
    """The torch module itself; out of GPU memory the batch is halved and stays so. Two threads may call it at once.

    Pictures go to a GPU as bytes from pinned memory, and while one thread waits for its prediction the other one starts
    its own. All is done in one stream, so nobody reads what is being written: the module's last layer keeps a grid, which is
    made anew when the shape of pictures changes, and the lock lets one thread at a time use it.

    Parameters
    ----------
    module : torch.nn.Module
        On the device. Its kernels are laid out channels last, but for float32 on a GPU, where that is slower (docs/performance.md).
    mixed : bool
        Compute in float16 on a GPU (bfloat16 has too few digits for a box); what comes out is float32.
    largest : int
        Most pictures in a batch.
    device : str
    """

    def __init__(self, module: Any, mixed: bool = False, largest: int = 512, device: str = "cpu"):
        import torch

        last = device == "cpu" or mixed
        self.layout = torch.channels_last if last else torch.contiguous_format
        if device != "cpu":
            exact_float32()
        for parameter in module.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=self.layout)
        self.module, self.mixed, self.device = module, mixed, device
        self.limit = [largest]
        self.lock = threading.Lock()

    def __call__(self, pictures: Pictures) -> "torch.Tensor":
        """Compute the prediction.

        Raises
        ------
        UserError
            Not even one picture fits into the GPU's memory.
        torch.AcceleratorError
            The GPU has failed.
        """
        import torch

        return halving(self._forward, pictures, self.limit, torch.cuda.empty_cache, join=torch.cat)

    def _forward(self, pictures: Pictures) -> "torch.Tensor":
        import torch

        with torch.inference_mode():
            if self.device == "cpu":
                inputs = torch.from_numpy(stacked(pictures)).contiguous(memory_format=self.layout)
                with self.lock:
                    return self.module(inputs, augment=False)[0]
            sent = torch.empty((len(pictures), *pictures[0].shape), dtype=torch.uint8, pin_memory=True)
            for picture, place in zip(pictures, sent, strict=True):
                place.copy_(torch.from_numpy(picture))
            with torch.autocast("cuda", dtype=torch.float16, enabled=self.mixed), self.lock:
                inputs = sent.to(self.device, non_blocking=True).to(torch.float32, memory_format=self.layout)
                # divided by a number of Python it would be multiplied by the inverse, which rounds
                inputs /= torch.full((), 255.0, device=self.device)
                found = self.module(inputs, augment=False)[0].float()
                given = torch.empty(found.shape, dtype=found.dtype, pin_memory=True).copy_(found, non_blocking=True)
                done = torch.cuda.Event(blocking=True)
                done.record(torch.cuda.current_stream(self.device))
            done.synchronize()  # of this batch only: the other thread's may follow it
            return given


def on_cpu(detector: Any, runtime: str, name: str, cache: str | None) -> NcnnNetwork | OnnxNetwork | None:
    """The network of a ``PTDetector`` in the engine that the configuration asks for; None where torch must do.

    The detector's torch module is let go of if it is no longer needed.

    Parameters
    ----------
    detector : megadetector.detection.pytorch_detector.PTDetector
        On the CPU.
    runtime : {"auto", "onnxruntime", "ncnn"}
        ``auto`` is ncnn for a large network, ONNX Runtime for one that is not or that ncnn cannot compute.
    name : str
        What tells these weights from others.
    cache : str, optional
        The configured cache folder.
    """
    module = detector.model
    network: NcnnNetwork | OnnxNetwork | None = None
    large = sum(parameter.numel() for parameter in module.parameters()) >= LARGE
    # pictures come in any shape that the network's stride divides: landscape, portrait, and what was traced
    random, stride = np.random.default_rng(0), int(max(module.stride))
    probes = [random.random((1, 3, h * stride, w * stride), dtype=np.float32) for h, w in [(4, 6), (6, 4), (5, 5)]]
    if runtime == "ncnn" or (runtime == "auto" and large):
        last = module.model[-1]

        def let_go() -> None:  # the module and ncnn's network together would take more memory than the job has
            nonlocal module
            detector.model = module = None
            give_back()

        by_ncnn = ncnn.network(name, cache, lambda: features(module), probes, before=let_go)
        network = NcnnNetwork(by_ncnn, last) if by_ncnn else None
    if runtime == "onnxruntime" or (runtime == "auto" and network is None):
        by_onnx = onnx.exported(name, cache, lambda: prediction(module), probes, (0, 2, 3))
        network = OnnxNetwork(by_onnx) if by_onnx else None
    if network is not None:
        detector.model = module = None
        give_back()
    return network


def features(module: Any) -> "torch.nn.Module":
    """All layers of a YOLO module but the last: one tensor in, a tuple of what the last layer takes out."""
    import torch

    class Features(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers, self.taken = module.model[:-1], module.model[-1].f

        def forward(self, inputs: "torch.Tensor") -> tuple["torch.Tensor", ...]:
            kept: list[torch.Tensor] = []
            now: Any = inputs
            for layer in self.layers:  # as the YOLO modules walk through them: -1 is the layer before
                if layer.f != -1:
                    now = kept[layer.f] if isinstance(layer.f, int) else [now if j == -1 else kept[j] for j in layer.f]
                now = layer(now)
                kept.append(now)
            return tuple(kept[j] for j in self.taken)

    for layer in module.modules():
        if isinstance(layer, torch.nn.Upsample):
            layer.recompute_scale_factor = None  # else the traced picture's size is carried over, not the factor
    return Features().eval()


def prediction(module: Any) -> "torch.nn.Module":
    """The module without what training needs: one tensor in, the prediction out, grids built anew for each shape."""
    import torch

    class Prediction(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, inputs: "torch.Tensor") -> "torch.Tensor":
            return self.module(inputs)[0]

    module.model[-1].dynamic = True
    return Prediction().eval()


def limit_threads(threads: int) -> None:
    """Give torch and OpenCV, which prepare the pictures, so many threads for one call."""
    import cv2
    import torch

    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
