"""Joined boxes are those of the definition, which begins again after each join."""

import numpy as np
import pytest

from camtrap.detect.motion_boxes import _merged


def by_definition(parts, gap):
    """As it was written first: cubic, and plain."""
    parts = sorted(parts, key=lambda part: (-part[1] * part[2], part[0]))
    i = 0
    while i < len(parts):
        a, area, strength = parts[i]
        for j in range(i + 1, len(parts)):
            b, area2, strength2 = parts[j]
            apart = max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3])
            if apart <= gap and strength2 > 0.6 * strength:
                box = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
                total = area + area2
                parts[i] = (box, total, (area * strength + area2 * strength2) / total)
                del parts[j]
                i = -1
                break
        i += 1
    return parts


@pytest.mark.parametrize("seed", range(200))
def test_parts_are_joined_as_defined(seed):
    random = np.random.default_rng(seed)
    count, side = int(random.integers(0, 60)), int(random.choice([60, 150, 320]))
    parts = []
    for _ in range(count):
        x, y = (int(v) for v in random.integers(0, side, 2))
        w, h = (int(v) for v in random.integers(1, 12, 2))
        parts.append(
            (
                (x, y, x + w, y + h),
                int(random.integers(1, w * h + 1)),
                float(random.choice([0.3, 1.0]) * random.random()),
            )
        )
    gap = float(random.choice([0, 3, 9.6]))
    assert _merged(parts, gap) == by_definition(parts, gap)


def test_a_row_of_parts_becomes_one():
    parts = [((10 * n, 0, 10 * n + 5, 5), 25, 1.0 + n / 10000) for n in range(2000)]
    (((x0, y0, x1, y1), area, strength),) = _merged(parts, 6)
    assert (x0, y0, x1, y1, area) == (0, 0, 19995, 5, 50000)
    assert strength == pytest.approx(1.09995)
