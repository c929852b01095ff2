"""Boxes in pixels become relative ones, cut at the border."""

import numpy as np
import pytest

from camtrap.detections.records import clamp, cut, parse_box, to_relative


def test_pixels_to_relative_and_back():
    rng = np.random.default_rng(7)
    for width, height in rng.integers(20, 12_000, (200, 2)):
        x1, x2 = np.sort(rng.uniform(0, width, 2))
        y1, y2 = np.sort(rng.uniform(0, height, 2))
        x, y, w, h = to_relative(parse_box([x1, y1, x2, y2], corners=True), int(width), int(height))
        back = [x * width, y * height, (x + w) * width, (y + h) * height]
        np.testing.assert_allclose(back, [x1, y1, x2, y2], rtol=0, atol=1e-9)


def test_overshoot():
    assert to_relative((-1, 0, 101, 50), 200, 100) == (0, 0, 0.5, 0.5)  # one pixel: clamped
    assert clamp((0.5, 0.5, 0.5001, 0.5)) == (0.5, 0.5, 0.5, 0.5)
    for box in ((-5, 0, 50, 50), (180, 0, 25, 50), (0, 60, 10, 45), (300, 0, 10, 10)):
        with pytest.raises(ValueError, match="200 x 100 pixels"):
            to_relative(box, 200, 100)


def test_a_relative_box_is_cut_at_the_border():
    np.testing.assert_allclose(cut((0.8, 0.3, 0.21, 0.3)), (0.8, 0.3, 0.2, 0.3), rtol=0, atol=1e-12)
    np.testing.assert_allclose(cut((-0.1, -0.1, 0.3, 1.2)), (0, 0, 0.2, 1), rtol=0, atol=1e-12)
    for box in ((0, 0, 640, 480), (0.9, 0.3, 0.3, 0.3), (1.2, 0.3, 0.3, 0.3)):  # pixels; mostly, or all, outside
        with pytest.raises(ValueError, match="leaves the picture"):
            cut(box)
