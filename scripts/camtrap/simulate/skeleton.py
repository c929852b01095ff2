"""Parts that skeletons are put together from: a pose, legs, lines, pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camtrap.simulate.body import Part, curve


@dataclass(frozen=True)
class Pose:
    """How an animal stands: phase of the step (radians), head (-1 down, 1 up), tail (-1 to 1), girth (1 = usual)."""

    step: float
    head: float
    tail: float
    fat: float = 1.0


def leg(
    x: float,
    y: float,
    z: float,
    hind: bool,
    radii: tuple[float, float, float, float],
    phase: float,
    stride: float,
    foot: float = 0.06,
) -> Part:
    swing, lift = stride * np.sin(phase), 0.35 * stride * max(0.0, np.cos(phase))
    top, upper, lower, ankle = radii
    if hind:
        points = [
            (x, y, z, top),
            (x + 0.10 * y + 0.3 * swing, 0.66 * y, z, upper),
            (x - 0.13 * y + 0.6 * swing, 0.38 * y + lift, z, lower),
            (x - 0.05 * y + swing, 0.05 * y + lift, z, ankle),
        ]
    else:
        points = [
            (x, y, z, top),
            (x - 0.04 * y + 0.25 * swing, 0.64 * y, z, upper),
            (x + 0.02 * y + 0.6 * swing, 0.34 * y + lift, z, lower),
            (x + swing, 0.05 * y + lift, z, ankle),
        ]
    last = points[-1]
    points.append((last[0] + foot, max(0.0, lift) + 0.4 * ankle, z, ankle * 0.85))
    return Part(curve(points, 3), "leg")


def legs(
    fore: tuple[float, float],
    hind: tuple[float, float],
    width: float,
    fore_radii: tuple[float, float, float, float],
    hind_radii: tuple[float, float, float, float],
    step: float,
    stride: float,
    foot: float = 0.05,
) -> list[Part]:
    (fx, fy), (hx, hy) = fore, hind
    return [
        leg(fx, fy, width, False, fore_radii, step, stride, foot),
        leg(fx, fy, -width, False, fore_radii, step + np.pi, stride, foot),
        leg(hx, hy, width, True, hind_radii, step + 2.4, stride, foot),
        leg(hx, hy, -width, True, hind_radii, step + 2.4 + np.pi, stride, foot),
    ]


def nod(parts: list[Part], pivot: tuple[float, float], angle: float) -> list[Part]:
    """Turn head and neck about a pivot (radians, up is positive)."""
    c, s = np.cos(angle), np.sin(angle)
    for part in parts:
        x, y = part.points[:, 0] - pivot[0], part.points[:, 1] - pivot[1]
        part.points[:, 0], part.points[:, 1] = pivot[0] + c * x - s * y, pivot[1] + s * x + c * y
    return parts


def pair(
    points: Sequence[tuple[float, float, float, float]],
    region: str,
    thickness: float = 1.0,
    shag: float = 0.02,
    steps: int = 4,
) -> list[Part]:
    """A part and its mirror image across the animal's middle."""
    return [
        Part(curve([(x, y, sign * z, r) for x, y, z, r in points], steps), region, thickness, shag) for sign in (1, -1)
    ]


def torso(points: Sequence[tuple[float, float, float]], fat: float, shag: float = 0.02) -> Part:
    return Part(curve([(x, y - 0.4 * (fat - 1) * r, 0, r * fat) for x, y, r in points], 5), "torso", 0.8, shag)


def line(
    points: Sequence[tuple[float, float, float]],
    region: str,
    thickness: float = 1.0,
    shag: float = 0.02,
    steps: int = 5,
) -> Part:
    return Part(curve([(x, y, 0, r) for x, y, r in points], steps), region, thickness, shag)
