"""New crops beside named groups: each goes to the group it belongs to, or is clustered with the others that fit none.

No named group is merged with another or split here: what a decision said of a crop stands, and only new crops are given out.

A burst's prototype belongs to the class with the nearest mean (Rocchio) if it lies no farther from it than nearly all of the class's
own bursts do, and clearly nearer than to the next class. Classes are the named groups, and as their rivals the old
clusters that nobody named: what is nearest to one of these is nobody's.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from camtrap.cluster import neighbours as nn
from camtrap.cluster.methods.registry import METHODS
from camtrap.cluster.scores import normalise
from camtrap.cluster.settings import fill

__all__ = ["NEW", "OLD", "REJECTED", "Known", "assign", "compact", "most_common", "nested", "settle"]

NEW, OLD, REJECTED = -1, -2, -3
# Measured on the simulated survey, each kind in turn being the new one (docs/review.md).
WITHIN = 0.98  # quantile of the squared distances of a class's own bursts to its mean, each left out of the mean
CLEARLY = 0.75  # of the squared distance to the next class at most
FEW = 5  # bursts: so much counts the spread of all classes beside that of one
BLOCK = 16_384


class Known(NamedTuple):
    """What experts said of the crops.

    ``group`` int64 (n,): 0 to len(names) - 1 a named group; from there on an old cluster that nobody named; :data:`NEW`; :data:`OLD`
    (old, in no class); :data:`REJECTED`. ``names``: of each named group; each holds a crop at least.
    """

    group: np.ndarray
    names: list[str]


def assign(prototypes: np.ndarray, unit: np.ndarray, known: Known) -> tuple[np.ndarray, np.ndarray]:
    """Give new crops to named groups.

    Parameters
    ----------
    prototypes : float32 array of shape (n_units, d)
    unit : int array of shape (n,)
        The row of each crop in ``prototypes``.
    known : Known

    Returns
    -------
    group : int64 array of shape (n,)
        The named group of each crop; -1 where it has none.
    sure : float32 array of shape (n,)
        1 where it was said. Of a new crop in a group d2 / (d1 + d2), the squared distances to its class and to the next one: 0.5
        is undecided. Else 0.
    """
    k = len(known.names)
    group = np.where((known.group >= 0) & (known.group < k), known.group, -1)
    sure = (group >= 0).astype(np.float32)
    new = known.group == NEW
    if not new.any() or not k:
        return group, sure
    said = _most_common(known.group, unit, len(prototypes))
    x = normalise(np.asarray(prototypes, np.float32))
    inside = np.flatnonzero(said >= 0)
    classes, size, means = _means(x[inside], said[inside])
    own = ((x[inside] - means[classes]) ** 2).sum(1) * (size[classes] / np.maximum(size[classes] - 1, 0.5)) ** 2
    limit = _limits(own, classes, size)
    number = np.unique(said[inside])  # a class may have all its crops in units of others
    wanted = np.unique(unit[new])
    best, ratio = np.full(len(x), -1, np.int64), np.zeros(len(x), np.float32)
    for start in range(0, len(wanted), BLOCK):
        rows = wanted[start : start + BLOCK]
        distance = ((x[rows] ** 2).sum(1)[:, None] - 2 * x[rows] @ means.T + (means**2).sum(1)).clip(min=0)
        nearest = distance.argmin(1)
        at = np.arange(len(rows))
        first = distance[at, nearest]
        distance[at, nearest] = np.inf
        second = distance.min(1)
        fine = (first <= limit[nearest]) & (first < CLEARLY * second) & (number[nearest] < k)
        best[rows] = np.where(fine, number[nearest], -1)
        ratio[rows] = 1 / (1 + first / np.maximum(second, 1e-12))
    group[new] = best[unit[new]]
    sure[new] = np.where(group[new] >= 0, ratio[unit[new]], 0)
    return group, sure


def settle(
    prototypes: np.ndarray, unit: np.ndarray, known: Known, method: str, settings: Mapping[str, Any], seed: int
) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Clusters with the named groups first, in their order; what is in none of them is clustered by itself.

    Parameters
    ----------
    prototypes, unit, known
        As for :func:`assign`.
    method : str
        Clusters the rest; average linkage where it is a sweep, which needs a number of clusters.
    settings : mapping
        Section ``cluster``.
    seed : int

    Returns
    -------
    labels : int32 array of shape (n,)
        0 to len(names) - 1 are the named groups; then the rest by size; -1 is noise, and what was rejected.
    sure : float32 array of shape (n,)
        Of :func:`assign`; of the rest 0.
    counts : dict
        ``said``, ``assigned``, ``rest``: crops; ``clusters`` of the rest.
    """
    from camtrap.cluster.choose import number

    group, sure = assign(prototypes, unit, known)
    labels = group.astype(np.int32)
    rest = (group < 0) & (known.group != REJECTED)
    rows = np.unique(unit[rest])
    of_unit = np.full(len(prototypes), -1, np.int64)
    if len(rows):
        of_unit[rows] = _cluster(prototypes[rows], method, settings, seed)
    parts = number(of_unit[unit[rest]], int(rest.sum()))
    labels[rest] = np.where(parts >= 0, parts + len(known.names), -1)
    counts = {
        "said": int(((known.group >= 0) & (known.group < len(known.names))).sum()),
        "assigned": int(((known.group == NEW) & (group >= 0)).sum()),
        "rest": int(rest.sum()),
        "clusters": int(parts.max(initial=-1)) + 1,
    }
    return labels, sure, counts


def _cluster(x: np.ndarray, method: str, settings: Mapping[str, Any], seed: int) -> np.ndarray:
    if len(x) < 3:
        return np.arange(len(x))
    name = method if method in METHODS else "average"
    near = nn.search(normalise(x).astype(np.float32), fill("neighbours", settings.get("neighbours")), seed)[:2]
    return METHODS[name].load()(x, near, fill(name, settings.get(name)), seed).labels


def most_common(labels: np.ndarray, unit: np.ndarray, n_units: int) -> np.ndarray:
    """Of each unit the label that most of its crops have, the smaller one of two; int64 (n_units,). Every unit has a crop."""
    order = np.lexsort((labels, unit))
    u, label = unit[order], labels[order]
    first = np.flatnonzero(np.r_[True, (u[1:] != u[:-1]) | (label[1:] != label[:-1])])
    count = np.diff(np.r_[first, len(u)])
    best = np.lexsort((label[first], -count, u[first]))
    units, place = np.unique(u[first][best], return_index=True)
    out = np.full(n_units, -1, np.int64)
    out[units] = label[first][best][place]
    return out


def compact(labels: np.ndarray) -> np.ndarray:
    """The labels as 0, 1, … without gaps; -1 stays. int32 (n,)."""
    kept, out = labels >= 0, np.full(len(labels), -1, np.int32)
    out[kept] = np.unique(labels[kept], return_inverse=True)[1]
    return out


def nested(layer: np.ndarray, labels: np.ndarray, of_unit: np.ndarray) -> np.ndarray:
    """A layer of the crops that nests with their labels, where a crop was decided otherwise than its unit.

    Parameters
    ----------
    layer, labels, of_unit : int arrays of shape (n,)
        The layer of each crop's unit, the crop's cluster, and the cluster that most crops of its unit have.
    """
    other = np.flatnonzero(labels != of_unit)
    if not len(other):
        return layer
    k, out = int(max(labels.max(), of_unit.max())) + 1, layer.copy()
    of_cluster = layer.max(initial=-1) + 1 + np.arange(k)  # of a cluster that no unit has
    kept = of_unit >= 0
    of_cluster[of_unit[kept]] = layer[kept]
    out[other] = np.where(labels[other] >= 0, of_cluster[labels[other]], -1)
    return out


def _most_common(group: np.ndarray, unit: np.ndarray, n_units: int) -> np.ndarray:
    """Of each unit its commonest class, -1 where no crop of it is in one."""
    inside = group >= 0
    return most_common(group[inside], unit[inside], n_units) if inside.any() else np.full(n_units, -1, np.int64)


def _means(x: np.ndarray, said: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Classes 0… of the rows, their sizes, and their means, float32 (k, d)."""
    numbers, classes, size = np.unique(said, return_inverse=True, return_counts=True)
    means = np.zeros((len(numbers), x.shape[1]))
    np.add.at(means, classes, x)
    return classes, size, (means / size[:, None]).astype(np.float32)


def _limits(own: np.ndarray, classes: np.ndarray, size: np.ndarray) -> np.ndarray:
    """How far from its mean a class reaches; that of a small class leans on all classes together."""
    order = np.lexsort((own, classes))
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    each = own[order][start + np.ceil(WITHIN * size).astype(int).clip(1) - 1]
    return (each * size + np.quantile(own, WITHIN) * FEW) / (size + FEW)
