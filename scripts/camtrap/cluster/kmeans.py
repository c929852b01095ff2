"""K-Means by FAISS (fast start, many restarts) or by scikit-learn (the notebooks' call)."""

import numpy as np


def every(n: int, size: int) -> np.ndarray:
    """Return the positions of a sample of at most ``size`` of ``n`` rows: every m-th, without chance."""
    return np.arange(n) if n <= size else (np.arange(size) * n) // size


def kmeans(x: np.ndarray, k: int, params: dict, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels int32 (n,) and centres float32 (k, d).

    Parameters
    ----------
    x : float32 array of shape (n, d)
    k : int
        At most n.
    params : dict
        Section ``kmeans`` of the settings.
    seed : int

    Notes
    -----
    Starts are k-means++ (Arthur and Vassilvitskii 2007). The restarts compete on at most ``restart_sample`` rows; the best
    goes on with at most ``sample`` rows, then all rows are assigned.
    """
    if params["implementation"] == "sklearn":
        from sklearn.cluster import KMeans

        model = KMeans(n_clusters=k, random_state=seed).fit(x)
        return model.labels_.astype(np.int32), model.cluster_centers_.astype(np.float32)
    x = np.ascontiguousarray(x, np.float32)
    # a sample has at least as many rows as there are clusters
    few = x[every(len(x), max(k, params["restart_sample"]))]
    centres = _train(few, k, params, seed, params["restarts"], None)
    if len(x) > len(few):
        centres = _train(x[every(len(x), max(k, params["sample"]))], k, params, seed, 1, centres)
    return assign(x, centres), centres


def _train(x: np.ndarray, k: int, params: dict, seed: int, restarts: int, start: np.ndarray | None) -> np.ndarray:
    import faiss

    model = faiss.Kmeans(
        x.shape[1],
        k,
        niter=params["iterations"],
        nredo=restarts,
        seed=seed % 2**31,
        spherical=params["spherical"],
        init_method=faiss.ClusteringInitMethod_KMEANS_PLUS_PLUS,
        early_stop_threshold=1e-5,
        min_points_per_centroid=1,
        max_points_per_centroid=len(x),
    )
    model.train(np.ascontiguousarray(x), init_centroids=start)
    if model.centroids is None:
        raise AssertionError("faiss gave no centroids")
    return model.centroids


def assign(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the nearest centre of each row, int32 (n,); of equally near ones the first."""
    out = np.zeros(len(x), np.int32)
    half = (centres.astype(np.float32) ** 2).sum(1) / 2
    for start in range(0, len(x), 16_384):
        out[start : start + 16_384] = (x[start : start + 16_384] @ centres.T - half).argmax(1)
    return out


def bic(inertia: float, sizes: np.ndarray, dims: int) -> float:
    """Bayesian information criterion of K-Means as hard spherical Gaussians of one variance, lower is better.

    Pelleg and Moore 2000 (X-means), with the sign of scikit-learn.
    """
    sizes = sizes[sizes > 0]
    n, k = sizes.sum(), len(sizes)
    variance = max(inertia / max(dims * (n - k), 1), 1e-12)
    loglik = (sizes * np.log(sizes / n)).sum() - n * dims / 2 * np.log(2 * np.pi * variance) - dims * (n - k) / 2
    return float(-2 * loglik + (k * (dims + 1)) * np.log(n))
