"""What a camera records: a scene in the light of the hour, with an animal in it, through a cheap lens and sensor."""

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from camtrap.simulate.kinds import KINDS, PERSON
from camtrap.simulate.light import Light, of_hour, of_shot
from camtrap.simulate.noise import fractal, generator
from camtrap.simulate.scene import Scene
from camtrap.simulate.skeleton import Pose
from camtrap.simulate.sprite import Key, Sprite, outline, painted
from camtrap.simulate.survey import Visit

Box = tuple[float, float, float, float]
Shot = tuple[np.ndarray, Box | None]
Window = tuple[slice, slice]  # rows, columns
LEAST_VISIBLE = {"": 0.55, "close": 0.12}  # share of the animal, by the way of the visit
ATTEMPTS = 12
CLOSE, CLOSE_METRES = (0.10, 2.2), (0.35, 9.0)  # width of an animal that may be close, of the picture's; its distance
STANDS = 8  # visits for which an animal stands in one place


def photograph(seed: int, scene: Scene, visit: Visit, width: int, height: int, strip: int) -> list[Shot]:
    """Take the pictures of one visit.

    Returns
    -------
    list of (ndarray (height, width, 3) uint8, box or None)
        Box: x, y, width, height of the visible animal, relative to the picture.
    """
    key = (seed, "visit", visit.card, visit.station, visit.number)
    light = of_hour(seed, visit, width, height)
    lights = [of_shot(seed, visit, n, light, width, height) for n in range(visit.shots)]
    wind = float(generator(*key, "wind").gamma(1.6, 0.45)) * (2.2 if visit.kind is None and visit.shots > 1 else 1.0)
    sprites = (
        _placed(key, scene, visit, visit.kind, lights[0], width, height, strip) if visit.kind else [None] * visit.shots
    )
    shots = []
    for n, sprite in enumerate(sprites):
        rng = generator(*key, "shot", n)
        shots.append(_expose(rng, scene, sprite, lights[n], wind, width, height, strip))
    return shots


def _placed(
    key: Key, scene: Scene, visit: Visit, name: str, light: Light, width: int, height: int, strip: int
) -> list[Sprite]:
    """Find a place where enough of the animal is seen in all shots, and render it there."""
    kind = PERSON if name == "person" else KINDS[name]
    best: list[Sprite] = []
    most = -1.0
    close, stands = visit.way == "close", visit.way == "stands"
    least = LEAST_VISIBLE["close" if close else ""]
    if stands:  # the same place and pose for several visits: only the head moves
        moves, key = generator(*key, "moves"), (*key[:-1], visit.number // STANDS, "stands")
    for attempt in range(ATTEMPTS):
        last = attempt == ATTEMPTS - 1  # stand still in the middle, however much is hidden there
        rng = generator(*key, "place", attempt)
        pixels = width * float(rng.uniform(0.26, 0.58)) * (0.5 if name == "person" else 1)
        limit = scene.focal * scene.height / (height - strip - 0.04 * height - scene.horizon)
        if close:  # from far away to so near that the border cuts it; the feet may be below the picture
            distance = scene.focal * kind.length / (width * float(np.exp(rng.uniform(*np.log(CLOSE)))))
            distance, limit = float(np.clip(distance, *CLOSE_METRES)), CLOSE_METRES[0]
        else:
            distance = max(float(np.clip(scene.focal * kind.length / pixels, 1.55, 6.8)), limit + 0.1)
        facing = 0.0 if rng.random() < 0.5 else np.pi
        yaw = facing + float(np.clip(rng.normal(0, 0.32), -0.7, 0.7))
        x = float(rng.uniform(0.18, 0.82)) * width - np.cos(yaw) * 0.08 * width
        speed = kind.speed * float(rng.choice([0.0, 0.35, 0.8, 1.2]))
        if last or stands:
            x, speed = (0.5 * width if last else x), 0.0
        head, tail, step = rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(0, 2 * np.pi)
        size, fat = float(np.clip(rng.normal(1, 0.07), 0.8, 1.2)), float(np.clip(rng.normal(1, 0.05), 0.88, 1.12))
        if stands:
            head, tail = moves.uniform(-1, 1), moves.uniform(-1, 1)
        sprites, seen = [], []
        for n in range(visit.shots):
            d = distance - speed * np.sin(yaw) * n
            if d < limit:
                break
            pose = Pose(
                step + (0.9 + 1.7 * speed / kind.speed) * n,
                float(np.clip(head + n * rng.normal(0, 0.15), -1, 1)),
                float(np.clip(tail + n * rng.normal(0, 0.3), -1, 1)), fat,
            )  # fmt: skip
            scale = scene.focal / d
            at = x + speed * np.cos(yaw) * n * scale, scene.ground_row(d)
            turn = yaw + n * float(rng.normal(0, 0.06))
            sprite = outline(key, kind, pose, turn, scale * size, at, d, light.dark, width, speed)
            sprites.append(sprite)
            seen.append(_visible(scene, sprite, width, height, strip)[1])
            if seen[-1] < least and not last:
                break
        if len(sprites) == visit.shots and min(seen) > most:
            best, most = sprites, min(seen)
        if most >= least:
            break
    return [painted(key, kind, name, sprite, light) for sprite in best]


def _window(sprite: Sprite, width: int, height: int) -> tuple[Window, Window] | None:
    """Where the sprite lies in the picture and in itself; None if outside."""
    h, w = sprite.alpha.shape
    top, left = sprite.corner
    y0, y1, x0, x1 = max(0, top), min(height, top + h), max(0, left), min(width, left + w)
    if y0 >= y1 or x0 >= x1:
        return None
    inside = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
    return (slice(y0, y1), slice(x0, x1)), inside


def _visible(scene: Scene, sprite: Sprite, width: int, height: int, strip: int) -> tuple[np.ndarray, float]:
    """Alpha of the visible part in the picture, and the share of the animal that is visible."""
    visible = np.zeros((height, width), np.float32)
    window = _window(sprite, width, height)
    if window is None:
        return visible, 0.0
    outer, inner = window
    m = scene.margin
    behind = scene.distance[m : m + height, m : m + width][outer] > sprite.distance - 0.25
    cover = _blur(behind.astype(np.float32), 0.8)
    free = 1 - scene.cover[m : m + height, m : m + width][outer]
    visible[outer] = sprite.alpha[inner] * cover * free
    visible[height - strip :] = 0
    return visible, float(visible.sum() / max(sprite.alpha.sum(), 1e-6))


def _expose(
    rng: np.random.Generator,
    scene: Scene,
    sprite: Sprite | None,
    light: Light,
    wind: float,
    width: int,
    height: int,
    strip: int,
) -> Shot:
    m = scene.margin
    unit = width / 640
    gust = wind * float(rng.uniform(0.5, 1.3)) * unit
    tall, wide = scene.sway.shape
    crop = slice(m, m + height), slice(m, m + width)
    sway = scene.sway[crop]
    dx = gust * fractal(rng, tall, wide, 55 * unit, 2)[crop] * sway
    dy = 0.5 * gust * fractal(rng, tall, wide, 55 * unit, 2)[crop] * sway
    xs, ys = np.arange(m, m + width, dtype=np.float32), np.arange(m, m + height, dtype=np.float32)[:, None]
    colour = cv2.remap(scene.colour, xs + dx, ys + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    dx, dy = xs + 1.5 * dx, ys + 1.5 * dy
    front = cv2.remap(scene.leaves, dx, dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.remap(scene.cover, dx, dy, cv2.INTER_LINEAR)
    visible, share = (
        _visible(scene, sprite, width, height, strip) if sprite else (np.zeros((height, width), np.float32), 0.0)
    )
    if light.dark:
        image = _night(
            rng, colour[..., 3] * scene.flash[crop], front, cover, sprite, visible, width, height, light.exposure
        )
    else:
        image = _day(rng, colour, front, cover, light, sprite, visible, width, height)
    image = _sensor(rng, image, light, unit)
    box = None
    if sprite and share > 0:
        rows, cols = np.flatnonzero(visible.max(1) > 0.3), np.flatnonzero(visible.max(0) > 0.3)
        if len(rows) and len(cols):
            box = (
                cols[0] / width, rows[0] / height, (cols[-1] + 1 - cols[0]) / width, (rows[-1] + 1 - rows[0]) / height
            )  # fmt: skip
    return image, box


def _shade(image: np.ndarray, sprite: Sprite, strength: float) -> None:
    """Lay a soft dark patch below the animal."""
    shade = np.zeros(image.shape[:2], np.float32)
    wide, tall, soft = max(2, 0.46 * sprite.span), max(2, 0.07 * sprite.span + 2), max(1.5, 0.045 * sprite.span)
    centre = int(sprite.foot[0] * 8), int(sprite.foot[1] * 8)
    cv2.ellipse(shade, centre, (int(wide * 8), int(tall * 8)), 0, 0, 360, 1.0, -1, cv2.LINE_AA, 3)
    reach = tall + 4 * soft + 3
    rows = slice(max(0, int(sprite.foot[1] - reach)), max(0, int(sprite.foot[1] + reach)))
    if shade[rows].size:
        image[rows] *= _channels(1 - strength * _blur(shade[rows], soft), image)


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), sigma)


def _channels(values: np.ndarray, image: np.ndarray) -> np.ndarray:
    """One value a pixel for every channel of an image: numpy is slow where it must repeat along a short last axis."""
    return cv2.merge([values] * image.shape[2]).reshape(*values.shape, -1)


def _lay(image: np.ndarray, sprite: Sprite, visible: np.ndarray, width: int, height: int) -> None:
    """Put the animal into the picture where it is visible."""
    window = _window(sprite, width, height)
    if window is None:
        return
    outer, inner = window
    assert sprite.rgb is not None
    shown = _channels(visible[outer], image)
    pixel = sprite.rgb[inner] / _channels(np.maximum(sprite.alpha[inner], 1e-3), image)
    image[outer] = image[outer] * (1 - shown) + pixel * shown


def _day(
    rng: np.random.Generator,
    colour: np.ndarray,
    front: np.ndarray,
    cover: np.ndarray,
    light: Light,
    sprite: Sprite | None,
    visible: np.ndarray,
    width: int,
    height: int,
) -> np.ndarray:
    lit = [light.map * 0.8 * sun + sky for sun, sky in zip(light.sun, 0.86 * light.sky, strict=True)]
    image: np.ndarray = cv2.merge([colour[..., i] * lit[i] for i in range(3)])
    if sprite:
        _shade(image, sprite, 0.5)
        _lay(image, sprite, visible, width, height)
    near = cover > 0
    image[near] += (front[near, :3] * 0.8 * light.sky - image[near]) * cover[near, None]
    if light.shade is not None:
        image *= _channels(light.shade, image)
    balance = 1 + rng.normal(0, 0.015, 3)
    target = 0.44 * light.level
    gain = np.clip(target / max(float(np.median(image)) * 1.18, 0.02), 0.6, 2.0) * rng.uniform(0.97, 1.03)
    red, green, blue = (image[..., i] * f for i, f in enumerate((gain * balance * light.exposure).astype(np.float32)))
    grey = (red + green + blue) / np.float32(3)
    flare, dull = np.array([0.035, 0.038, 0.036], np.float32), 0.52 + 0.13 * light.level
    return cv2.merge([f + 0.96 * (grey + (c - grey) * dull) for f, c in zip(flare, (red, green, blue), strict=True)])


@lru_cache(maxsize=1)
def _beam(width: int, height: int) -> np.ndarray:
    """How the flash lights the picture (h, w, 1)."""
    ys, xs = np.indices((height, width), np.float32)
    beam = np.exp(-(((xs / width - 0.5) / 0.52) ** 2 + ((ys / height - 0.55) / 0.62) ** 2))
    return 0.10 + 0.90 * beam[..., None]


def _night(
    rng: np.random.Generator,
    lit: np.ndarray,
    front: np.ndarray,
    cover: np.ndarray,
    sprite: Sprite | None,
    visible: np.ndarray,
    width: int,
    height: int,
    exposure: float,
) -> np.ndarray:
    image = lit[..., None]
    if sprite:
        assert sprite.rgb is not None
        _shade(image, sprite, 0.35)
        bright = replace(sprite, rgb=sprite.rgb * min((5.5 / sprite.distance) ** 0.9, 1.3))
        _lay(image, bright, visible, width, height)
    image += (front[..., 3:4] * 1.5 - image) * cover[..., None]
    image *= _beam(width, height)
    if sprite:
        glow = np.zeros((height, width), np.float32)
        for x, y, radius, strength in sprite.eyes:
            if 0 <= x < width and 0 <= y < height and visible[int(y), int(x)] > 0.3:
                cv2.circle(
                    glow, (int(x * 8), int(y * 8)), int(max(radius, 0.9) * 8), float(1.6 * strength), -1, cv2.LINE_AA, 3
                )
        if glow.any():
            image += (glow + 2 * _blur(glow, 2.2 * width / 640))[..., None]
    gain = np.clip(0.33 / max(float(image.mean()), 0.02), 0.8, 2.0) * rng.uniform(0.97, 1.03)
    return cv2.merge([np.float32(gain * exposure) * image[..., 0]] * 3)


@lru_cache(maxsize=1)
def _corners(width: int, height: int) -> np.ndarray:
    """How a lens darkens the picture's corners (h, w, 3)."""
    ys, xs = np.indices((height, width), np.float32)
    radius2 = ((xs / width - 0.5) ** 2 + (ys / height - 0.5) ** 2) * 2
    return cv2.merge([1 - 0.28 * radius2] * 3)


def _sensor(rng: np.random.Generator, image: np.ndarray, light: Light, unit: float) -> np.ndarray:
    """Lens, sensor noise and a cheap camera's sharpening; uint8."""
    height, width = image.shape[:2]
    image = _blur(image, 0.65 * unit + 0.1)
    image *= _corners(width, height)
    bright = image > 0.7
    image[bright] = 0.7 + 0.3 * (1 - np.exp(-(image[bright] - 0.7) / 0.3))
    amount = np.clip(image, 0, 1)
    np.sqrt(amount, out=amount)
    amount += 0.5
    amount *= 0.036 if light.dark else 0.016 + 0.02 * (1 - light.level)
    grain = rng.standard_normal((height, width), np.float32)
    if light.dark:
        soft = _blur(rng.standard_normal((height, width), np.float32), 1.2)
        noise = _channels(0.6 * grain + 1.1 * soft, image)
    else:
        noise = _blur(rng.standard_normal((height, width, 3), np.float32), 1.6)
        noise *= 1.25
        noise += _channels(0.8 * grain, image)
    noise *= amount
    image += noise
    detail = image - _blur(image, 1.1 * unit + 0.3)
    detail *= 0.55
    image += detail
    np.clip(image, 0, 1, out=image)
    contrast = image - 0.5
    contrast *= 2 * np.pi
    np.sin(contrast, out=contrast)
    contrast *= 0.08
    contrast *= 0.8
    image += contrast
    np.clip(image, 0, 1, out=image)
    image *= 255
    image += 0.5
    return image.astype(np.uint8)
