"""Suggestions from what has been named: of each crop without a name the nearest class mean, and odd ones in a group that has one.

A name may look different by day and by night, so a class has a mean for each of its parts: the groups that were given the name.
Each crop has its own suggestion. Nothing here decides: who accepts one makes a decision of it.
"""

from typing import NamedTuple

import numpy as np

from camtrap.cluster.scores import normalise

__all__ = ["Means", "Suggested", "means", "mistakes", "of_groups", "suggest"]

_BLOCK = 65_536  # rows compared at once
FEWEST = 2  # crops of a part that make a mean


class Means(NamedTuple):
    """Class means: ``mean`` float32 (p, d) of length 1, ``name`` int64 (p,) the class of each, ``part`` int64 (p,), ``size`` int64 (p,)."""

    mean: np.ndarray
    name: np.ndarray
    part: np.ndarray
    size: np.ndarray


class Suggested(NamedTuple):
    """For each row asked: ``name`` int64, -1 without; ``cosine`` float32 with its nearest mean; ``margin`` float32, to another name's."""

    name: np.ndarray
    cosine: np.ndarray
    margin: np.ndarray


def means(x: np.ndarray, name: np.ndarray, part: np.ndarray) -> Means:
    """The means of what has been named.

    Parameters
    ----------
    x : float32 array of shape (n, d)
        Vectors of the crops; mapped from a disk is fine.
    name : int array of shape (n,)
        The name of each crop as a number; -1 without.
    part : int array of shape (n,)
        Which group it is in. A name with a part in several groups has as many means, of parts of :data:`FEWEST` crops at least
        (a name without such a part: all its crops are one).
    """
    rows = np.flatnonzero(name >= 0)
    if not len(rows):
        return Means(np.zeros((0, x.shape[1]), np.float32), *(np.zeros(0, np.int64) for _ in range(3)))
    which = name[rows].astype(np.int64)
    pairs, own, count = np.unique(np.stack([which, part[rows]], 1), axis=0, return_inverse=True, return_counts=True)
    own = own.ravel()
    large = count >= FEWEST
    has_large = np.isin(pairs[:, 0], pairs[large, 0])
    kept, total = [], np.zeros((len(pairs), x.shape[1]))
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        vectors = normalise(np.asarray(x[rows[block]], np.float32))
        by = np.argsort(own[block], kind="stable")
        numbers, at = np.unique(own[block][by], return_index=True)
        total[numbers] += np.add.reduceat(vectors[by], at, axis=0)
    for number in np.unique(pairs[~has_large, 0]):
        members = np.flatnonzero(pairs[:, 0] == number)
        total[members[0]] = total[members].sum(0)
        count[members[0]] = count[members].sum()
        kept.append(members[0])
    keep = np.sort(np.r_[np.flatnonzero(large), np.array(kept, np.int64)])
    return Means(normalise(total[keep]).astype(np.float32), pairs[keep, 0], pairs[keep, 1], count[keep])


def suggest(x: np.ndarray, known: Means) -> Suggested:
    """The name of the nearest mean, for each row of ``x``, float32 (m, d).

    ``margin`` is how much nearer it is than the mean of any other name (the cosine itself where there is one name only).
    """
    m = len(x)
    name, cosine, margin = np.full(m, -1, np.int64), np.zeros(m, np.float32), np.zeros(m, np.float32)
    if not len(known.mean):
        return Suggested(name, cosine, margin)
    for start in range(0, m, _BLOCK):
        block = slice(start, start + _BLOCK)
        near = normalise(np.asarray(x[block], np.float32)).astype(np.float32) @ known.mean.T
        best = near.argmax(1)
        name[block], cosine[block] = known.name[best], near.max(1)
        near[known.name[best][:, None] == known.name[None, :]] = -np.inf
        other = near.max(1)
        margin[block] = cosine[block] - np.where(np.isfinite(other), other, 0)
    return Suggested(name, cosine, margin)


def of_groups(suggested: Suggested, group: np.ndarray) -> list[tuple[int, int, float, float]]:
    """Of each group the name that most of its crops have as a suggestion.

    Parameters
    ----------
    suggested : Suggested
        Of m crops.
    group : int array of shape (m,)
        -1 is in none.

    Returns
    -------
    list of (group, name, share, cosine)
        Sorted by group; ``share`` of its crops with this suggestion, ``cosine`` their mean one.
    """
    found = []
    for number in np.unique(group[group >= 0]):
        rows = np.flatnonzero(group == number)
        count = np.bincount(suggested.name[rows][suggested.name[rows] >= 0])
        if count.sum():
            best = int(count.argmax())
            own = rows[suggested.name[rows] == best]
            found.append((int(number), best, len(own) / len(rows), float(suggested.cosine[own].mean())))
    return found


def mistakes(x: np.ndarray, name: int, part: np.ndarray, known: Means) -> tuple[np.ndarray, Suggested]:
    """Crops of a named group that are nearer to another name: possible mistakes, the most striking first.

    Parameters
    ----------
    x : float32 array of shape (m, d)
        All crops that have the name.
    name : int
    part : int array of shape (m,)
        The group of each: it is taken out of its own mean before it is compared.
    known : Means

    Returns
    -------
    rows : int64 array
        In ``x``.
    suggested : Suggested
        For these rows: the other name, its cosine, and how much nearer it is than the own one.
    """
    vectors = normalise(np.asarray(x, np.float32)).astype(np.float32)
    own, others = known.name == name, np.flatnonzero(known.name != name)
    if not len(others) or not own.any() or not len(x):
        nothing = np.zeros(0, np.int64)
        return nothing, Suggested(nothing, nothing.astype(np.float32), nothing.astype(np.float32))
    other = vectors @ known.mean[others].T
    best = other.argmax(1)
    near = np.full(len(x), -1, np.float32)
    for p in np.flatnonzero(own):
        inside = part == known.part[p]
        cosine = vectors @ known.mean[p]
        if known.size[p] > 1 and inside.any():
            # the mean of the others of this part, without the crop itself
            length = _length(vectors[inside], known.size[p])
            rest = known.mean[p] * length - vectors[inside]
            cosine[inside] = (normalise(rest) * vectors[inside]).sum(1)
        near = np.maximum(near, cosine)
    margin = other.max(1) - near
    rows = np.flatnonzero(margin > 0)
    rows = rows[np.argsort(-margin[rows], kind="stable")]
    return rows, Suggested(known.name[others[best[rows]]], other.max(1)[rows], margin[rows])


def _length(vectors: np.ndarray, size: int) -> float:
    """Length of the sum of a part's vectors, of which these are all or a sample."""
    return float(np.linalg.norm(vectors.sum(0)) * size / len(vectors))
