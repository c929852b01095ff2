import numpy as np
import pytest

from camtrap.core.boxes import overlap, overlaps


def test_overlap_by_counting_cells():
    rng = np.random.default_rng(0)
    boxes = rng.integers(0, 10, (6, 4)) + np.array([0, 0, 1, 1])
    grid = np.zeros((6, 20, 20), bool)
    for mask, (x, y, w, h) in zip(grid, boxes, strict=True):
        mask[y : y + h, x : x + w] = True
    counted = np.array([[(a & b).sum() / (a | b).sum() for b in grid] for a in grid])
    assert [[overlap(tuple(a), tuple(b)) for b in boxes] for a in boxes] == pytest.approx(counted)
    corners = boxes.astype(float)
    corners[:, 2:] += corners[:, :2]
    np.testing.assert_allclose([overlaps(box, corners) for box in corners], counted)


def test_overlap_by_hand():
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6]], float)
    np.testing.assert_allclose(overlaps(boxes[0], boxes), [1, 1 / 7, 0])
    assert overlap((0, 0, 2, 2), (2, 0, 2, 2)) == 0
