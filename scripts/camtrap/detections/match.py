"""Which picture does a detection result belong to? By path, by path suffix, by name and size; never by a guess.

Tools write paths as they saw them: relative to some folder, absolute on another computer, with backslashes, with
``%20``, in another case or Unicode form. Each result is tried in this order, and the first step that names a picture
decides:

1. ``path``: the same relative path (``path, spelling``: but for case or ``%xx``);
2. ``suffix``: one path is the end of the other (``suffix, spelling`` likewise); the longest common end wins;
3. ``name and size``: the same file name and the same width and height, or bytes, where the result carries them.

A result that could be several pictures is ``ambiguous``, and so are several results that could only be one picture.
A size that a result carries settles what is ambiguous, and refuses a picture of another size in steps 2 and 3.
Every step is a look-up in a dictionary, so a million results meet a million pictures in linear time.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from camtrap.detections.path_index import STEPS, PathIndex, folded, normal, normal_of_ours

_SHOWN = 10

Size = tuple[int | None, int | None, int | None]


@dataclass
class Matching:
    """The picture of each result.

    Attributes
    ----------
    picture : ndarray of int64, shape (n_results,)
        Row of the picture; -1 where there is none.
    how : list of str
        The step that decided; ``ambiguous``; ``taken`` (its only picture has a better result); or ``none``.
    candidates : dict of int to list of int
        For an ambiguous result: up to 10 pictures that it could be.
    n_pictures : int
    """

    picture: np.ndarray
    how: list[str]
    n_pictures: int
    candidates: dict[int, list[int]] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Return the number of results for each ``how``, sorted by name."""
        return dict(sorted(Counter(self.how).items()))

    def without_result(self) -> np.ndarray:
        """Return the rows of the pictures that no result belongs to (int64, ascending)."""
        has = np.zeros(self.n_pictures, dtype=bool)
        has[self.picture[self.picture >= 0]] = True
        return np.flatnonzero(~has)


def match(files: Sequence[str], pictures: Any, sizes: Sequence[Size] | None = None) -> Matching:
    """Match detection results to pictures.

    Parameters
    ----------
    files : sequence of str
        The paths as the detection file spells them. Equal ones (duplicates) get the same picture.
    pictures : pyarrow.Table or mapping of str to list
        ``path`` (as our tables spell it); optional ``width``, ``height`` (pixels, after rotation) and ``bytes``.
    sizes : sequence of (width, height, bytes), optional
        What the results carry of them, None where unknown.

    Returns
    -------
    Matching
    """
    columns = {name: pictures[name] for name in ("path", "width", "height", "bytes") if name in _names(pictures)}
    columns = {name: c.to_pylist() if hasattr(c, "to_pylist") else list(c) for name, c in columns.items()}
    n = len(columns["path"])
    none = [None] * n
    of_picture = list(zip(*(columns.get(k, none) for k in ("width", "height", "bytes")), strict=True))

    keys = [normal(file) for file in files]
    first: dict[str, int] = {}
    for i, key in enumerate(keys):
        first.setdefault(key, i)
    of_key = {key: sizes[i] for key, i in first.items()} if sizes else {}

    state = _State(of_key, of_picture)
    known = PathIndex(columns["path"])
    for step in STEPS:
        left = [key for key in first if key not in state.how]
        if not left:
            break
        state.settle(step.name, known.look(step, left), sized=step.suffix)
    state.settle("name and size", _by_name(state, first, columns["path"]), sized=True)
    return state.result(keys, first, n)


def _names(pictures: Any) -> Iterable[str]:
    return pictures.column_names if hasattr(pictures, "column_names") else pictures.keys()


def _by_name(state: "_State", first: dict[str, int], picture_paths: Sequence[str]) -> dict[str, list[int]]:
    keys = [key for key in first if key not in state.how and any(v is not None for v in state.size(key))]
    if not keys:
        return {}
    wanted = {_name(key) for key in keys}
    index: dict[tuple, list[int]] = defaultdict(list)
    for row, path in enumerate(picture_paths):
        name = _name(normal_of_ours(path))
        if name in wanted:
            for size in _sizes(state.of_picture[row]):
                index[name, size].append(row)
    found = {key: index.get((_name(key), size)) for key in keys for size in _sizes(state.size(key))[:1]}
    # Cameras number alike: a thousand cards hold an IMG_0001.JPG of one size, and none of them is meant for sure.
    return {key: rows[:_SHOWN] for key, rows in found.items() if rows}


def _name(path: str) -> str:
    return folded(path).rpartition("/")[2]


def _sizes(size: Size) -> list[tuple]:
    """Return what to look a size up by: bytes, and width and height in whatever order (EXIF may turn them)."""
    width, height, n_bytes = size
    found: list[tuple] = [("bytes", n_bytes)] if n_bytes is not None else []
    return found + ([("pixels", *sorted((width, height)))] if width is not None and height is not None else [])


class _State:
    """What is decided so far, by key (the normal path of a result)."""

    def __init__(self, of_key: dict[str, Size], of_picture: list[Size]):
        self.of_key, self.of_picture = of_key, of_picture
        self.how: dict[str, str] = {}
        self.row: dict[str, int] = {}
        self.candidates: dict[str, list[int]] = {}
        self.taken: set[int] = set()

    def size(self, key: str) -> Size:
        return self.of_key.get(key, (None, None, None))

    def fits(self, key: str, row: int) -> bool:
        """Is there no size that both know and that differs?"""
        theirs = {size[0]: size for size in _sizes(self.of_picture[row])}
        return all(theirs.get(size[0], size) == size for size in _sizes(self.size(key)))

    def settle(self, how: str, found: dict[str, list[int]], sized: bool) -> None:
        """Decide the keys of one step: one picture and one key for it, or ambiguous."""
        claims: dict[int, list[str]] = defaultdict(list)
        for key, rows in found.items():
            if key in self.of_key and (sized or len(rows) > 1):
                rows = [row for row in rows if self.fits(key, row)]
            if len(rows) > 1:
                self._ambiguous(key, rows)
            elif rows and rows[0] in self.taken:
                self.how[key] = "taken"
            elif rows:
                claims[rows[0]].append(key)
        for row, claimants in claims.items():
            for key in claimants:
                if len(claimants) > 1:
                    self._ambiguous(key, [row])
                else:
                    self.how[key], self.row[key] = how, row
        self.taken.update(self.row.values())

    def _ambiguous(self, key: str, rows: list[int]) -> None:
        self.how[key], self.candidates[key] = "ambiguous", rows[:_SHOWN]

    def result(self, keys: list[str], first: dict[str, int], n_pictures: int) -> Matching:
        picture = np.fromiter((self.row.get(key, -1) for key in keys), dtype=np.int64, count=len(keys))
        how = [self.how.get(key, "none") for key in keys]
        candidates = {i: self.candidates[key] for i, key in enumerate(keys) if key in self.candidates}
        return Matching(picture, how, n_pictures, candidates)
