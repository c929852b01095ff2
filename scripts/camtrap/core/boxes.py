"""Overlap of boxes."""

import numpy as np

XYWH = tuple[float, float, float, float]


def overlap(first: XYWH, second: XYWH) -> float:
    """Intersection over union of two boxes (x, y, width, height).

    Plain numbers: a picture has one or two boxes, and NumPy's overhead would be most of a million calls.
    """
    w = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    h = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / (first[2] * first[3] + second[2] * second[3] - w * h)


def overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of one box, shape (4,), with many, shape (n, 4): corners x1, y1, x2, y2."""
    size = np.clip(np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2]), 0, None)
    overlap = size.prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) - overlap
    return overlap / np.maximum(union, 1e-12)
