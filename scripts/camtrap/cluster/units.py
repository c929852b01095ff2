"""Units: the crops of a burst that agree are one animal seen several times, and count once."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from camtrap.cluster.scores import normalise

_LARGEST = 256  # crops of a burst compared at once; a longer one is cut
_NUMBERS = 6_400_000  # of vectors held at once: 100,000 rows of 64


def gather(
    vectors: np.ndarray, burst: pd.Series, params: dict
) -> tuple[np.ndarray | None, np.ndarray | None, np.ndarray, int]:
    """Gather crops into units.

    A burst whose crops' mean cosine is at least ``agreement`` is one unit; another is split by average linkage at that
    cosine (two animals of different kinds in one picture, or a false box beside an animal).

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
        Rows sorted by crop_id.
    burst : Series of length n
        Burst ids; a crop without one is its own unit.
    params : dict
        ``unit`` (burst, crop), ``prototype`` (mean, medoid), ``agreement`` (cosine), ``space``.

    Returns
    -------
    unit : int32 array of shape (n,), or None where every crop is its own unit
        Numbered by their first crop.
    prototypes : float32 array of shape (n_units, d), or None
        The mean of the unit's crops (of length 1, but in the raw space), or its medoid.
    medoids : int64 array of shape (n_units,)
        Row of the crop nearest the unit's mean.
    n_split : int
        Bursts that were split.
    """
    n = len(vectors)
    if params["unit"] not in ("burst", "crop"):
        raise ValueError(f"cluster.reduce.unit: {params['unit']!r} (known: burst, crop)")
    if params["prototype"] not in ("mean", "medoid"):
        raise ValueError(f"cluster.reduce.prototype: {params['prototype']!r} (known: mean, medoid)")
    code = pd.factorize(burst)[0].astype(np.int64) if params["unit"] == "burst" else np.full(n, -1, np.int64)
    alone = code < 0
    code[alone] = code.max(initial=-1) + 1 + np.arange(alone.sum())
    size = np.bincount(code) if n else np.zeros(0, int)
    if size.max(initial=0) <= 1:
        return None, None, np.arange(n), 0

    order = np.argsort(code, kind="stable")
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    part = np.zeros(n, np.int64)  # the crop's part within its burst
    n_split = 0
    for length in np.unique(size[size > 1]):
        for group in _blocks(np.flatnonzero(size == length), max(1, _NUMBERS // (length * max(vectors.shape[1], 1)))):
            rows = order[start[group][:, None] + np.arange(length)]
            if length > _LARGEST:
                split = np.ones(len(group), bool)
            else:
                x = normalise(vectors[rows])
                split = (x @ x.transpose(0, 2, 1)).min(axis=(1, 2)) < params["agreement"]
            for members in rows[split]:
                part[members] = _split(normalise(vectors[members]), params["agreement"])
                n_split += part[members].max() > 0
    unit = pd.factorize(pd.Series(code * (part.max() + 1) + part))[0].astype(np.int32)
    prototypes, medoids = _prototypes(vectors, unit, params)
    return unit, prototypes, medoids, int(n_split)


def _blocks(items: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _split(x: np.ndarray, agreement: float) -> np.ndarray:
    """Return the parts of one burst, by average linkage cut at cosine ``agreement``; a long burst in stretches."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    part = np.zeros(len(x), np.int64)
    offset = 0
    for start in range(0, len(x), _LARGEST):
        piece = x[start : start + _LARGEST]
        if len(piece) == 1:
            labels = np.zeros(1, np.int64)
        else:
            distance = np.clip(1 - (piece @ piece.T).astype(np.float64), 0, 2)
            np.fill_diagonal(distance, 0)
            tree = linkage(squareform(distance, checks=False), "average")
            labels = pd.factorize(fcluster(tree, 1 - agreement, "distance"))[0]
        part[start : start + _LARGEST] = labels + offset
        offset += labels.max() + 1
    return part


def _prototypes(vectors: np.ndarray, unit: np.ndarray, params: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return the units' prototypes and medoids; a block of the crops' vectors is in memory at a time."""
    import scipy.sparse

    n, n_units, width = len(unit), int(unit.max()) + 1, vectors.shape[1]
    size = np.bincount(unit)
    blocks = list(_blocks(np.arange(n), max(1, _NUMBERS // max(width, 1))))
    mean = np.zeros((n_units, width))
    for rows in blocks:
        own = unit[rows]
        first = int(own.min())
        shape = (int(own.max()) - first + 1, len(rows))
        member = scipy.sparse.csr_matrix((np.ones(len(rows)), (own - first, np.arange(len(rows)))), shape=shape)
        mean[first : first + shape[0]] += member @ vectors[rows].astype(np.float64)
    mean /= size[:, None]
    if params["space"] != "raw":
        mean = np.round(normalise(mean), 5)
    mean = mean.astype(np.float32)
    distance = np.empty(n)
    for rows in blocks:
        distance[rows] = np.round(((vectors[rows] - mean[unit[rows]]) ** 2).sum(1, dtype=np.float64), 9)
    by = np.lexsort((np.arange(n), distance, unit))
    medoids = by[np.concatenate([[0], np.cumsum(size)[:-1]])]
    return (mean if params["prototype"] == "mean" else np.ascontiguousarray(vectors[medoids])), medoids
