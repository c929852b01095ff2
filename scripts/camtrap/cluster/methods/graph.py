"""Leiden communities of the kNN graph: clusters without a k."""

from typing import TYPE_CHECKING

import numpy as np

from camtrap.cluster import scores
from camtrap.cluster.fits import Fit

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def knn_graph(index: np.ndarray, similarity: np.ndarray) -> "csr_matrix":
    """Return the symmetric kNN graph, scipy CSR float64 (n, n): the mean of both directions' cosines.

    A mutual pair so counts twice a one-sided one; negative cosines are left out. (A strictly mutual graph falls into pieces where
    species are rare; see docs/clustering.md.)
    """
    import scipy.sparse

    n, k = index.shape
    weight = np.where(index >= 0, np.maximum(similarity, 0), 0).astype(np.float64).ravel()
    directed = scipy.sparse.csr_matrix(
        (weight, (np.repeat(np.arange(n), k), np.maximum(index, 0).ravel())), shape=(n, n)
    )
    graph = (directed + directed.T) * 0.5
    graph.eliminate_zeros()
    graph.sort_indices()
    return graph


def leiden(graph: "csr_matrix", resolution: float, seed: int, trials: int = 1) -> np.ndarray:
    """Return communities int32 (n,), 0 to k-1 (Traag, Waltman and van Eck 2019; modularity with a resolution).

    `graspologic-native` (MIT). A node without an edge is a community of its own.
    """
    import graspologic_native

    n = graph.shape[0]
    if graph.nnz == 0:
        return np.arange(n, dtype=np.int32)
    result = graspologic_native.leiden_csr(
        graph.indptr.astype(np.int64),
        graph.indices.astype(np.int32),
        graph.data.astype(np.float64),
        n,
        resolution=resolution,
        iterations=2,
        seed=seed,
        trials=trials,
    )
    found = result[1]
    labels = np.arange(n, 2 * n)
    labels[np.fromiter(found, np.int64, len(found))] = np.fromiter(found.values(), np.int64, len(found))
    return np.unique(labels, return_inverse=True)[1].astype(np.int32)


def fit_leiden(x: np.ndarray, near: tuple[np.ndarray, np.ndarray], params: dict, seed: int) -> Fit:
    """Cluster at each of the ``resolutions``, and show the one nearest 1; how stable each is over ``runs`` is reported.

    Communities of fewer than ``min_units`` units are noise in what is shown; where all are smaller, all stand.
    """
    graph = knn_graph(*near)
    layers, rows = {}, []
    for resolution in params["resolutions"]:
        runs = [leiden(graph, resolution, seed + i) for i in range(params["runs"])]
        agree = [scores.adjusted_rand(a, b) for i, a in enumerate(runs) for b in runs[:i]]
        layers[str(resolution)] = runs[0]
        rows.append(
            {"resolution": resolution, "k": int(runs[0].max()) + 1, "stability": float(np.mean(agree or [1.0]))}
        )
    chosen = min(rows, key=lambda row: (abs(np.log2(row["resolution"])), row["resolution"]))
    labels = _without_small(layers[str(chosen["resolution"])], params["min_units"])
    kept = labels >= 0
    centres, _ = scores.means(x[kept], labels[kept], int(labels.max()) + 1)
    return Fit("leiden", labels, centres, {"resolutions": rows, "resolution": chosen["resolution"]}, None, layers)


def _without_small(labels: np.ndarray, least: int) -> np.ndarray:
    """Return the labels with communities of fewer than ``least`` members as noise (-1) and the others numbered anew."""
    large = np.flatnonzero(np.bincount(labels) >= least)
    if not len(large):
        return labels
    new = np.full(int(labels.max()) + 1, -1, np.int32)
    new[large] = np.arange(len(large))
    return new[labels]
