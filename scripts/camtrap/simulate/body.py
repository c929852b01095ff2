"""Bodies as rounded tubes: a skeleton in metres becomes a surface with normals and coordinates for its coat."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from camtrap.simulate.noise import fractal

SUPERSAMPLING = 2


@dataclass
class Part:
    """A tube along a line of points.

    Attributes
    ----------
    points : ndarray (n, 4)
        x (forward), y (up from the ground), z (to the animal's right), radius; metres.
    region : str
        What the coat calls it (``torso``, ``leg``, ``ear``, …).
    thickness : float
        Extent across the line of sight, relative to the radius (flat ears and tails: below 1).
    shag : float
        How far hair roughens the outline, relative to the radius.
    """

    points: np.ndarray
    region: str
    thickness: float = 1.0
    shag: float = 0.03


@dataclass
class Surface:
    """What the camera sees of a body, at ``SUPERSAMPLING`` times the picture's scale.

    ``cover`` (h, w) is True inside. The rest has one value for each of the n pixels inside, row by row: ``along`` (metres
    from the part's start) and ``across`` (-1 to 1) are the coat's coordinates; ``place`` (3, n) is x, y, z in the animal's
    own frame; ``region`` indexes ``regions``; ``near`` is metres towards the camera. ``origin`` is the pixel of the point
    on the ground below the body's centre; ``depth`` (h, w) is pixels towards the camera, 0 outside; ``soft`` is the pixels
    over which a body of this size is smooth.
    """

    cover: np.ndarray
    along: np.ndarray
    across: np.ndarray
    place: np.ndarray
    region: np.ndarray
    regions: list[str]
    origin: tuple[float, float]
    near: np.ndarray
    depth: np.ndarray
    soft: float

    def where(self, *names: str) -> np.ndarray:
        """Mask of the named regions, for each pixel inside."""
        return np.array([name in names for name in self.regions])[self.region]

    def frame(self, values: np.ndarray) -> np.ndarray:
        """Lay values of the pixels inside, (n,) or (channels, n), out as an image (h, w[, channels]), 0 outside."""
        image = np.zeros((*self.cover.shape, *values.shape[:-1]), values.dtype)
        image[self.cover] = values.T
        return image

    def product(self, vectors: np.ndarray, vector: Sequence[float] | np.ndarray) -> np.ndarray:
        """Dot product (n,) of the vectors (3, n) of the pixels with one vector.

        It is taken in the image: the last bit of a product depends on the place in the row.
        """
        return (self.frame(vectors) @ np.asarray(vector, np.float32))[self.cover]

    @cached_property
    def normal(self) -> np.ndarray:
        """Unit vectors (3, n) to the right, up and to the camera."""
        cover, smooth = self.cover.astype(np.float32), np.zeros_like(self.depth)
        for share, size in ((0.55, 0.030), (0.30, 0.012), (0.15, 0.004)):
            sigma = max(0.8, size * self.soft)
            weight = cv2.GaussianBlur(cover, (0, 0), sigma) + 1e-6
            smooth += share * cv2.GaussianBlur(self.depth, (0, 0), sigma) / weight
        gx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8)[self.cover]
        gy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8)[self.cover]
        return np.stack([-gx, gy, np.ones_like(gx)]) / np.sqrt(gx * gx + gy * gy + 1)


def curve(points: Sequence[tuple[float, ...]], steps: int = 5) -> np.ndarray:
    """Catmull-Rom curve through the points, ``steps`` segments between each two."""
    p = np.asarray(points, float)
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        pieces.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    out = np.vstack([*pieces, p[-2:-1]])
    out[:, 3] = np.maximum(out[:, 3], 1e-3)
    return out


def view(parts: list[Part], yaw: float, scale: float, rng: np.random.Generator, pitch: float = 0.08) -> Surface:
    """Project a body.

    Parameters
    ----------
    yaw : float
        Radians about the vertical: 0 faces right, pi faces left, pi/2 comes towards the camera.
    scale : float
        Picture pixels per metre.
    rng : numpy.random.Generator
        For the ragged outline of the hair.
    pitch : float
        Radians by which the camera looks down.
    """
    s = scale * SUPERSAMPLING
    cos, sin = np.cos(yaw), np.sin(yaw)
    tilt = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    turn = tilt @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    lines = []
    for part in parts:
        line = part.points.copy()
        line[:, :3] = line[:, :3] @ turn.T
        lines.append(line * s)
    everything = np.vstack(lines)
    reach = everything[:, 3:4] * 1.6
    low = np.floor((everything[:, :2] - reach).min(0)) - 4
    high = np.ceil((everything[:, :2] + reach).max(0)) + 4
    width, height = (high - low).astype(int)
    ragged = fractal(rng, height, width, 3.0 * SUPERSAMPLING, 2)
    depth = np.full((height, width), -1e9, np.float32)
    region = np.full((height, width), -1, np.int16)
    along = np.zeros((height, width), np.float32)
    across = np.zeros((height, width), np.float32)
    names = sorted({part.region for part in parts})
    for part, line in zip(parts, lines, strict=True):
        lengths = np.r_[0, np.cumsum(np.linalg.norm(np.diff(part.points[:, :3], axis=0), axis=1))]
        for k in range(len(line) - 1):
            _tube(
                line[k], line[k + 1], lengths[k : k + 2], part, names.index(part.region), (low, high),
                (depth, region, along, across), ragged,
            )  # fmt: skip
    cover = region >= 0
    bulk = float(np.vstack([part.points for part in parts])[:, 3].max()) / 0.19
    rows, cols = (index.astype(np.float32) for index in np.nonzero(cover))
    inside = depth[cover]
    place = np.stack([cols + low[0] + 0.5, high[1] - rows - 0.5, inside], -1) @ turn.astype(np.float32) / np.float32(s)
    return Surface(
        cover, along[cover], across[cover], np.ascontiguousarray(place.T), region[cover], names, (-low[0], high[1]),
        inside / np.float32(s), np.where(cover, depth, 0), s * bulk,
    )  # fmt: skip


def _tube(
    a: np.ndarray,
    b: np.ndarray,
    lengths: np.ndarray,
    part: Part,
    index: int,
    window: tuple[np.ndarray, np.ndarray],
    buffers: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    ragged: np.ndarray,
) -> None:
    """Draw one segment of a tube into the depth buffer."""
    low, high = window
    depth, region, along, across = buffers
    reach = max(a[3], b[3]) * (1 + 2.5 * part.shag)
    x0 = max(0, int(min(a[0], b[0]) - reach - low[0]) - 1)
    x1 = min(depth.shape[1], int(max(a[0], b[0]) + reach - low[0]) + 2)
    y0 = max(0, int(high[1] - max(a[1], b[1]) - reach) - 1)
    y1 = min(depth.shape[0], int(high[1] - min(a[1], b[1]) + reach) + 2)
    if x1 <= x0 or y1 <= y0:
        return
    f = np.float32
    px = (np.arange(x0, x1, dtype=f) + f(low[0] + 0.5))[None, :] - f(a[0])
    py = (f(high[1] - 0.5) - np.arange(y0, y1, dtype=f))[:, None] - f(a[1])
    dx, dy = f(b[0] - a[0]), f(b[1] - a[1])
    length2 = dx * dx + dy * dy + f(1e-6)
    t = np.clip((px * dx + py * dy) / length2, 0, 1)
    ex, ey = px - t * dx, py - t * dy
    d2 = ex * ex + ey * ey
    smooth = f(a[3]) + t * f(b[3] - a[3])
    radius = smooth * (1 + f(part.shag) * ragged[y0:y1, x0:x1])
    inside = d2 < radius * radius
    t, ex, ey, d2, smooth, radius = (values[inside] for values in (t, ex, ey, d2, smooth, radius))
    z = f(a[2]) + t * f(b[2] - a[2]) + np.sqrt(np.maximum(smooth * smooth - d2, 0)) * f(part.thickness)
    side = (dx * ey - dy * ex) / (np.sqrt(length2) * np.maximum(radius, f(1e-6)))
    wins = z > depth[y0:y1, x0:x1][inside]
    inside[inside] = wins
    depth[y0:y1, x0:x1][inside] = z[wins]
    region[y0:y1, x0:x1][inside] = index
    along[y0:y1, x0:x1][inside] = (f(lengths[0]) + t * f(lengths[1] - lengths[0]))[wins]
    across[y0:y1, x0:x1][inside] = side[wins]
