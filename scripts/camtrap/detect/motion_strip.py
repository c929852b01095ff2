"""The rows of an info strip, found in many pictures of one camera."""

import numpy as np

__all__ = ["strip_rows"]


def strip_rows(light: list[np.ndarray]) -> np.ndarray:
    """Rows of an info strip: next to the upper or lower border, plain but for its writing in every picture.

    The writing changes, the plain ground does not; a row counts if most neighbours along it are equal in the median of
    the pictures. Dark sky at night may count too, in at most an eighth of the picture's height.

    Parameters
    ----------
    light : list of float16 array, shape (h, w)
        Brightness of each picture, at working size.

    Returns
    -------
    bool array, shape (h,)
    """
    step = max(1, len(light) // 15)
    middle = np.median(np.stack(light[::step]).astype(np.float32), 0)
    plain = (np.abs(np.diff(middle, axis=1)) <= 1.5).mean(1) >= 0.4
    rows, limit = np.zeros(len(middle), bool), len(middle) // 8
    for order in (np.arange(len(middle)), np.arange(len(middle))[::-1]):
        last = max((n + 1 for n, row in enumerate(order[:limit]) if plain[row]), default=0)
        if last and plain[order[:last]].mean() >= 0.5:
            rows[order[: last + 2]] = True
    return rows
