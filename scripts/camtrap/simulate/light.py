"""The light of the hour, and the light that detectors find hard: moving shadows, clouds, a wrong exposure."""

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from camtrap.simulate.noise import fractal, generator, smoothstep
from camtrap.simulate.survey import Visit


@dataclass
class Light:
    """Light on the scene: ``map`` (h, w) sun flecks, ``sun`` and ``sky`` colours, exposure; infrared if ``dark``.

    ``shade`` (h, w) darkens the scene before the camera measures it; ``exposure`` is what the camera then gets wrong.
    """

    dark: bool
    map: np.ndarray
    sun: np.ndarray
    sky: np.ndarray
    level: float
    direction: np.ndarray
    shade: np.ndarray | None = None
    exposure: float = 1.0


@lru_cache(maxsize=2)
def _field(seed: int, name: str, station: int, height: int, width: int, cell: float) -> np.ndarray:
    """What lets light through above a station, far wider than the view: the sun moves along it."""
    return fractal(generator(seed, name, station), height, width, cell, 4, 0.6)


def of_hour(seed: int, visit: Visit, width: int, height: int) -> Light:
    """Return the light of a visit, the same in all of its pictures."""
    hour = visit.start.hour + visit.start.minute / 60
    rng = generator(seed, "weather", visit.station, visit.start.toordinal())
    clear = float(np.clip(rng.uniform(-0.4, 1.0), 0, 1))
    elevation = float(np.clip(np.sin(np.pi * (hour - 5.8) / 12.4), 0, 1))
    field = _field(seed, "canopy", visit.station, height, 3 * width, 0.11 * width)
    left = int(np.clip((hour - 6) / 12, 0, 1) * width * 1.9)
    flecks = smoothstep(0.75, 1.35, field[:, left : left + width]) * clear * elevation
    warm = np.array([1.0, 0.93 - 0.12 * (1 - elevation), 0.78 - 0.25 * (1 - elevation)], np.float32)
    sky = np.array([0.93, 1.0, 1.0 + 0.10 * (1 - elevation)], np.float32)
    angle = np.pi * (0.15 + 0.7 * np.clip((hour - 6) / 12, 0, 1))
    direction = np.array([0.7 * np.cos(angle), np.sin(angle) * 0.9 + 0.2, 0.35])
    level = 0.52 + 0.48 * elevation**0.5
    return Light(
        visit.infrared, cv2.GaussianBlur(flecks, (0, 0), 0.004 * width).astype(np.float32), warm, sky,
        level, (direction / np.linalg.norm(direction)).astype(np.float32),
    )  # fmt: skip


def of_shot(seed: int, visit: Visit, shot: int, light: Light, width: int, height: int) -> Light:
    """Return the light of one picture: that of the hour, unless the visit's ``way`` says otherwise."""
    key = (seed, visit.way, visit.card, visit.station, visit.number)
    if visit.way == "shadows" and not light.dark:
        return replace(light, map=_leaves(seed, visit, generator(*key, shot), width, height))
    if visit.way == "light":
        return _clouded(generator(*key), light, width, height)
    return light


def _leaves(seed: int, visit: Visit, rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Sun through leaves in wind: up to three times as bright as shade, elsewhere by the minute and by the gust."""
    field = _field(seed, "leaves", visit.station, 2 * height, 4 * width, 0.09 * width)
    hour = visit.start.hour + visit.start.minute / 60
    left = int(np.clip((hour - 6) / 12, 0, 1) * 2.8 * width + rng.uniform(0, 0.1) * width)
    top = int(rng.uniform(0.4, 0.6) * height)
    flecks = smoothstep(0.25, 0.65, field[top : top + height, left : left + width])
    return 2.0 * cv2.GaussianBlur(flecks, (0, 0), 0.004 * width).astype(np.float32)


def _clouded(rng: np.random.Generator, light: Light, width: int, height: int) -> Light:
    """Half of the view in the shade of a cloud or a hill, other flecks, and an exposure that is off."""
    angle, at = rng.uniform(0, 2 * np.pi), rng.uniform(-0.3, 0.3)
    ys, xs = np.indices((height, width), np.float32)
    across = (xs / width - 0.5) * np.cos(angle) + (ys / height - 0.5) * np.sin(angle)
    ragged = across + 0.05 * fractal(rng, height, width, 0.3 * width, 3)
    depth = float(rng.uniform(0.0, 0.6))
    shade = (1 - depth * smoothstep(-0.08, 0.08, ragged - at)).astype(np.float32)
    return replace(
        light, shade=shade, map=light.map * np.float32(rng.uniform(0, 2)), exposure=float(rng.uniform(0.6, 1.6))
    )
