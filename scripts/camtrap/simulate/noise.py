"""Random textures: every one a function of a numpy Generator, so of the survey's seed."""

import cv2
import numpy as np

COLUMNS = 1024  # of a list of places


def generator(*key: int | str) -> np.random.Generator:
    """Return a generator for a key such as ``(seed, "card", 3)``; equal keys give equal streams on every machine."""
    words = [part if isinstance(part, int) else int.from_bytes(part.encode()[:16], "little") for part in key]
    return np.random.default_rng(np.random.SeedSequence(words))


def fractal(
    rng: np.random.Generator, height: int, width: int, cell: float, octaves: int = 4, gain: float = 0.5
) -> np.ndarray:
    """Smooth noise with mean 0 and variance about 1, float32 (height, width).

    Parameters
    ----------
    cell : float
        Pixels between the grid points of the coarsest octave; each further octave halves it, weighted by ``gain``.
    """
    total, weight, norm = np.zeros((height, width), np.float32), 1.0, 0.0
    for _ in range(octaves):
        grid = rng.standard_normal((int(height / cell) + 3, int(width / cell) + 3)).astype(np.float32)
        scaled = cv2.resize(grid, None, fx=max(cell, 1.0), fy=max(cell, 1.0), interpolation=cv2.INTER_CUBIC)
        top, left = (int(v) for v in rng.integers(0, max(1, int(cell)), 2))
        total += weight * scaled[top : top + height, left : left + width]
        norm += weight**2
        weight, cell = weight * gain, cell / 2
        if cell < 1:
            break
    return total / np.float32(0.75 * np.sqrt(norm))


def streaks(rng: np.random.Generator, size: int, length: float, thickness: float = 0.7) -> np.ndarray:
    """A square tile of hairs lying along x, mean 0, standard deviation 1, float32; it wraps around."""
    tile: np.ndarray = rng.standard_normal((size, size)).astype(np.float32)
    pad = int(4 * length) + 4
    tile = cv2.copyMakeBorder(tile, pad, pad, pad, pad, cv2.BORDER_WRAP)
    tile = cv2.GaussianBlur(tile, (0, 0), sigmaX=length, sigmaY=thickness)[pad:-pad, pad:-pad]
    return (tile - tile.mean()) / tile.std()


def sample(tile: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Look a tile up at fractional places (n,), wrapping around."""
    height, width = tile.shape[:2]
    shape = -(-len(x) // COLUMNS), COLUMNS  # OpenCV takes no longer row; the last one is filled up
    columns, rows = (
        np.resize(np.mod(place, size - 1).astype(np.float32), shape) for place, size in ((x, width), (y, height))
    )
    return cv2.remap(tile, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP).ravel()[: len(x)]


def smoothstep(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 below ``low``, 1 above ``high``, smooth between (``low`` may exceed ``high``)."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
