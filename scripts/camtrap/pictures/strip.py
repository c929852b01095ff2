"""The info strip that a camera writes into its pictures: which rows are picture, and which are not."""

import numpy as np

__all__ = ["content_rows"]

LIMIT = 8  # a strip takes at most this part (one n-th) of the height
LEAST = 0.012  # of the height: a thinner one is a border or an artefact
NEAR, APART = 10, 60  # grey levels: of the ground; of its writing
GROUND, BEYOND = 0.4, 0.2  # share of a row that is ground: at least in the strip, at most beyond it
WRITING = 0.01, 0.5  # share of the strip that is writing: at least, at most


def content_rows(picture: np.ndarray) -> tuple[int, int]:
    """Rows between the info strips at the upper and the lower border: first, and one after the last.

    A strip has one ground (black, white, grey) on which something is written, and ends at once. Writing laid over the picture
    itself is none.

    Parameters
    ----------
    picture : uint8 array, shape (height, width, 3)
    """
    height = len(picture)
    if height < 5:  # no room for a strip, and for a picture beside it
        return 0, height
    rows = max(4, height // LIMIT)
    grey = picture[..., 1].astype(np.int16)
    return _strip(grey[: rows + 4]), height - _strip(grey[::-1][: rows + 4])


def _strip(grey: np.ndarray) -> int:
    """Height of the strip at the first row; 0 for none."""
    limit = len(grey) - 4
    ground = int(np.median(grey[1:3]))
    on = np.abs(grey - ground) <= NEAR
    share = on.mean(1)
    ends = [row for row in range(1, limit + 1) if share[row - 1] >= GROUND and (share[row : row + 3] <= BEYOND).all()]
    for end in ends:
        # a line of writing may cover most of a row
        if (share[:end] >= GROUND).mean() < 0.7:
            continue
        writing = float((np.abs(grey[:end] - ground) >= APART).mean())
        if end >= LEAST * 8 * limit and WRITING[0] <= writing <= WRITING[1]:
            return end + 1  # a row in which both are mixed
    return 0
