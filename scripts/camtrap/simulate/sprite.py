"""An animal ready to be laid over a scene: first its outline, and its coat and light once it is known to be seen."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from camtrap.simulate.body import SUPERSAMPLING, Surface, view
from camtrap.simulate.coats import infrared, paint
from camtrap.simulate.kinds import Kind
from camtrap.simulate.light import Light
from camtrap.simulate.noise import generator, sample, smoothstep
from camtrap.simulate.skeleton import Pose

Key = tuple[int | str, ...]  # of a random generator
Eye = tuple[float, float, float, float]  # x, y, radius, strength


@dataclass
class Sprite:
    """An animal in a picture of some width.

    ``rgb`` (h, w, 3 or 1) times ``alpha`` (h, w), None before it is painted; its ``left`` and ``top``, whose whole pixels
    are the image's first; ``distance`` in metres; ``foot`` and ``span`` place its shadow; ``eyes`` shine at night. The
    image is that of ``surface`` with a ``blur`` and ``smear``, both in its pixels; ``scale``: pixels per metre.
    """

    alpha: np.ndarray
    top: float
    left: float
    distance: float
    foot: tuple[float, float]
    span: float
    surface: Surface
    scale: float
    blur: float
    smear: int
    rgb: np.ndarray | None = None
    eyes: tuple[Eye, ...] = ()

    @property
    def corner(self) -> tuple[int, int]:
        """Row and column of the image's first pixel."""
        return int(np.floor(self.top)), int(np.floor(self.left))


def outline(
    key: Key,
    kind: Kind,
    pose: Pose,
    yaw: float,
    scale: float,
    at: tuple[float, float],
    distance: float,
    dark: bool,
    width: int,
    speed: float,
) -> Sprite:
    """Return the animal unpainted: enough to know what of it is seen."""
    surface = view(kind.build(pose), yaw, scale, generator(*key, "hair"))
    left, top = at[0] - surface.origin[0] / SUPERSAMPLING, at[1] - surface.origin[1] / SUPERSAMPLING
    columns = np.flatnonzero(surface.cover.any(0)) / SUPERSAMPLING
    foot, span = (left + float(columns.mean()), at[1]), float(np.ptp(columns))
    blur = (0.35 + 0.03 * distance) * SUPERSAMPLING * width / 640
    smear = max(1, int(speed * scale * SUPERSAMPLING * abs(np.cos(yaw)) / 30)) if dark and speed > 0 else 0
    cover = surface.cover.astype(np.float32)
    sprite = Sprite(cover, top, left, distance, foot, span, surface, scale, blur, smear)
    return replace(sprite, alpha=_taken(sprite, cover))


def painted(key: Key, kind: Kind, name: str, sprite: Sprite, light: Light) -> Sprite:
    """Return the sprite in its coat, and in this light."""
    surface = sprite.surface
    colour = paint(name, surface, generator(*key, "coat"))
    hidden = 0.72 + 0.28 * smoothstep(-0.14, 0.02, surface.near - np.median(surface.near))
    if light.dark:
        flash = np.clip(surface.normal[2], 0, 1) ** 0.7 * 0.85 + 0.12
        shown: np.ndarray = infrared(surface, colour) * flash * hidden
    else:
        shown = colour * _daylight(sprite, light, hidden)
    image = _taken(sprite, surface.frame(shown.astype(np.float32)))
    eyes = _eyes(kind, sprite) if kind.eye and light.dark else ()
    return replace(sprite, rgb=image.reshape(*sprite.alpha.shape, -1), eyes=eyes)


def _daylight(sprite: Sprite, light: Light, hidden: np.ndarray) -> np.ndarray:
    """Colour (3, n) of the light on the pixels inside: from the sky, and from the sun where it comes through."""
    surface = sprite.surface
    height, width = light.map.shape
    rows, cols = (index.astype(np.float32) / SUPERSAMPLING for index in np.nonzero(surface.cover))
    fleck = sample(light.map, np.clip(cols + sprite.left, 0, width - 2), np.clip(rows + sprite.top, 0, height - 2))
    sky = 0.66 + 0.34 * surface.normal[1]
    sun = np.clip(surface.product(surface.normal, light.direction), 0, 1) * (0.30 + 0.9 * fleck)
    return (sky * hidden) * light.sky[:, None] + sun * light.sun[:, None]


def _taken(sprite: Sprite, image: np.ndarray) -> np.ndarray:
    """Blur an image of the surface, smear it by the animal's movement, and bring it to the picture's scale."""
    image = cv2.GaussianBlur(image, (0, 0), sprite.blur)
    if sprite.smear:
        image = cv2.blur(image, (sprite.smear, 1))
    top, left = sprite.corner
    height, width = image.shape[:2]
    size = width // SUPERSAMPLING + 2, height // SUPERSAMPLING + 2
    matrix = np.array([[1 / SUPERSAMPLING, 0, sprite.left - left], [0, 1 / SUPERSAMPLING, sprite.top - top]])
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR)


def _eyes(kind: Kind, sprite: Sprite) -> tuple[Eye, ...]:
    assert kind.eye
    surface, eye = sprite.surface, sprite.surface.where("eye")
    count, _, stats, centres = cv2.connectedComponentsWithStats(surface.frame(eye).astype(np.uint8))
    eyes = []
    for i in range(1, count):
        if stats[i, cv2.CC_STAT_AREA] >= 2:
            strength = {"bright": 1.0, "dim": 0.45}[kind.eye[0]] * surface.normal[2][eye].max()
            x, y = centres[i] / SUPERSAMPLING
            eyes.append((sprite.left + x, sprite.top + y, kind.eye[1] * sprite.scale * 0.5, strength))
    return tuple(eyes)
