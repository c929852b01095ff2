"""Let torchvision import beside a CPU build of torch.

PyPI's torchvision for Linux x86-64 is built against CUDA. Beside a CPU build of torch (a tenth of the download) its compiled
operators do not load and ``import torchvision`` fails with "operator torchvision::nms does not exist". Nothing here
needs a compiled operator but non-maximum suppression, so that one is registered in NumPy.
Where the compiled operators load, this does nothing.
Call :func:`ensure` before the first import of torchvision, timm, yolov5, ultralytics or megadetector.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

_library: "torch.library.Library | None" = None


def nms(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
    """Greedy non-maximum suppression, as ``torchvision.ops.nms`` defines it.

    Parameters
    ----------
    boxes : float array, shape (n, 4)
        x1, y1, x2, y2.
    scores : float array, shape (n,)
    iou_threshold : float
        A box that overlaps a better one by more than this is dropped.

    Returns
    -------
    int64 array
        Indices of the boxes that stay, best first; equal scores keep their order.
    """
    order = np.argsort(-scores, kind="stable")
    x1, y1, x2, y2 = boxes[order].T
    area = (x2 - x1) * (y2 - y1)
    alive = np.arange(len(order))
    keep = []
    while alive.size:
        best, alive = alive[0], alive[1:]
        keep.append(order[best])
        width = np.minimum(x2[best], x2[alive]) - np.maximum(x1[best], x1[alive])
        height = np.minimum(y2[best], y2[alive]) - np.maximum(y1[best], y1[alive])
        overlap = np.clip(width, 0, None) * np.clip(height, 0, None)
        union = area[best] + area[alive] - overlap
        alive = alive[~(overlap > iou_threshold * union)]
    return np.array(keep, dtype=np.int64)


def ensure() -> None:
    """Make ``import torchvision`` work; the compiled operators are used wherever they load."""
    global _library
    import sys

    import torch

    if _library is not None or "torchvision" in sys.modules:
        return
    if torch.version.cuda is None and _built_for_cuda():
        _library = torch.library.Library("torchvision", "DEF")
        _library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _library.impl("nms", _torch_nms, "CPU")
        import torchvision.ops.boxes

        torchvision.ops.boxes._assert_has_ops = lambda: None


def _torch_nms(dets: "torch.Tensor", scores: "torch.Tensor", iou_threshold: float) -> "torch.Tensor":
    import torch

    kept = nms(dets.detach().float().numpy(), scores.detach().float().numpy(), iou_threshold)
    return torch.from_numpy(kept)


def _built_for_cuda() -> bool:
    """Whether torchvision's compiled library wants a CUDA runtime (read from its own text, without importing it)."""
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        return False
    libraries = Path(spec.submodule_search_locations[0]).glob("_C*.so")
    return any(b"libtorch_cuda" in library.read_bytes() for library in libraries)
