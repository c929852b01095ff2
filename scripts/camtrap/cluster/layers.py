"""A coarser and a finer layer of a clustering, and how firmly each unit belongs to its cluster."""

import numpy as np

from camtrap.cluster import scores
from camtrap.cluster.fits import Fit
from camtrap.cluster.kmeans import kmeans
from camtrap.cluster.methods import ward
from camtrap.cluster.settings import fill


def layers(x: np.ndarray, fit: Fit, params: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return coarse and fine labels of the units, int32 (n,); both nest with the clustering, and -1 stays noise.

    Coarse: Ward's merge tree over the clusters, cut at ``coarse`` times their number. Fine: each cluster is split by K-Means into
    ``fine`` times as many as there are, the more, the more it spreads.
    """
    labels, k = fit.labels, fit.k
    if k < 2:
        return labels.copy(), labels.copy()
    tree = ward.merge_tree(x, labels)
    merged = ward.cut(tree, max(2, round(params["coarse"] * k)), k)
    coarse = np.where(labels >= 0, merged[np.maximum(labels, 0)], -1).astype(np.int32)
    fine = np.full(len(x), -1, np.int32)
    settings = {**fill("kmeans", {}), "restarts": 2}
    wanted = round(params["fine"] * k)
    kept = labels >= 0
    centres, _ = scores.means(x[kept], labels[kept], k)
    spread = np.bincount(labels[kept], weights=((x[kept] - centres[labels[kept]]) ** 2).sum(1), minlength=k)
    share = spread / max(spread.sum(), 1e-12)
    offset = 0
    for cluster in range(k):
        rows = np.flatnonzero(labels == cluster)
        parts = int(np.clip(round(share[cluster] * wanted), 1, max(1, len(rows) // 3)))
        part = kmeans(x[rows], parts, settings, 0)[0] if parts > 1 else np.zeros(len(rows), np.int32)
        fine[rows] = part + offset
        offset += parts
    return coarse, fine


def membership(near: tuple[np.ndarray, np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Return for each unit the share of its neighbours' similarity that lies in its own cluster, float32 (n,) in 0 to 1."""
    index, similarity = near
    if not index.size:
        return np.where(labels >= 0, 1, 0).astype(np.float32)
    weight = np.where(index >= 0, np.maximum(similarity, 0), 0)
    same = (labels[np.maximum(index, 0)] == labels[:, None]) & (labels >= 0)[:, None]
    return ((weight * same).sum(1) / np.maximum(weight.sum(1), 1e-12)).astype(np.float32)
