"""What boxes look like, to tell a branch from the animal that stood in the same place."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from camtrap.crop.geometry import window
from camtrap.pictures.crops import stored
from camtrap.pictures.decode import decode

__all__ = ["look", "looks_of"]

# Pixels of a side, and the reach (sigma, in these pixels) of the local mean and deviation that are taken out.
SIDE, REACH = 16, 3.0
# Grey values below which a deviation is noise.
NOISE = 4.0


def look(pixels: np.ndarray) -> np.ndarray:
    """Structure of a picture without its light: float32 (256,), mean 0, unit length.

    The product of two is the correlation of their brightness, less its local mean and by its local deviation: a change of
    light or exposure hardly matters.

    Parameters
    ----------
    pixels : uint8 array, shape (height, width, 3)
        RGB.
    """
    grey = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    grey = grey.astype(np.float32)
    mean = cv2.GaussianBlur(grey, (0, 0), REACH)
    spread = np.sqrt(np.maximum(cv2.GaussianBlur(grey * grey, (0, 0), REACH) - mean * mean, 0))
    structure = ((grey - mean) / (spread + NOISE)).ravel()
    structure -= structure.mean()
    return structure / max(float(np.linalg.norm(structure)), 1e-6)


def looks_of(crops: pd.DataFrame, files: Sequence[Path], options: Mapping) -> np.ndarray:
    """Looks of stored crops: of each the pixels of its box alone, not what stands around it.

    Parameters
    ----------
    crops : DataFrame
        Columns crop_id, shard, row, x, y, w, h (relative), width, height (of the picture).
    files : sequence of Path
        ``crops/{shard}.parquet`` of all shards.
    options : mapping
        The configuration's ``crop`` section.

    Returns
    -------
    float32 array, shape (n, 256)
    """
    of_crop = {row["crop_id"]: (number, row) for number, row in enumerate(crops.to_dict("records"))}
    found = np.zeros((len(crops), SIDE * SIDE), np.float32)
    for crop_id, image in stored(crops, files):
        number, row = of_crop[crop_id]
        found[number] = look(_inside(decode(image), row, options))
    return found


def _inside(crop: np.ndarray, row: Mapping, options: Mapping) -> np.ndarray:
    """The part of a crop that lies in the box."""
    width, height = row["width"], row["height"]
    box = row["x"], row["y"], row["w"], row["h"]
    left, top, right, bottom = window(box, width, height, options["shape"], options["padding"])
    across, down = crop.shape[1] / (right - left), crop.shape[0] / (bottom - top)
    x0, x1 = (round((x * width - left) * across) for x in (box[0], box[0] + box[2]))
    y0, y1 = (round((y * height - top) * down) for y in (box[1], box[1] + box[3]))
    y0, x0 = min(max(y0, 0), crop.shape[0] - 1), min(max(x0, 0), crop.shape[1] - 1)
    return crop[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
