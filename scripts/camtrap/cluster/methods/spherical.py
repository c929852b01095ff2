"""Spherical K-Means (Dhillon and Modha 2001): centres of length 1, cosine."""

import numpy as np

from camtrap.cluster import kmeans as km
from camtrap.cluster.fits import Fit
from camtrap.cluster.scores import normalise
from camtrap.cluster.settings import fill


def fit_spherical(x: np.ndarray, near: tuple[np.ndarray, np.ndarray], params: dict, seed: int) -> Fit:
    """Cluster by cosine with ``k`` clusters."""
    x = normalise(x).astype(np.float32)
    labels, centres = km.kmeans(x, min(params["k"], len(x)), {**fill("kmeans", {}), "spherical": True}, seed)
    labels = np.unique(labels, return_inverse=True)[1].astype(np.int32)
    return Fit("spherical", labels, centres[: labels.max() + 1], {})
