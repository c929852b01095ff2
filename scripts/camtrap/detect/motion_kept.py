"""How much of a place's structure a picture keeps: what tells an animal from a shadow.

Light changes how bright a place is and leaves its structure (edges of leaves, grain of the ground) where it was; an animal hides
it. How well structure agrees with the background differs by station, place and weather. So it is compared with what is usual at
that place in that window, of the station's own pictures: the median, as nothing moves at most places most of the time. By it
confidences mean the same at every station.
"""

import cv2
import numpy as np

__all__ = ["around", "gain", "kept", "likeness", "weather"]

REACH = (21, 21)  # pixels over which structure is compared
NEUTRAL = 0.7  # part of the usual agreement at which evidence counts as it is
MOST = 3.0  # the factor of evidence at most
FLAT = 0.3  # usual agreement below which a place has too little structure to tell
WEATHER = 0.3, 0.7  # from how much structure on a difference counts as weather: not at all, wholly


def around(structure: np.ndarray) -> np.ndarray:
    """The mean square of structure around each place: float32 (h, w)."""
    return cv2.blur(structure * structure, REACH)


def likeness(ours: np.ndarray, theirs: np.ndarray, our_square: np.ndarray, their_square: np.ndarray) -> np.ndarray:
    """Correlation of two structures around each place: float32 (h, w), -1 to 1. The squares are those of :func:`around`."""
    return cv2.blur(ours * theirs, REACH) / np.sqrt(np.maximum(our_square * their_square, 0) + 1e-6)


def kept(alike: np.ndarray) -> np.ndarray:
    """Likeness as a part of what is usual at each place.

    Parameters
    ----------
    alike : float32 array, shape (n, h, w)
        Of the pictures of one window, each with its background.

    Returns
    -------
    float32 array, shape (n, h, w)
        0 (hidden) to 1 (as usual) and a little above; `NEUTRAL` where the place has no structure.
    """
    usual = np.median(alike, 0)
    part = np.clip(alike / np.maximum(usual, 0.05), 0, 1.2)
    return NEUTRAL + (part - NEUTRAL) * np.clip(usual / FLAT, 0, 1)


def gain(inside: float) -> float:
    """Factor for the evidence of a box in which so much of the structure is kept."""
    return min(max((1 - inside) / (1 - NEUTRAL), 0.0), MOST)


def weather(smooth: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Evidence that leaves the structure: what raises the bar. Parts of an animal do not."""
    return smooth * np.clip((part - WEATHER[0]) / (WEATHER[1] - WEATHER[0]), 0, 1)
