"""Plants and fallen leaves, drawn with their colour, infrared reflectance, distance and how they sway."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from camtrap.simulate.noise import fractal, smoothstep

SHIFT = 3  # cv2's sub-pixel bits


class Lens(NamedTuple):
    """How a camera sees the ground: row of the horizon, focal length in pixels, height in metres, pixels per 1/640."""

    horizon: float
    focal: float
    height: float
    unit: float

    def row(self, distance: float) -> float:
        """Row of the ground at a distance in metres."""
        return self.horizon + self.focal * self.height / distance


class Habitat(NamedTuple):
    """Colours of leaves and ground (RGB, 0 to 1), and how many plants of each sort stand there."""

    leaf: tuple[float, float, float]
    ground: tuple[float, float, float]
    trunks: int
    shrubs: int
    palms: int
    blades: int


class Canvas:
    """Colour (three channels and infrared), distance and sway, drawn together."""

    def __init__(self, height: int, width: int) -> None:
        self.colour = np.zeros((height, width, 4), np.uint8)
        self.distance = np.full((height, width), 30.0, np.float32)
        self.sway = np.zeros((height, width), np.float32)

    def polygon(self, points: np.ndarray, colour: Sequence[float] | np.ndarray, distance: float, sway: float) -> None:
        fixed = np.round(points * (1 << SHIFT)).astype(np.int32)
        value = tuple(min(max(255 * float(c), 0.0), 255.0) for c in colour)
        cv2.fillPoly(self.colour, [fixed], value, cv2.LINE_AA, SHIFT)
        cv2.fillPoly(self.distance, [fixed], float(distance), cv2.LINE_8, SHIFT)
        cv2.fillPoly(self.sway, [fixed], float(sway), cv2.LINE_8, SHIFT)


_T = np.linspace(0, 1, 8)  # along a leaf
_T2 = _T**2
_OUTLINE = 0.5 * np.sin(np.pi * _T**0.8) ** 0.9


def leaf_shape(
    x: float, y: float, length: float, width: float, angle: float, bend: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The two halves of a lance-shaped leaf that starts at (x, y)."""
    c, s = np.cos(angle), np.sin(angle)
    middle, half = bend * length * _T2, width * _OUTLINE
    lines = np.empty((3, 8, 2))  # upper edge, lower edge, middle
    lines[..., 0] = length * _T
    lines[..., 1] = middle + half, middle - half, middle
    lines = lines.reshape(24, 2) @ np.array([[c, s], [-s, c]]) + (x, y)
    back = lines[:15:-1]
    return np.concatenate([lines[:8], back]), np.concatenate([lines[8:16], back])


def draw_leaf(
    canvas: Canvas,
    x: float,
    y: float,
    length: float,
    width: float,
    angle: float,
    colour: np.ndarray,
    infrared: float,
    distance: float,
    sway: float,
    rng: np.random.Generator,
    bend: float = 0.0,
) -> None:
    contrast = rng.uniform(0.04, 0.22)
    for half, sign in zip(leaf_shape(x, y, length, width, angle, bend), (1, -1), strict=True):
        shade = 1 + sign * contrast
        canvas.polygon(half, (*(colour * shade), infrared * (1 + 0.5 * sign * contrast)), distance, sway)


def trunk(
    canvas: Canvas, rng: np.random.Generator, x: float, base: float, distance: float, scale: float, leaf: np.ndarray
) -> None:
    h, w = canvas.distance.shape
    radius = float(rng.uniform(0.05, 0.17)) * scale
    lean = float(rng.normal(0, 0.05))
    top, bottom = 0, min(h, int(base + 0.15 * radius) + 1)
    if bottom <= 2:
        return
    rows = np.arange(top, bottom, dtype=np.float32)[:, None]
    cols = np.arange(w, dtype=np.float32)[None, :]
    up = (base - rows) / scale
    flare = 1 + 0.5 * np.exp(-up / 0.18)
    width = radius * flare * (1 - 0.04 * up) * (1 + 0.05 * fractal(rng, bottom, 1, 20, 2)[:bottom])
    across = (cols - x - lean * (base - rows)) / np.maximum(width, 1)
    inside = np.abs(across) < 1
    if not inside.any():
        return
    bark = fractal(rng, bottom, w, max(2.0, 0.02 * scale), 3, 0.8)
    bark = cv2.blur(bark, (1, max(1, int(0.08 * scale))))
    plates = fractal(rng, bottom, w, max(3.0, 0.10 * scale), 4)
    shade = 0.35 + 0.65 * np.sqrt(np.clip(1 - across**2, 0, 1)) * (1 - 0.25 * across)
    base_colour = np.array([0.34, 0.29, 0.23]) * rng.uniform(0.75, 1.3)
    moss = smoothstep(0.2, 1.2, plates - 0.5 * across)[..., None] * rng.uniform(0.1, 0.7)
    colour = base_colour * (1 + 0.35 * bark + 0.1 * plates)[..., None]
    colour = colour + (leaf * 0.9 - colour) * moss
    colour = np.clip(colour * shade[..., None], 0, 1) * 255
    infrared = np.clip((0.45 + 0.12 * bark) * shade, 0, 1) * 255
    part = canvas.colour[top:bottom]
    part[..., :3] = np.where(inside[..., None], colour, part[..., :3])
    part[..., 3] = np.where(inside, infrared, part[..., 3])
    canvas.distance[top:bottom] = np.where(inside, distance, canvas.distance[top:bottom])
    canvas.sway[top:bottom] = np.where(inside, 0, canvas.sway[top:bottom])


def shrub(
    canvas: Canvas, rng: np.random.Generator, x: float, base: float, distance: float, scale: float, leaf: np.ndarray
) -> None:
    """Stems with leaves, the lower and inner ones darker."""
    tall, wide = rng.uniform(0.5, 1.9), rng.uniform(0.3, 0.8)
    size = rng.uniform(0.08, 0.2)
    slim = rng.uniform(0.25, 0.5)
    tone = leaf * rng.uniform(0.75, 1.25) * (1 + rng.normal(0, 0.08, 3))
    for _ in range(int(rng.integers(40, 110))):
        up = rng.uniform(0.05, 1) ** 0.8 * tall
        out = rng.normal(0, 0.5) * wide * (0.5 + 0.6 * up / tall)
        light = (0.45 + 0.75 * up / tall) * rng.uniform(0.7, 1.25)
        length = size * rng.uniform(0.6, 1.3) * scale
        angle = np.arctan2(-0.3 + rng.normal(0, 0.5), np.sign(out) + rng.normal(0, 0.5))
        draw_leaf(
            canvas, x + out * scale, base - up * scale, length, slim * length, angle, tone * light,
            min(max(0.62 * light, 0.15), 0.9), distance, 0.25 + 0.75 * up / tall, rng, rng.uniform(0, 0.35),
        )  # fmt: skip


def palm(
    canvas: Canvas, rng: np.random.Generator, x: float, base: float, distance: float, scale: float, leaf: np.ndarray
) -> None:
    """Fronds from one point, each with leaflets on both sides."""
    tone = leaf * rng.uniform(0.8, 1.2)
    for _ in range(int(rng.integers(5, 10))):
        angle = rng.uniform(-np.pi * 0.95, -np.pi * 0.05)
        reach = rng.uniform(0.7, 1.5) * scale
        droop = rng.uniform(0.3, 1.0)
        t = np.linspace(0, 1, 16)
        px = x + reach * t * np.cos(angle)
        py = base - 0.1 * scale + reach * (t * np.sin(angle) + 0.5 * droop * t**2)
        direction = np.arctan2(np.gradient(py), np.gradient(px))
        light = rng.uniform(0.6, 1.3)
        for i in range(2, 16):
            for side in (-1, 1):
                draw_leaf(
                    canvas, px[i], py[i], 0.30 * reach * (1.15 - t[i]), 0.035 * reach, direction[i] + side * 0.9,
                    tone * light * rng.uniform(0.8, 1.2), min(max(0.6 * light, 0.2), 0.9), distance,
                    0.3 + 0.7 * t[i], rng, side * 0.15,
                )  # fmt: skip


def blades(canvas: Canvas, rng: np.random.Generator, habitat: Habitat, leaf: np.ndarray, lens: Lens) -> None:
    """Grass and seedlings on the ground."""
    w = canvas.distance.shape[1]
    for distance in np.sort(rng.uniform(2.2, 8, habitat.blades))[::-1]:
        scale, x = lens.focal / distance, rng.uniform(0, w)
        y = lens.row(distance)
        tone = leaf * rng.uniform(0.7, 1.5)
        for _ in range(3):
            angle = -np.pi / 2 + rng.normal(0, 0.45)
            length = rng.uniform(0.06, 0.22) * scale
            draw_leaf(
                canvas, x, y, length, max(1.2, 0.09 * length), angle, tone * rng.uniform(0.8, 1.2),
                float(rng.uniform(0.4, 0.7)), distance, 0.3, rng, rng.normal(0, 0.3),
            )  # fmt: skip


def litter(canvas: Canvas, rng: np.random.Generator, habitat: Habitat, lens: Lens, near: bool) -> None:
    """Fallen leaves and twigs, small far away."""
    h, w = canvas.distance.shape
    base = np.array(habitat.ground)
    count = 500 if near else 2600
    distances = np.sort(rng.uniform(1.3, 3.2, count) if near else 1.3 + 12 * rng.uniform(0, 1, count) ** 1.6)[::-1]
    for distance in distances:
        x, y = rng.uniform(0, w), lens.row(distance)
        if y > h + 20:
            continue
        scale = lens.focal / distance
        length = rng.uniform(0.03, 0.10) * scale
        lie = rng.uniform(0.3, 0.6)
        angle = rng.uniform(0, 2 * np.pi)
        colour = base * rng.uniform(0.45, 1.55) * (1 + rng.normal(0, 0.07, 3))
        if rng.random() < 0.1:
            colour = np.array(habitat.leaf) * rng.uniform(0.7, 1.3)
        infrared = float(rng.uniform(0.25, 0.62))
        if rng.random() < 0.08:
            length, width = length * 3, 0.008 * scale
        else:
            width = length * rng.uniform(0.3, 0.55)
        for half, sign in zip(leaf_shape(0, 0, length, width, angle), (1, -1), strict=True):
            half = half * (1, lie) + (x, y)
            canvas.polygon(half, (*(colour * (1 + 0.12 * sign)), infrared * (1 + 0.1 * sign)), distance, 0.0)
