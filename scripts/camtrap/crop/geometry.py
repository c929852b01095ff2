"""Which pixels a crop is made of, and its name."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from camtrap.pictures.strip import content_rows


def window(
    box: Sequence[float], width: int, height: int, shape: str, padding: float = 0.0
) -> tuple[int, int, int, int]:
    """Pixel window of a box: left, top, right, bottom; it may reach beyond the picture for ``pad``.

    Parameters
    ----------
    box : x, y, w, h relative to the picture
    width, height : int
        Size of the picture in pixels.
    shape : {"pad", "clamp", "stretch"}
        ``pad``: the square around the box's centre with the longer side of the box; ``clamp``: that square, cut at the
        picture's border (the Yasuní notebooks' way); ``stretch``: the box itself.
    padding : float
        Margin on each side, as a part of the longer side.

    Notes
    -----
    Edges are rounded half to even; a window is at least one pixel wide and high.
    """
    x, y, w, h = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    margin = padding * max(w, h)
    if shape == "stretch":
        left, top, right, bottom = x - margin, y - margin, x + w + margin, y + h + margin
    else:
        half = max(w, h) / 2 + margin
        left, top, right, bottom = x + w / 2 - half, y + h / 2 - half, x + w / 2 + half, y + h / 2 + half
    left, top, right, bottom = round(left), round(top), round(right), round(bottom)
    if shape == "pad":
        side = max(1, round(2 * half))
        return left, top, left + side, top + side
    left, top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    return left, top, max(min(right, width), left + 1), max(min(bottom, height), top + 1)


LARGEST = 20_000  # pixels: the side of a larger square is halved, or divided by more, before it is made
FILLS = {"black": 0, "grey": 127}  # what stands where the picture ends


def cut(
    picture: np.ndarray,
    box: Sequence[float],
    shape: str = "pad",
    size: int = 256,
    padding: float = 0.0,
    fill: str = "black",
    rows: tuple[int, int] | None = None,
) -> np.ndarray:
    """Cut a box out of a picture and bring it to ``size`` x ``size``.

    Parameters
    ----------
    picture : uint8 array, shape (height, width, 3)
    box : x, y, w, h relative to the picture
    size : int
        Side of the result in pixels; resized by Pillow's antialiased bilinear filter, as torchvision's ``Resize`` does.
    fill : str
        A key of `FILLS`: what stands where a square reaches beyond the picture (``pad``).
    rows : (int, int), optional
        The first row, and one after the last, of what counts as picture (:func:`camtrap.pictures.strip.content_rows`). A box of
        which less than half lies there is cut out as it is.

    Returns
    -------
    uint8 array, shape (size, size, 3)
    """
    height, width = picture.shape[:2]
    left, top, right, bottom = window(box, width, height, shape, padding)
    if (part := -(-max(right - left, bottom - top) // LARGEST)) > 1:  # the square of a strip of 65,000 x 16 has 13 GB
        small = np.asarray(Image.fromarray(picture).reduce(part))
        rows = None if rows is None else (rows[0] // part, -(-rows[1] // part))
        return cut(small, box, shape, size, padding, fill, rows)
    first, end = _rows(box, rows, height)
    if shape != "pad":
        top, bottom = max(top, first), min(bottom, end)
    inner = picture[max(top, first) : min(bottom, end), max(left, 0) : min(right, width)]
    if inner.shape[:2] != (bottom - top, right - left):
        square = np.full((bottom - top, right - left, 3), FILLS[fill], dtype=np.uint8)
        down = max(first - top, 0)
        square[down : down + inner.shape[0], max(-left, 0) : max(-left, 0) + inner.shape[1]] = inner
        inner = square
    image = Image.fromarray(np.ascontiguousarray(inner))
    return np.asarray(image if image.size == (size, size) else image.resize((size, size), Image.Resampling.BILINEAR))


def of_crop(picture: np.ndarray, options: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`cut` is given beside a box, by the configuration's ``crop`` section."""
    how = {name: options[name] for name in ("shape", "size", "padding")}
    rows = content_rows(picture) if options.get("strip", "keep") == "mask" else None
    return how | {"fill": options.get("fill", "black"), "rows": rows}


def _rows(box: Sequence[float], rows: tuple[int, int] | None, height: int) -> tuple[int, int]:
    """The rows that a box is cut out of."""
    if rows is None:
        return 0, height
    inside = min((box[1] + box[3]) * height, rows[1]) - max(box[1] * height, rows[0])
    return rows if inside >= 0.5 * box[3] * height else (0, height)


def scale(row: dict, boxes: list, options: dict) -> int:
    """Part of its size, 1, 2, 4 or 8, at which a picture is decoded: ``decode: scaled`` leaves each crop twice ``size`` or more."""
    if options["decode"] == "full":
        return 1
    sides = [
        w
        for box in boxes
        for w in _sides(window(box, row["width"], row["height"], options["shape"], options["padding"]))
    ]
    return next((part for part in (8, 4, 2) if min(sides) >= 2 * part * options["size"]), 1)


def _sides(edges: tuple[int, int, int, int]) -> tuple[int, int]:
    left, top, right, bottom = edges
    return right - left, bottom - top


def crop_id(image_id: str, box: Sequence[float]) -> str:
    """Id of a crop: the picture's hash and the box in 1/10,000, so that it survives re-runs."""
    return "-".join([image_id[:16], *(f"{round(value * 10000):04d}" for value in box)])
