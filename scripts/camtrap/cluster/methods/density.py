"""HDBSCAN on a UMAP embedding."""

import numpy as np

from camtrap.cluster import scores
from camtrap.cluster.fits import Fit
from camtrap.cluster.kmeans import assign, every


def fit_hdbscan(x: np.ndarray, near: tuple[np.ndarray, np.ndarray], params: dict, seed: int) -> Fit:
    """Reduce by UMAP to a few dimensions, then cluster by density (McInnes et al. 2018; Campello et al. 2013).

    Above ``sample`` units both see a sample; the rest goes to the cluster of its nearest mean in the reduced space.
    """
    import umap
    from sklearn.cluster import HDBSCAN

    n = len(x)
    rows = every(n, params["sample"])
    if len(rows) <= max(params["min_units"], params["components"] + 2):
        labels = np.full(n, -1, np.int32)
        return Fit("hdbscan", labels, np.zeros((0, x.shape[1]), np.float32), {"switches": []}, np.zeros(n, np.float32))
    space = umap.UMAP(
        n_components=params["components"],
        n_neighbors=min(params["neighbours"], len(rows) - 1),
        min_dist=0.0,
        metric="cosine",
        random_state=seed,
        n_jobs=1,
    ).fit_transform(x[rows])
    model = HDBSCAN(min_cluster_size=params["min_units"], min_samples=params["min_samples"], copy=True).fit(space)
    few = model.labels_.astype(np.int32)
    k = int(few.max(initial=-1)) + 1
    centres, _ = scores.means(x[rows][few >= 0], few[few >= 0], k)
    labels, probability = np.full(n, -1, np.int32), np.zeros(n, np.float32)
    if k and len(rows) < n:
        labels[:] = assign(x, centres)
        probability[:] = 1
    labels[rows], probability[rows] = few, model.probabilities_
    switches = []
    if len(rows) < n:
        switches.append(
            {
                "what": "UMAP and HDBSCAN on a sample",
                "size": n,
                "limit": params["sample"],
                "reason": "their cost and memory",
            }
        )
    kept = few[few >= 0]
    metrics = {"switches": switches, "silhouette_umap": scores.silhouette(space[few >= 0], kept, 10_000) if k else None}
    return Fit("hdbscan", labels, centres, metrics, probability)
