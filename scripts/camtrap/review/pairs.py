"""Pairs of groups most alike, for "same as?": what was answered once, or follows from answers, is not asked again."""

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa

from camtrap.cluster.scores import normalise
from camtrap.review.boxes import rows_of
from camtrap.review.decisions import Decision, in_effect
from camtrap.review.fits import Fit

__all__ = ["alike", "answered", "centres", "like", "linked", "needed"]

HALF = 0.5  # of a cluster's crops of now that lie in one group, for an answer to speak of the group


def centres(x: np.ndarray, group: np.ndarray, k: int) -> np.ndarray:
    """The mean of each of k groups, of length 1, float32 (k, d); zeros for one without a crop. ``group`` int (n,), -1 is none."""
    total = np.zeros((k, x.shape[1]))
    for start in range(0, len(x), 65_536):
        block = slice(start, start + 65_536)
        rows = np.flatnonzero(group[block] >= 0)
        rows = rows[np.argsort(group[block][rows], kind="stable")]
        if len(rows):
            numbers, at = np.unique(group[block][rows], return_index=True)
            total[numbers] += np.add.reduceat(normalise(np.asarray(x[block], np.float32)[rows]), at, axis=0)
    return normalise(total).astype(np.float32)


def alike(
    centre: np.ndarray, skip: Iterable[tuple[int, int]] = (), name: np.ndarray | None = None, most: int = 50
) -> list[tuple[int, int, float]]:
    """The pairs that are most alike.

    Parameters
    ----------
    centre : float32 array of shape (k, d)
        Of :func:`centres`.
    skip : iterable of pairs
        Groups of which it is known (:func:`answered`), in either order.
    name : int array of shape (k,), optional
        The name of each group, -1 without: two groups with one name are one already.
    most : int

    Returns
    -------
    list of (group, group, cosine)
        The smaller number first; the most alike pair first.
    """
    k = len(centre)
    near = np.round(centre @ centre.T, 6)
    near[np.tril_indices(k)] = -np.inf
    empty = ~centre.any(1)
    near[empty], near[:, empty] = -np.inf, -np.inf
    for a, b in skip:
        near[min(a, b), max(a, b)] = -np.inf
    if name is not None:
        near[(name[:, None] == name[None, :]) & (name >= 0)] = -np.inf
    found = np.argsort(-near, axis=None, kind="stable")[:most]
    pairs = zip(*np.unravel_index(found, near.shape), strict=True)
    return [(int(a), int(b), float(near[a, b])) for a, b in pairs if np.isfinite(near[a, b])]


def like(centre: np.ndarray, chosen: int) -> np.ndarray:
    """All groups, the most like the chosen one first (itself at the head); int64 (k,)."""
    near = np.round(centre @ centre[chosen], 6)
    near[chosen] = np.inf
    return np.argsort(-near, kind="stable")


def needed(decisions: Iterable[Decision]) -> set[str]:
    """The frozen clusterings that answers speak of."""
    return {fit for said in in_effect(decisions) if said.action in ("same", "different") for fit, _ in said.pair}


def linked(decisions: Iterable[Decision]) -> dict[tuple[str, int], tuple[str, int]]:
    """Clusters that were said to be the same: of each (fit, cluster) that was asked of one that stands for all of its kind."""
    above: dict[tuple[str, int], tuple[str, int]] = {}

    def top(of: tuple[str, int]) -> tuple[str, int]:
        while above.setdefault(of, of) != of:
            above[of] = above[above[of]]
            of = above[of]
        return of

    for said in in_effect(decisions):
        if said.action == "same":
            one, other = sorted(map(top, said.pair))
            above[other] = one
    return {of: top(of) for of in list(above)}


def answered(
    decisions: Iterable[Decision], fits: Mapping[str, Fit], crops: pa.Array, group: np.ndarray
) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Which groups of now are known to be the same, and which to be different.

    An answer speaks of clusters of a frozen clustering. It holds for the groups of now in which at least half of their crops
    lie. What follows counts, too: where A and B are the same, and B and C different, A and C are different.

    Parameters
    ----------
    decisions : iterable of Decision
    fits : mapping
        Those of :func:`needed` at least.
    crops : pyarrow.Array of n strings
    group : int array of shape (n,)
        Of each crop the group of now; -1 is in none.

    Returns
    -------
    same, different : sets of (int, int)
        The smaller number first. A pair that is in both was answered both ways.
    """
    said = [d for d in in_effect(decisions) if d.action in ("same", "different")]
    asked = {of for d in said for of in d.pair}
    now: dict[tuple[str, int], int] = {}
    for fit in {name for name, _ in asked}:
        rows, _ = rows_of(fits[fit].crop_id, crops)
        for cluster in {number for name, number in asked if name == fit}:
            there = rows[(fits[fit].cluster == cluster) & (rows >= 0)]
            inside = group[there][group[there] >= 0]
            count = np.bincount(inside) if len(inside) else np.zeros(1, np.int64)
            if len(inside) and count.max() >= HALF * len(there):
                now[fit, cluster] = int(count.argmax())
    pairs: dict[str, list[tuple[int, ...]]] = {"same": [], "different": []}
    for d in said:
        if all(of in now for of in d.pair):
            pairs[d.action].append(tuple(now[of] for of in d.pair))
    kind = {number: {number} for number in set(now.values())}
    for a, b in pairs["same"]:
        if kind[a] is not kind[b]:
            joined = kind[a] | kind[b]
            kind.update(dict.fromkeys(joined, joined))
    same = {(a, b) for all_ in kind.values() for a in all_ for b in all_ if a < b}
    different = {(min(x, y), max(x, y)) for a, b in pairs["different"] for x in kind[a] for y in kind[b]}
    return same, {(a, b) for a, b in different if a != b}
