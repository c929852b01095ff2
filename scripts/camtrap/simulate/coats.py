"""Coats: what colour a body's surface has, in daylight and in the near infrared."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np

from camtrap.simulate.body import Surface
from camtrap.simulate.noise import fractal, generator, sample, smoothstep, streaks

Coat = tuple[np.ndarray, np.ndarray]  # colour (3, n), how much lighter or darker the hairs are (n,)


@lru_cache(maxsize=8)
def _tile(name: str) -> np.ndarray:
    rng = generator(7, "tile", name)
    if name == "hair":
        return streaks(rng, 512, 3.0)
    if name == "shaggy":
        return streaks(rng, 512, 6.0, 1.0)
    if name == "mottle":
        tile = fractal(rng, 512, 512, 64, 5)
        return (tile - tile.mean()) / tile.std()
    if name == "spots":
        return _spots(rng)
    return _rosettes(rng)


def _spots(rng: np.random.Generator) -> np.ndarray:
    """Solid dark spots on a jittered grid."""
    size, step = 640, 32
    tile = np.zeros((size, size), np.float32)
    for y in range(step // 2, size, step):
        for x in range(step // 2, size, step):
            centre = x + rng.uniform(-6, 6), y + rng.uniform(-6, 6)
            axes = rng.uniform(11, 19), rng.uniform(9, 14)
            cv2.ellipse(tile, (centre, axes, rng.uniform(0, 180)), 1.0, -1)
    return cv2.GaussianBlur(tile, (0, 0), 2.0)


def _rosettes(rng: np.random.Generator) -> np.ndarray:
    """Broken dark rings on a jittered grid: 1 on a mark, 0.35 within a ring."""
    size, step = 640, 64
    tile = np.zeros((size, size), np.float32)
    for i in range(size // step):
        for j in range(size // step):
            x = (j + 0.5 + 0.5 * (i % 2) + rng.uniform(-0.16, 0.16)) * step
            y = (i + 0.5 + rng.uniform(-0.16, 0.16)) * step
            axes = rng.uniform(0.30, 0.40) * step, rng.uniform(0.24, 0.34) * step
            turn = rng.uniform(0, 180)
            cv2.ellipse(tile, ((x % size, y), (2 * axes[0], 2 * axes[1]), turn), 0.35, -1)
            start = rng.uniform(0, 360)
            for piece in range(4):
                a = start + 90 * piece + rng.uniform(-8, 8)
                arc = rng.uniform(50, 76)
                cv2.ellipse(
                    tile, (int(x % size), int(y)), (int(axes[0]), int(axes[1])), turn, a, a + arc, 1.0, int(step * 0.14)
                )
            if rng.random() < 0.6:
                cv2.circle(tile, (int(x % size + rng.uniform(-6, 6)), int(y + rng.uniform(-5, 5))), 4, 1.0, -1)
    return cv2.GaussianBlur(tile, (0, 0), 2.0)


def _rgb(*colour: float) -> np.ndarray:
    return np.array(colour, np.float32)[:, None]


def _mix(base: np.ndarray, colour: Sequence[float] | np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Go from ``base`` (3, n) towards one colour, by ``weight`` (n,)."""
    return base + (np.asarray(colour, np.float32).reshape(3, 1) - base) * weight.astype(np.float32)


@dataclass
class Fur:
    """Textures of an individual's hair, for each pixel of a surface."""

    surface: Surface
    shift: np.ndarray

    @cached_property
    def hair(self) -> np.ndarray:
        return self._lying("hair", 520, 170)

    @cached_property
    def shaggy(self) -> np.ndarray:
        return self._lying("shaggy", 420, 110)

    @cached_property
    def mottle(self) -> np.ndarray:
        x, y, _ = self.surface.place
        return sample(_tile("mottle"), x * 220 + self.shift[0], y * 220 + self.shift[1])

    def _lying(self, name: str, along: int, across: int) -> np.ndarray:
        surface, shift = self.surface, self.shift
        return sample(_tile(name), surface.along * along + shift[0], surface.across * across + shift[1])


def paint(kind: str, surface: Surface, rng: np.random.Generator) -> np.ndarray:
    """Return reflectance in daylight (3, n), float32 in 0 to 1, for the n pixels inside a surface.

    Parameters
    ----------
    rng : numpy.random.Generator
        The individual's own: two calls with equal generators paint the same coat on two poses.
    """
    fur = Fur(surface, rng.uniform(0, 500, 2).astype(np.float32))
    tint = (1 + rng.normal(0, 0.05) + rng.normal(0, 0.02, 3)).astype(np.float32)
    colour, hairs = _PAINTERS[kind](surface, fur, rng)
    colour = colour * (1 + hairs + 0.05 * fur.mottle)
    colour = _mix(colour, (0.02, 0.018, 0.015), surface.where("eye"))
    return np.clip(colour * tint[:, None], 0.01, 0.95)


def infrared(surface: Surface, colour: np.ndarray) -> np.ndarray:
    """Return reflectance in the near infrared (n,) of a painted surface."""
    light = surface.product(colour, (0.35, 0.45, 0.20))
    return np.clip(0.10 + 0.80 * light**0.8, 0.02, 0.95)


def _belly(surface: Surface, low: float = -0.25, high: float = -0.85) -> np.ndarray:
    """1 on the underside."""
    return smoothstep(low, high, surface.normal[1])


def _deer(surface: Surface, fur: Fur, rng: np.random.Generator) -> Coat:
    colour = _rgb(0.52, 0.39, 0.26)
    colour = _mix(colour, (0.40, 0.27, 0.17), smoothstep(0.35, 0.95, surface.normal[1]) * 0.6)
    colour = _mix(colour, (0.80, 0.74, 0.64), _belly(surface) * ~surface.where("leg"))
    colour = _mix(colour, (0.86, 0.83, 0.78), surface.where("tail") * smoothstep(-0.1, 0.5, np.abs(surface.across)))
    colour = _mix(colour, (0.45, 0.33, 0.22), 0.6 * surface.where("leg") * smoothstep(0.6, 0.4, surface.place[1]))
    colour = _mix(colour, (0.74, 0.66, 0.56), surface.where("ear") * smoothstep(0.8, 0.2, np.abs(surface.across)) * 0.8)
    head = surface.where("head")
    colour = _mix(colour, (0.75, 0.68, 0.58), head * smoothstep(0.16, 0.24, surface.along) * 0.8)
    colour = _mix(colour, (0.05, 0.045, 0.04), surface.where("nose"))
    return colour, 0.10 * fur.hair


def _jaguar(surface: Surface, fur: Fur, rng: np.random.Generator) -> Coat:
    colour = _rgb(0.76, 0.55, 0.27)
    pale = np.maximum(_belly(surface, -0.1, -0.7), surface.where("nose"))
    colour = _mix(colour, (0.86, 0.81, 0.72), pale)
    x, y = surface.place[0], surface.place[1] + 0.5 * surface.place[2]
    marks = sample(_tile("rosettes"), x * 520 + fur.shift[0], y * 520 + fur.shift[1])
    spots = sample(_tile("spots"), x * 560 + fur.shift[1], y * 560 + fur.shift[0])
    small = np.maximum(surface.where("tail", "head"), surface.where("leg", "neck") * smoothstep(0.50, 0.40, y))
    small = np.maximum(small, surface.where("neck") * smoothstep(0.46, 0.54, x))
    marks = np.where(small > 0.5, spots, marks)
    colour = _mix(colour, (0.55, 0.36, 0.17), smoothstep(0.15, 0.35, marks) * 0.7)
    colour = _mix(colour, (0.05, 0.04, 0.035), smoothstep(0.5, 0.75, marks))
    rings = (
        surface.where("tail") * smoothstep(0.2, 0.6, np.sin(surface.along * 45)) * smoothstep(0.2, 0.5, surface.along)
    )
    colour = _mix(colour, (0.05, 0.04, 0.035), rings)
    colour = _mix(colour, (0.10, 0.08, 0.06), surface.where("ear") * smoothstep(0.5, 0.9, np.abs(surface.across)))
    return colour, 0.06 * fur.hair


def _peccary(surface: Surface, fur: Fur, rng: np.random.Generator) -> Coat:
    colour = _rgb(0.24, 0.22, 0.20)
    grizzle = sample(_tile("hair"), surface.along * 300 + fur.shift[1], surface.across * 160 + fur.shift[0])
    colour = _mix(colour, (0.55, 0.51, 0.45), smoothstep(0.5, 1.8, grizzle) * surface.where("torso", "head", "leg"))
    colour = _mix(colour, (0.08, 0.07, 0.065), surface.where("leg") * smoothstep(0.36, 0.22, surface.place[1]))
    slant = surface.place[0] - 0.35 * (surface.place[1] - 0.45)
    collar = smoothstep(0.05, 0.025, np.abs(slant - 0.27)) * surface.where("torso", "head")
    colour = _mix(colour, (0.72, 0.68, 0.60), 0.8 * collar)
    colour = _mix(colour, (0.30, 0.24, 0.22), surface.where("nose"))
    return colour, 0.16 * fur.hair


def _anteater(surface: Surface, fur: Fur, rng: np.random.Generator) -> Coat:
    colour = _rgb(0.38, 0.33, 0.28)
    colour = _mix(colour, (0.62, 0.57, 0.49), surface.where("torso", "neck") * smoothstep(0.2, 1.6, fur.shaggy) * 0.7)
    slant = surface.place[1] - (0.30 + 0.62 * (0.55 - surface.place[0]))
    body = surface.where("torso", "neck")
    wedge = body * smoothstep(0.10, 0.07, np.abs(slant)) * smoothstep(-0.30, -0.2, surface.place[0])
    edge = body * smoothstep(0.15, 0.13, np.abs(slant)) * smoothstep(-0.30, -0.2, surface.place[0])
    colour = _mix(colour, (0.86, 0.83, 0.77), edge)
    colour = _mix(colour, (0.04, 0.04, 0.04), wedge)
    fore = surface.where("leg") & (surface.place[0] > 0)
    colour = _mix(colour, (0.76, 0.72, 0.65), fore)
    colour = _mix(colour, (0.06, 0.055, 0.05), fore * smoothstep(0.09, 0.05, np.abs(surface.along - 0.40)))
    hind = surface.where("leg") & ~fore
    colour = _mix(colour, (0.10, 0.085, 0.075), hind * smoothstep(0.50, 0.30, surface.place[1]))
    colour = _mix(colour, (0.20, 0.17, 0.14), surface.where("tail") * 0.7)
    return colour, np.where(surface.where("tail"), 0.34 * fur.shaggy, 0.15 * fur.shaggy)


def _armadillo(surface: Surface, fur: Fur, rng: np.random.Generator) -> Coat:
    colour = _rgb(0.50, 0.45, 0.39)
    shell = surface.where("torso")
    along, across = surface.place[0], surface.across
    bands = np.abs(along) < 0.11
    groove = np.where(bands, smoothstep(0.45, 0.95, np.cos(along * 2 * np.pi / 0.026)), 0)
    scutes = smoothstep(0.55, 0.95, np.cos(along * 360)) + smoothstep(0.55, 0.95, np.cos(across * 42))
    colour = _mix(colour, (0.16, 0.13, 0.11), shell * np.where(bands, groove, 0.55 * np.minimum(scutes, 1)))
    colour = _mix(colour, (0.70, 0.62, 0.52), shell * smoothstep(-0.45, -0.8, surface.normal[1]))
    rings = smoothstep(0.3, 0.8, np.cos(surface.along * 2 * np.pi / 0.03))
    colour = _mix(colour, (0.20, 0.17, 0.15), surface.where("tail") * rings)
    colour = _mix(colour, (0.58, 0.46, 0.40), surface.where("head", "ear", "leg") * 0.7)
    return colour, 0.05 * fur.hair


def _curassow(surface: Surface, fur: Fur, rng: np.random.Generator) -> Coat:
    colour = _rgb(0.055, 0.058, 0.072)
    vent = surface.where("torso", "leg") & (surface.place[1] > 0.2)
    place = surface.place
    vent = vent * smoothstep(0.40, 0.34, place[1] + 0.5 * place[0]) * smoothstep(0.10, 0.02, place[0])
    colour = _mix(colour, (0.88, 0.86, 0.82), vent)
    colour = _mix(colour, (0.93, 0.74, 0.10), surface.where("beak"))
    colour = _mix(colour, (0.40, 0.39, 0.38), surface.where("leg") & (surface.place[1] < 0.21))
    tip = surface.where("tail") * smoothstep(0.43, 0.46, surface.along)
    colour = _mix(colour, (0.85, 0.83, 0.79), tip)
    return colour, 0.20 * fur.hair + 0.10 * fur.shaggy


def _coati(surface: Surface, fur: Fur, rng: np.random.Generator) -> Coat:
    colour = _rgb(0.45, 0.29, 0.17)
    colour = _mix(colour, (0.70, 0.52, 0.32), _belly(surface, -0.1, -0.8))
    colour = _mix(colour, (0.16, 0.11, 0.08), surface.where("leg") * smoothstep(0.20, 0.10, surface.place[1]))
    rings = smoothstep(-0.25, 0.25, np.sin(surface.along * 2 * np.pi / 0.105))
    colour = _mix(colour, (0.12, 0.08, 0.06), surface.where("tail") * rings)
    colour = _mix(colour, (0.72, 0.60, 0.42), surface.where("tail") * (1 - rings))
    colour = _mix(colour, (0.80, 0.75, 0.68), surface.where("head") * smoothstep(0.10, 0.17, surface.along) * 0.8)
    colour = _mix(colour, (0.08, 0.06, 0.05), surface.where("nose"))
    colour = _mix(colour, (0.75, 0.68, 0.58), surface.where("ear") * 0.8)
    return colour, 0.16 * fur.shaggy


def _rabbit(surface: Surface, fur: Fur, rng: np.random.Generator) -> Coat:
    colour = _rgb(0.50, 0.41, 0.30)
    colour = _mix(colour, (0.26, 0.20, 0.15), smoothstep(0.3, 1.6, fur.hair) * 0.6)
    colour = _mix(colour, (0.82, 0.78, 0.71), np.maximum(_belly(surface, -0.2, -0.8), surface.where("tail")))
    colour = _mix(colour, (0.66, 0.52, 0.44), surface.where("ear") * smoothstep(0.7, 0.2, np.abs(surface.across)) * 0.8)
    return colour, 0.10 * fur.hair


CLOTHES = (
    (0.16, 0.20, 0.32),
    (0.55, 0.12, 0.10),
    (0.24, 0.28, 0.17),
    (0.62, 0.58, 0.48),
    (0.80, 0.45, 0.10),
    (0.12, 0.12, 0.13),
)


def _person(surface: Surface, fur: Fur, rng: np.random.Generator) -> Coat:
    shirt, trousers, hat, pack = (_rgb(*CLOTHES[i]) for i in rng.permutation(len(CLOTHES))[:4])
    skin = _rgb(0.62, 0.43, 0.32) * rng.uniform(0.6, 1.15)
    folds = 0.10 * fur.mottle
    colour = _rgb(1, 1, 1)
    for region, value in (("shirt", shirt), ("trousers", trousers), ("hat", hat), ("pack", pack), ("skin", skin)):
        colour = _mix(colour, value, surface.where(region))
    colour = _mix(colour, (0.13, 0.10, 0.08), surface.where("boot"))
    return colour, np.where(surface.where("skin"), 0, folds)


_PAINTERS = {
    "armadillo": _armadillo,
    "coati": _coati,
    "curassow": _curassow,
    "deer": _deer,
    "giant anteater": _anteater,
    "jaguar": _jaguar,
    "peccary": _peccary,
    "person": _person,
    "rabbit": _rabbit,
}
