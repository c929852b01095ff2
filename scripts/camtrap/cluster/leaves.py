"""Small groups of nearest units, as leaves of a tree that cannot hold every unit."""

import numpy as np
import scipy.sparse
from scipy.sparse.csgraph import connected_components

from camtrap.cluster import neighbours
from camtrap.cluster.scores import normalise
from camtrap.cluster.settings import fill

_EDGES = 200_000  # edges measured at once
# Cosines that differ by less are alike: copies of a picture, which are all each other's nearest, become one group at once.
_ALIKE = 1e-3


def small_groups(x: np.ndarray, near: np.ndarray, most: int) -> np.ndarray:
    """Join nearest groups until ``most`` are left; return the group of each row, int (n,), 0 to m-1.

    Average linkage by rounds (reciprocal agglomerative clustering, Sumengen and others 2021): in each round a group joins its
    nearest, by the mean cosine of their members, if that one has no nearer; of these pairs the nearer half. Only pairs
    that a neighbour joins are looked at, so a round costs the edges that are left; where these end too soon, the groups'
    means get new neighbours. Unlike K-Means cells, groups have no common size: five units of a rare species are one group
    when their neighbours are farther than they are from each other.

    Parameters
    ----------
    x : float32 array of shape (n, d)
        Rows of length 1.
    near : int array of shape (n, k)
        Neighbours of each row; -1 for none.
    most : int
        At least 1.
    """
    n = len(x)
    label, total, size = np.arange(n), x.astype(np.float64), np.ones(n)
    a, b = _pairs(near, n)
    while (m := len(size)) > most:
        if not len(a):
            means = normalise(total).astype(np.float32)
            a, b = _pairs(neighbours.search(means, fill("neighbours", {}), 0)[0], m)
        best, cosine = _nearest(a, b, _cosines(total / size[:, None], a, b), m)
        one = np.flatnonzero(best >= 0)
        one = one[cosine[one] >= cosine[best[one]] - _ALIKE]
        one = one[np.lexsort((best[one], -cosine[one]))][: min(len(one) // 2 + 1, m - most)]
        link = scipy.sparse.csr_matrix((np.ones(len(one)), (one, best[one])), shape=(m, m))
        k, new = connected_components(link, directed=False)
        member = scipy.sparse.csr_matrix((np.ones(m), (new, np.arange(m))), shape=(k, m))
        total, size, label = member @ total, member @ size, new[label]
        a, b = _edges(new[a], new[b], m)
    return label


def _pairs(near: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs that neighbours make."""
    there = near.ravel() >= 0
    return _edges(np.repeat(np.arange(n), near.shape[1])[there], near.ravel()[there], n)


def _edges(a: np.ndarray, b: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each pair of different groups once, the smaller number first."""
    a, b = np.minimum(a, b).astype(np.int64), np.maximum(a, b)
    return np.divmod(np.unique(a[a < b] * n + b[a < b]), n)


def _cosines(mean: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the mean cosine of the members of each pair, rounded so that the last bits of a sum choose no join."""
    mean, out = mean.astype(np.float32), np.empty(len(a), np.float32)
    for start in range(0, len(a), _EDGES):
        part = slice(start, start + _EDGES)
        out[part] = np.einsum("ij,ij->i", mean[a[part]], mean[b[part]])
    return np.round(out, 5)


def _nearest(a: np.ndarray, b: np.ndarray, cosine: np.ndarray, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each group's nearest (of equals the one of the lowest number; -1 for none) and their cosine."""
    one, other, value = np.concatenate([a, b]), np.concatenate([b, a]), np.concatenate([cosine, cosine])
    order = np.lexsort((other, -value, one))
    first = order[np.flatnonzero(np.diff(one[order], prepend=-1))]
    best, highest = np.full(m, -1), np.full(m, -np.inf)
    best[one[first]], highest[one[first]] = other[first], value[first]
    return best, highest
