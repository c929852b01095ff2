"""How much of a place's structure a picture keeps."""

import numpy as np
import pytest

from camtrap.detect.motion_kept import around, gain, kept, likeness


def test_light_leaves_likeness_and_another_thing_takes_it():
    rng = np.random.default_rng(0)
    ours, other = (rng.normal(0, 1, (60, 80)).astype(np.float32) for _ in range(2))
    assert likeness(ours, 0.4 * ours, around(ours), around(0.4 * ours)).min() > 0.99
    assert np.abs(likeness(ours, other, around(ours), around(other))).mean() < 0.1


def test_kept_is_a_part_of_what_is_usual_at_the_place():
    alike = np.full((5, 2, 3), 0.8, np.float32)
    alike[0, 0] = 0.4
    part = kept(alike)
    assert part[0, 0] == pytest.approx(0.5)
    assert part[1:] == pytest.approx(1.0)


def test_a_place_without_structure_says_nothing():
    alike = np.zeros((5, 2, 3), np.float32)
    alike[0] = 0.9
    assert [gain(float(value)) for value in kept(alike).ravel()] == pytest.approx([1.0] * 30)


def test_what_is_hidden_counts_more_and_what_is_kept_nothing():
    assert gain(1.1) == gain(1.0) == 0
    gains = [gain(value) for value in (0.9, 0.6, 0.3, 0.0)]
    assert gains == sorted(gains)
    assert gains[0] < 1 < gains[1]
