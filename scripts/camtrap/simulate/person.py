"""The skeleton of a person."""

import numpy as np

from camtrap.simulate.body import Part, curve
from camtrap.simulate.skeleton import Pose, line, pair


def person(pose: Pose) -> list[Part]:
    """A walking person with hat and pack."""
    s = np.sin(pose.step)
    legs = [
        Part(curve([(0, 0.90, z, 0.105), (0.02 + 0.10 * d, 0.66, z, 0.085), (0.02 + 0.14 * d, 0.46, z, 0.062),
            (-0.04 + 0.22 * d, 0.24, z, 0.055), (-0.06 + 0.30 * d, 0.09, z, 0.045)], 3), "trousers")
        for z, d in ((0.09, s), (-0.09, -s))
    ]  # fmt: skip
    boots = [
        Part(curve([(-0.07 + 0.30 * d, 0.06, z, 0.055), (0.10 + 0.30 * d, 0.035, z, 0.038)], 3), "boot")
        for z, d in ((0.09, s), (-0.09, -s))
    ]
    arms = [
        Part(curve([(-0.02, 1.42, z * 0.9, 0.065), (-0.03 - 0.06 * d, 1.25, z, 0.055),
            (0.02 - 0.14 * d, 1.10, z, 0.045)], 3), "shirt")
        for z, d in ((0.21, s), (-0.21, -s))
    ] + [
        Part(curve([(0.02 - 0.14 * d, 1.11, z, 0.042), (0.10 - 0.20 * d, 0.98, z, 0.035),
            (0.14 - 0.22 * d, 0.88, z, 0.04)], 3), "skin")
        for z, d in ((0.21, s), (-0.21, -s))
    ]  # fmt: skip
    trunk = pair(
        [(-0.01, 0.92, 0.05, 0.125), (0.01, 1.12, 0.055, 0.12), (0.0, 1.30, 0.07, 0.125), (-0.02, 1.43, 0.07, 0.09)],
        "shirt",
        0.9,
    )
    pack = [line([(-0.20, 1.08, 0.11), (-0.21, 1.25, 0.125), (-0.19, 1.40, 0.10)], "pack", 1.1)]
    head = [
        line([(-0.01, 1.47, 0.06), (0.0, 1.53, 0.055)], "skin"),
        line([(0.0, 1.60, 0.095), (0.015, 1.66, 0.10), (0.01, 1.70, 0.095)], "skin", 0.85),
        line([(-0.03, 1.69, 0.098), (0.0, 1.73, 0.098)], "hat"),
        line([(0.06, 1.70, 0.05), (0.15, 1.695, 0.03)], "hat"),
    ]
    return [*trunk, *pack, *legs, *boots, *arms, *head]
