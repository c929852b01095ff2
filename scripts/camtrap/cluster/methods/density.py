"""HDBSCAN on a UMAP embedding."""

import numpy as np

from camtrap.cluster import scores
from camtrap.cluster.compiled import keep_compiled
from camtrap.cluster.fits import Fit
from camtrap.cluster.kmeans import every
from camtrap.cluster.scores import normalise


def fit_hdbscan(x: np.ndarray, near: tuple[np.ndarray, np.ndarray], params: dict, seed: int) -> Fit:
    """Reduce by UMAP to a few dimensions, then cluster by density (McInnes et al. 2018; Campello et al. 2013).

    Above ``sample`` units both see a sample; :func:`extend` places the others.
    """
    import umap
    from sklearn.cluster import HDBSCAN

    keep_compiled()

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
    fewest = min(params["min_samples"], len(rows))  # it refuses more than there are
    model = HDBSCAN(min_cluster_size=params["min_units"], min_samples=fewest, copy=True).fit(space)
    few = model.labels_.astype(np.int32)
    k = int(few.max(initial=-1)) + 1
    centres, _ = scores.means(x[rows][few >= 0], few[few >= 0], k)
    labels, probability = np.full(n, -1, np.int32), np.zeros(n, np.float32)
    labels[rows], probability[rows] = few, model.probabilities_
    if k and len(rows) < n:
        rest = np.setdiff1d(np.arange(n), rows)
        labels[rest], probability[rest] = extend(x[rest], x[rows], few, model.probabilities_)
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


def extend(
    x: np.ndarray, sample: np.ndarray, labels: np.ndarray, probability: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give units beyond the sample the label and the probability of the sampled unit nearest by cosine.

    A unit is noise where that one is noise, and where it lies farther from it than any sampled member of that cluster lies
    from its own nearest fellow member: it is then beyond the cluster's reach. (The idea of `hdbscan.approximate_predict`, in the
    units' space instead of UMAP's, into which new rows cannot be brought at a bounded cost.)

    Parameters
    ----------
    x : float32 array of shape (n, d)
    sample : float32 array of shape (m, d)
    labels : int array of shape (m,)
        Of the sample; -1 is noise.
    probability : float array of shape (m,)
        Of the sample.

    Returns
    -------
    labels : int32 array of shape (n,)
    probability : float32 array of shape (n,)
        0 for noise.
    """
    import faiss

    x, sample = (np.ascontiguousarray(normalise(part), np.float32) for part in (x, sample))
    reach = np.ones(int(labels.max()) + 1)  # the smallest cosine of a member and its nearest fellow
    for cluster in range(len(reach)):
        members = sample[labels == cluster]
        index = faiss.IndexFlatIP(sample.shape[1])
        index.add(members)
        reach[cluster] = index.search(members, min(2, len(members)))[0][:, -1].min()
    index = faiss.IndexFlatIP(sample.shape[1])
    index.add(sample)
    cosine, nearest = (part[:, 0] for part in index.search(x, 1))
    found = labels[nearest].astype(np.int32)
    found[cosine < reach[np.maximum(found, 0)] - 1e-6] = -1
    return found, np.where(found >= 0, probability[nearest], 0).astype(np.float32)
