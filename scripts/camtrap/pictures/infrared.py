"""Whether a picture was taken by infrared light, as its pixels tell it."""

import numpy as np


def is_infrared(rgb: np.ndarray) -> bool:
    """Say whether a picture has no colour, as infrared pictures at night.

    A tint that depends only on brightness is not a colour: from R - G and B - G their median among the pixels of like
    brightness is taken away (16 steps). The picture has no colour if what is left is at most 3 (of 255) in 80 % of the
    pixels, so an info strip or a logo may be as colourful as it likes. On the real pictures this was set on, the 80th
    percentile was 0 for each of 39 infrared and grey pictures and at least 5 for each of 109 in colour.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (height, width, 3)
    """
    step = max(1, min(rgb.shape[:2]) // 128)
    sample = rgb[::step, ::step].astype(np.int16)
    red, green, blue = (sample[..., channel].ravel() for channel in range(3))
    level = (red + green + blue) // 48
    near = _near_median(red - green, level)
    near &= _near_median(blue - green, level)
    return bool(np.count_nonzero(near) >= 0.8 * near.size)


def _near_median(values: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Whether each value (int16, -255 to 255) is at most 3 from the median of its level (0 to 15); by counting, as sorting is slow."""
    sums = np.bincount(level * np.int16(511) + values + np.int16(255), minlength=16 * 511).reshape(16, 511).cumsum(1)
    n = sums[:, -1:]
    low, high = (sums < (n + 1) // 2).sum(1), (sums < n // 2 + 1).sum(1)
    twice = (low + high - 2 * 255).astype(np.int16)
    return np.abs(2 * values - twice[level]) <= 2 * 3
