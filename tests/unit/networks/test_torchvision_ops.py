import numpy as np
import pytest

from camtrap.networks import torchvision_ops


def overlap(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    inner = max(width, 0) * max(height, 0)
    return inner / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inner)


def by_definition(boxes, scores, threshold):
    """Keep a box unless a better one that was kept overlaps it by more than the threshold."""
    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if all(overlap(boxes[i], boxes[j]) <= threshold for j in kept):
            kept.append(i)
    return kept


@pytest.mark.parametrize("seed", range(20))
def test_nms_follows_its_definition(seed):
    random = np.random.default_rng(seed)
    corners = random.uniform(0, 50, (60, 2))
    boxes = np.hstack([corners, corners + random.uniform(5, 40, (60, 2))])
    scores = random.permutation(60) / 60
    for threshold in (0.2, 0.45, 0.7):
        assert torchvision_ops.nms(boxes, scores, threshold).tolist() == by_definition(boxes, scores, threshold)


def test_equal_scores_keep_their_order():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [20, 20, 30, 30]], float)
    assert torchvision_ops.nms(boxes, np.ones(3), 0.5).tolist() == [0, 2]


def test_no_boxes():
    assert torchvision_ops.nms(np.zeros((0, 4)), np.zeros(0), 0.5).tolist() == []


def test_torchvision_imports_and_its_nms_works():
    torchvision_ops.ensure()
    import torch
    from torchvision.ops import nms

    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 10, 10], [20, 20, 30, 30]])
    assert nms(boxes, torch.tensor([0.5, 0.9, 0.1]), 0.5).tolist() == [1, 2]
