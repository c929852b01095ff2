"""The network inside the `megadetector` package's detector, computed by ONNX Runtime or by torch.

Both stand in for ``PTDetector.model``: called with a float32 tensor (n, 3, height, width) they return a tuple whose first
element is the prediction that the package's own non-maximum suppression takes.
"""

import gc

import numpy as np

from camtrap import onnx_model
from camtrap.embed.engines import halving
from camtrap.logs import UserError


class OnnxNetwork:
    """An ONNX Runtime session in the place of the torch module."""

    error = None

    def __init__(self, session):
        self.session = session

    def __call__(self, inputs, augment: bool = False) -> tuple:
        """Compute the prediction; ``augment`` is what the package passes, and it passes False."""
        import torch

        return (torch.from_numpy(onnx_model.run(self.session, inputs.numpy())),)


class TorchNetwork:
    """The torch module itself, channels last; out of GPU memory the batch is halved and stays so.

    ``error`` is a UserError once not even one picture fits: the package would report it as each picture's failure.
    ``mixed`` computes in float16 on a GPU (bfloat16 has too few digits for a box); what comes out is float32.
    """

    def __init__(self, module, mixed: bool = False, largest: int = 512):
        import torch

        for parameter in module.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        self.module = module
        self.mixed = mixed
        self.limit = [largest]
        self.error: UserError | None = None

    def __call__(self, inputs, augment: bool = False) -> tuple:
        """Compute the prediction; ``augment`` is what the package passes, and it passes False."""
        import torch

        def forward(part):
            with torch.inference_mode(), torch.autocast("cuda", dtype=torch.float16, enabled=self.mixed):
                return self.module(part.contiguous(memory_format=torch.channels_last), augment=augment)[0].float()

        try:
            return (
                halving(forward, inputs, self.limit, torch.OutOfMemoryError, torch.cuda.empty_cache, join=torch.cat),
            )
        except UserError as error:
            self.error = error
            raise


def onnx_session(detector, name: str, cache: str | None):
    """Open the network of a ``PTDetector`` in ONNX Runtime and let go of the torch module; None where torch must do.

    Parameters
    ----------
    detector : megadetector.detection.pytorch_detector.PTDetector
        On the CPU.
    name : str
        What tells these weights from others.
    cache : str, optional
        The configured cache folder.
    """
    random = np.random.default_rng(0)
    # pictures come in any shape that the network's stride divides: landscape, portrait, and what was traced
    stride = int(max(detector.model.stride))
    shapes = [(4, 6), (6, 4), (5, 5)]
    probes = [random.random((1, 3, h * stride, w * stride), dtype=np.float32) for h, w in shapes]
    opened = onnx_model.exported(onnx_model.cached(name, cache), lambda: prediction(detector.model), probes, (0, 2, 3))
    if opened is not None:
        detector.model = None
        gc.collect()
    return opened


def prediction(module):
    """The module without what training needs: one tensor in, the prediction out, grids built anew for each shape."""
    import torch

    class Prediction(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.module = module

        def forward(self, inputs):
            return self.module(inputs)[0]

    module.model[-1].dynamic = True
    return Prediction().eval()


def limit_threads(threads: int) -> None:
    """Give torch and OpenCV, which prepare the pictures, so many threads for one call."""
    import cv2
    import torch

    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
