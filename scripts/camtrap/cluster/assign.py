"""New crops beside named groups: each goes to the group it belongs to, or is clustered with the others that fit none.

No named group is merged with another or split here: what a decision said of a crop stands, and only new crops are given out.

A burst belongs to the class of its nearest neighbours among the old bursts (k nearest neighbours, Fix and Hodges 1951) if they
agree, and if they are no farther than those of nearly all of the class's own bursts. What is left is asked once more, with all
new bursts among the neighbours (self-training, Scudder 1965, of one step): a new card looks a little different from the old
ones. Those that the first round left vote for nobody, or the few of a new kind that it gave out would draw in the others.
Classes are the named groups, and as their rivals the old clusters that nobody named: what is nearest to one of these is nobody's.
Class means were tried first: fewer new crops came to the right name, at the same share of a new kind that was left
alone (docs/review.md).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from camtrap.cluster import neighbours as nn
from camtrap.cluster.kmeans import every
from camtrap.cluster.methods.registry import METHODS
from camtrap.cluster.scores import normalise
from camtrap.cluster.settings import fill

__all__ = ["NEW", "OLD", "REJECTED", "Known", "assign", "by_itself", "compact", "most_common", "nested", "settle"]

NEW, OLD, REJECTED = -1, -2, -3
NEIGHBOURS = 5  # that vote; in a smaller class as many as it has bursts
AGREE = 0.7  # of the votes, weighted by cosine, at least
OUTSIDE = 0.01  # of a class's own bursts have neighbours as far off as what is left out
FEW = 5  # bursts: so much counts the spread of all classes beside that of one
SAMPLE = 20_000  # of the old bursts whose neighbours say how far a class reaches


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
        1 where it was said; of a new crop in a group the share of its neighbours' votes; else 0.
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
    numbers, classes, size = np.unique(said[inside], return_inverse=True, return_counts=True)
    old = Neighbours(x[inside], classes, size)
    rows = every(len(inside), SAMPLE)
    mine, _, near = old.vote(x[inside[rows]], rows)
    limit = _limits(near, classes[rows], mine == classes[rows], len(size))
    wanted = np.unique(unit[new])
    nearest, share, near = old.vote(x[wanted])
    fine = (share >= AGREE) & (near >= limit[nearest]) & (numbers[nearest] < k)
    best, ratio = np.full(len(x), -1, np.int64), np.zeros(len(x), np.float32)
    best[wanted[fine]], ratio[wanted[fine]] = numbers[nearest[fine]], share[fine]
    if fine.any() and not fine.all():
        nobody = len(numbers)
        numbers, limit = np.r_[numbers, k], np.r_[limit, np.inf]
        classes = np.r_[classes, np.where(fine, nearest, nobody)]
        all_ = Neighbours(x[np.r_[inside, wanted]], classes, np.bincount(classes))
        left = np.flatnonzero(~fine)
        nearest, share, near = all_.vote(x[wanted[left]], len(inside) + left)
        fine = (share >= AGREE) & (near >= limit[nearest]) & (numbers[nearest] < k)
        best[wanted[left[fine]]], ratio[wanted[left[fine]]] = numbers[nearest[fine]], share[fine]
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
        of_unit[rows] = by_itself(prototypes[rows], method, settings, seed)
    parts = number(of_unit[unit[rest]], int(rest.sum()))
    labels[rest] = np.where(parts >= 0, parts + len(known.names), -1)
    counts = {
        "said": int(((known.group >= 0) & (known.group < len(known.names))).sum()),
        "assigned": int(((known.group == NEW) & (group >= 0)).sum()),
        "rest": int(rest.sum()),
        "clusters": int(parts.max(initial=-1)) + 1,
    }
    return labels, sure, counts


def by_itself(x: np.ndarray, method: str, settings: Mapping[str, Any], seed: int) -> np.ndarray:
    """Cluster some units as a survey of their own.

    Parameters
    ----------
    x : float32 array of shape (n, d)
    method : str
        Average linkage where it is a sweep.
    settings : mapping
        Section ``cluster``.
    seed : int

    Returns
    -------
    int array of shape (n,)
        -1 is noise. Fewer than three units are a cluster each.
    """
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


class Neighbours:
    """Old bursts, asked for the class of others.

    Parameters
    ----------
    x : float32 array of shape (n, d)
        Of length 1.
    classes : int array of shape (n,)
    size : int array of shape (n_classes,)
    """

    def __init__(self, x: np.ndarray, classes: np.ndarray, size: np.ndarray) -> None:
        import faiss

        self.classes, self.size = classes, size
        self.index = faiss.IndexFlatIP(x.shape[1])
        self.index.add(np.ascontiguousarray(x))

    def vote(self, x: np.ndarray, own: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each row the class that its neighbours vote for, their share, and their mean cosine.

        ``own``: the rows themselves among the old ones, which have no vote.
        """
        n, extra = len(x), int(own is not None)
        cosine, found = self.index.search(np.ascontiguousarray(x), min(NEIGHBOURS + extra, len(self.classes)))
        if own is not None:
            cosine = np.where(found == own[:, None], -2, cosine)
            order = np.argsort(-cosine, axis=1, kind="stable")
            cosine, found = np.take_along_axis(cosine, order, 1), np.take_along_axis(found, order, 1)
        voted = self.classes[np.maximum(found, 0)]
        most = np.clip(self.size[voted[:, 0]] - (extra if own is not None else 0), 1, NEIGHBOURS)
        counts = (np.arange(found.shape[1]) < most[:, None]) & (cosine > -2)
        weight = np.where(counts, np.maximum(cosine, 1e-6), 0)
        best, most_votes = np.zeros(n, np.int64), np.zeros(n)
        for column in range(found.shape[1]):
            votes = (weight * (voted == voted[:, [column]])).sum(1)
            better = counts[:, column] & (votes > most_votes)
            best[better], most_votes[better] = voted[better, column], votes[better]
        total = weight.sum(1)
        return best, most_votes / np.maximum(total, 1e-12), total / np.maximum(counts.sum(1), 1)


def _limits(near: np.ndarray, classes: np.ndarray, right: np.ndarray, n_classes: int) -> np.ndarray:
    """How near its neighbours must be for a burst to belong to a class; that of a small class leans on all classes together.

    ``near``, ``classes``, ``right`` of old bursts: the mean cosine of their neighbours, their class, and whether these say so.
    """
    pooled = np.quantile(near[right], OUTSIDE) if right.any() else np.inf
    limit = np.full(n_classes, pooled)
    for number in np.unique(classes[right]):
        own = np.sort(near[right & (classes == number)])
        limit[number] = (own[int(OUTSIDE * len(own))] * len(own) + pooled * FEW) / (len(own) + FEW)
    return limit
