"""Ward's merge tree over the prototypes of fine clusters."""

import numpy as np

from camtrap.cluster import scores
from camtrap.cluster.fits import Fit
from camtrap.cluster.kmeans import every


def merge_tree(x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return scipy's linkage (k-1, 4) of the clusters' means, weighted by their sizes (Ward 1963).

    Parameters
    ----------
    x : float32 array of shape (n, d)
    labels : int array of shape (n,)
        0 to k-1; -1 is left out.
    """
    k = int(labels.max(initial=-1)) + 1
    centres, count = scores.means(x[labels >= 0], labels[labels >= 0], k)
    return linkage(centres, count)


def linkage(centres: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return Ward's linkage of weighted points: (k-1, 4) as scipy's, with the total weight in the last column.

    scipy's own `linkage` knows no weights; a cluster of 1,000 units would merge as easily as one of 5.
    """
    k = len(centres)
    point, weight = centres.astype(np.float64), count.astype(np.float64)
    square = ((point[:, None] - point[None]) ** 2).sum(2) if k <= 1_000 else _square(point)
    cost = square * (weight[:, None] * weight) / np.maximum(weight[:, None] + weight, 1e-12)
    np.fill_diagonal(cost, np.inf)
    name, tree = list(range(k)), np.zeros((max(k - 1, 0), 4))
    alive = np.ones(k, bool)
    for step in range(k - 1):
        i, j = divmod(int(cost.argmin()), k)
        i, j = min(i, j), max(i, j)
        tree[step] = (
            min(name[i], name[j]),
            max(name[i], name[j]),
            np.sqrt(2 * max(cost[i, j], 0)),
            weight[i] + weight[j],
        )
        total = weight[i] + weight[j]
        rest = alive.copy()
        rest[[i, j]] = False
        # Lance and Williams 1967: the cost of merging the new cluster with each other one
        merged = ((weight[i] + weight) * cost[i] + (weight[j] + weight) * cost[j] - weight * cost[i, j]) / (
            total + weight
        )
        alive[j] = False
        cost[j, :] = cost[:, j] = np.inf
        cost[i, rest], cost[rest, i] = merged[rest], merged[rest]
        weight[i], name[i] = total, k + step
    return tree


def _square(point: np.ndarray) -> np.ndarray:
    length = (point**2).sum(1)
    return np.maximum(length[:, None] + length - 2 * point @ point.T, 0)


def cut(tree: np.ndarray, k: int, n: int) -> np.ndarray:
    """Return the labels (n,) of ``n`` leaves when the tree is cut into ``k`` clusters, numbered by their first leaf."""
    parent = np.arange(max(2 * n - 1, 0))
    joins = max(0, n - max(k, 1))
    parent[tree[:joins, :2].astype(int)] = n + np.arange(joins)[:, None]
    for node in range(n + joins - 1, -1, -1):  # a parent's name is greater than its child's
        parent[node] = parent[parent[node]]
    out = parent[:n]
    _, first, labels = np.unique(out, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[labels].astype(np.int32) if n else np.zeros(0, np.int32)


def fit_ward(x: np.ndarray, near: tuple[np.ndarray, np.ndarray], params: dict, seed: int) -> Fit:
    """Ward's clustering of the units themselves (of a sample above ``max_units``), cut where the silhouette is highest."""
    from scipy.cluster.hierarchy import linkage as ward

    from camtrap.cluster.kmeans import assign

    n = len(x)
    if n < 3:
        labels = np.zeros(n, np.int32)
        return Fit("ward", labels, scores.means(x, labels, min(n, 1))[0], {"switches": []})
    rows = every(n, params["max_units"])
    tree = ward(x[rows].astype(np.float64), "ward")
    options = range(2, min(60, len(rows) - 1) + 1)
    score = {k: scores.silhouette(x[rows], cut(tree, k, len(rows)), 5_000) for k in options}
    k = max((k for k in options if score[k] is not None), key=lambda k: (score[k], -k), default=1)
    few = cut(tree, k, len(rows))
    centres, _ = scores.means(x[rows], few, k)
    labels = few if len(rows) == n else assign(x, centres)
    switches = []
    if len(rows) < n:
        switches.append(
            {"what": "Ward on a sample", "size": n, "limit": params["max_units"], "reason": "it holds all pairs"}
        )
    return Fit("ward", labels, centres, {"switches": switches})
