"""What stands still before a camera: ground, trunks, leaves, and what sways in front of it all."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np

from camtrap.simulate.noise import fractal, generator, smoothstep
from camtrap.simulate.plants import SHIFT, Canvas, Habitat, Lens, blades, leaf_shape, litter, palm, shrub, trunk

HABITATS = (
    Habitat((0.20, 0.33, 0.10), (0.36, 0.28, 0.19), trunks=7, shrubs=9, palms=2, blades=60),
    Habitat((0.26, 0.36, 0.12), (0.42, 0.36, 0.24), trunks=4, shrubs=6, palms=0, blades=420),
    Habitat((0.16, 0.29, 0.12), (0.30, 0.23, 0.16), trunks=10, shrubs=5, palms=4, blades=30),
    Habitat((0.23, 0.31, 0.09), (0.47, 0.37, 0.26), trunks=5, shrubs=12, palms=1, blades=160),
)


@dataclass
class Scene:
    """One camera's view, larger than the picture by ``margin`` pixels on each side.

    ``colour`` (h, w, 4) float32 is daylight reflectance (RGB) and infrared reflectance; ``distance`` (h, w) metres;
    ``sway`` (h, w) 0 to 1, how far wind moves what is there; ``front`` (h, w, 5) is the layer before the animals:
    RGB, infrared, cover. ``horizon`` is the picture row of eye level; ``focal`` in pixels; ``height`` of the camera in
    metres.
    """

    colour: np.ndarray
    distance: np.ndarray
    sway: np.ndarray
    front: np.ndarray
    margin: int
    horizon: float
    focal: float
    height: float

    @cached_property
    def leaves(self) -> np.ndarray:
        """RGB and infrared of the layer before the animals."""
        return np.ascontiguousarray(self.front[..., :4])

    @cached_property
    def cover(self) -> np.ndarray:
        """Cover of the layer before the animals."""
        return np.ascontiguousarray(self.front[..., 4])

    @cached_property
    def flash(self) -> np.ndarray:
        """How much of the flash reaches what is there at night."""
        return np.clip((5.5 / np.maximum(self.distance, 0.8)) ** 0.9, 0.12, 1.3)

    def ground_row(self, distance: float) -> float:
        """Picture row where the ground is ``distance`` metres away."""
        return self.horizon + self.focal * self.height / distance


def build(seed: int, station: int, card: int, width: int, height: int) -> Scene:
    """Draw the view of a station's camera. It depends on seed and station; the card only moves the camera a little."""
    return _moved(_still(seed, station, width, height), generator(seed, "pose", station, card))


@lru_cache(maxsize=4)
def _still(seed: int, station: int, width: int, height: int) -> Scene:
    margin = int(0.06 * width)
    w, h = width + 2 * margin, height + 2 * margin
    unit = width / 640
    rng = generator(seed, "scene", station)
    habitat = HABITATS[station % len(HABITATS)]
    camera = float(rng.uniform(0.45, 0.6))
    focal = width * float(rng.uniform(1.05, 1.2))
    horizon = margin + height * float(rng.uniform(0.36, 0.44))
    lens = Lens(horizon, focal, camera, unit)
    canvas = Canvas(h, w)
    leaf = np.array(habitat.leaf) * rng.uniform(0.9, 1.1, 3)
    _far(canvas, rng, leaf, unit)
    _ground(canvas, rng, habitat, lens)
    canvas.colour = _soften(canvas.colour, 1.5 * unit)
    plants = []
    for _ in range(habitat.trunks):
        plants.append((float(rng.uniform(6.0, 16)), "trunk"))
    for _ in range(habitat.shrubs + 10):
        plants.append((float(rng.uniform(7.5, 15)), "shrub"))
    for _ in range(habitat.palms + 1):
        plants.append((float(rng.uniform(7.0, 12)), "palm"))
    sides = [-0.1, 1.1] if rng.random() < 0.5 else [0.0]
    plants.append((float(rng.uniform(2.6, 3.6)), "trunk"))
    for distance, plant in sorted(plants, reverse=True):
        x = float(rng.uniform(-0.05, 1.05)) * w
        if distance < 4:
            x = float(rng.choice(sides) + rng.uniform(-0.03, 0.09)) * w
        draw = {"trunk": trunk, "shrub": shrub, "palm": palm}[plant]
        draw(canvas, rng, x, lens.row(distance), distance, focal / distance, leaf)
        if distance > 9:
            canvas.colour = _soften(canvas.colour, 0.5 * unit)
    litter(canvas, rng, habitat, lens, near=True)
    blades(canvas, rng, habitat, leaf, lens)
    front = _front(rng, h, w, leaf, unit)
    colour = canvas.colour.astype(np.float32) / 255
    grain = fractal(rng, h, w, 5 * unit + 2, 3)
    colour *= (1 + 0.06 * grain)[..., None]
    haze = smoothstep(5, 30, canvas.distance)[..., None] * 0.35
    mist = np.array([0.42, 0.46, 0.40, 0.30], np.float32)
    colour = colour + (mist - colour) * haze
    sway = cv2.GaussianBlur(canvas.sway, (0, 0), 3 * unit)
    return Scene(colour, canvas.distance, sway, front, margin, horizon - margin, focal, camera)


def _moved(scene: Scene, rng: np.random.Generator) -> Scene:
    """Shift and turn the view as when the camera is hung up again."""
    angle = float(rng.uniform(-1.2, 1.2))
    dx, dy = rng.uniform(-0.4, 0.4, 2) * scene.margin
    size = (scene.colour.shape[1], scene.colour.shape[0])
    matrix = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), angle, 1.0)
    matrix[:, 2] += dx, dy

    def move(image: np.ndarray) -> np.ndarray:
        return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    front = np.dstack([move(scene.front[..., :4]), move(scene.front[..., 4])])
    return Scene(
        move(scene.colour), move(scene.distance), move(scene.sway), front,
        scene.margin, scene.horizon + dy, scene.focal, scene.height,
    )  # fmt: skip


def _soften(image: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), sigma) if sigma > 0.3 else image


def _far(canvas: Canvas, rng: np.random.Generator, leaf: np.ndarray, unit: float) -> None:
    """Out-of-focus forest with patches of sky."""
    h, w = canvas.distance.shape
    light = 0.75 + 0.28 * fractal(rng, h, w, 60 * unit, 4, 0.7)
    hue = fractal(rng, h, w, 90 * unit, 2)[..., None] * np.array([0.05, 0.0, -0.03])
    colour = np.clip(leaf * 0.75 + 0.05 + hue * 0.6, 0, 1) * np.clip(light, 0.25, 1.8)[..., None]
    leaves = np.clip(colour, 0, 1).astype(np.float32)
    for _ in range(900):
        x, y = rng.uniform(0, w), 0.62 * h * rng.uniform(0, 1)
        length, turn = rng.uniform(9, 30) * unit, rng.uniform(0, np.pi)
        tone = leaf * rng.uniform(0.35, 1.5) * (1 + rng.normal(0, 0.06, 3))
        for half in leaf_shape(x, y, length, length * rng.uniform(0.25, 0.6), turn):
            cv2.fillPoly(leaves, [np.round(half * 8).astype(np.int32)], tuple(map(float, tone)), cv2.LINE_AA, SHIFT)
    colour = cv2.GaussianBlur(leaves, (0, 0), 1.8 * unit)
    sky = np.zeros((h, w), np.float32)
    for _ in range(int(rng.integers(120, 260))):
        x, y = rng.uniform(0, w), 0.55 * h * rng.beta(1.0, 2.2)
        centre, radius = (int(x * 8), int(y * 8)), int(8 * unit * rng.gamma(2.0, 2.0))
        cv2.circle(sky, centre, radius, float(rng.uniform(0.3, 1.0)), -1, cv2.LINE_AA, SHIFT)
    ragged = smoothstep(-0.6, 0.6, fractal(rng, h, w, 9 * unit, 3))
    gaps = cv2.GaussianBlur((sky * ragged).astype(np.float32), (0, 0), 1.3 * unit)[..., None]
    colour = colour * (1 - gaps) + gaps * np.array([0.86, 0.90, 0.88])
    infrared = 0.35 * np.clip(light, 0.3, 1.6)
    canvas.colour[..., :3] = np.clip(colour * 255, 0, 255)
    canvas.colour[..., 3] = np.clip(infrared * 255, 0, 255)


def _ground(canvas: Canvas, rng: np.random.Generator, habitat: Habitat, lens: Lens) -> None:
    h, w = canvas.distance.shape
    unit = lens.unit
    rows = np.arange(h, dtype=np.float32)[:, None].repeat(w, 1)
    edge = lens.row(16) + 5 * unit * fractal(rng, 1, w, 50 * unit, 3)
    distance = lens.focal * lens.height / np.maximum(rows - lens.horizon, 1)
    below = rows > edge
    noise = fractal(rng, h, w, 40 * unit, 5, 0.8)
    base = np.array(habitat.ground)
    colour = base * np.clip(1 + 0.22 * noise, 0.4, 1.6)[..., None]
    moss = smoothstep(0.5, 1.5, fractal(rng, h, w, 70 * unit, 3))[..., None]
    colour = colour + (np.array(habitat.leaf) * 1.1 - colour) * 0.5 * moss
    canvas.colour[..., :3] = np.where(below[..., None], np.clip(colour * 255, 0, 255), canvas.colour[..., :3])
    ir = np.clip(255 * 0.42 * (1 + 0.2 * noise), 0, 255)
    canvas.colour[..., 3] = np.where(below, ir, canvas.colour[..., 3])
    canvas.distance[:] = np.where(below, np.minimum(distance, 16), canvas.distance)
    litter(canvas, rng, habitat, lens, near=False)


def _front(rng: np.random.Generator, h: int, w: int, leaf: np.ndarray, unit: float) -> np.ndarray:
    """Leaves close to the lens, out of focus, at the picture's edges."""
    canvas = Canvas(h, w)
    cover = np.zeros((h, w), np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        side = rng.random()
        x = w * (rng.uniform(0.0, 0.12) if side < 0.5 else rng.uniform(0.88, 1.0))
        y = h * rng.uniform(0.75, 1.05)
        for _ in range(int(rng.integers(3, 8))):
            angle = -np.pi / 2 + rng.normal(0, 0.6)
            length = rng.uniform(60, 150) * unit
            width = length * rng.uniform(0.08, 0.3)
            tone, ir = leaf * rng.uniform(0.7, 1.3), float(rng.uniform(0.5, 0.9))
            bend = rng.normal(0, 0.4)
            for half, sign in zip(leaf_shape(x, y, length, width, angle, bend), (1, -1), strict=True):
                canvas.polygon(half, (*(tone * (1 + 0.1 * sign)), ir), 1.0, 1.0)
                cv2.fillPoly(cover, [np.round(half * 8).astype(np.int32)], 255, cv2.LINE_AA, SHIFT)
    sigma = 2.2 * unit
    alpha = cv2.GaussianBlur(cover.astype(np.float32) / 255, (0, 0), sigma)
    colour = canvas.colour.astype(np.float32) / 255 * (cover > 0)[..., None]
    colour = cv2.GaussianBlur(colour, (0, 0), sigma) / np.maximum(alpha, 1e-3)[..., None]
    return np.dstack([np.clip(colour, 0, 1), alpha]).astype(np.float32)
