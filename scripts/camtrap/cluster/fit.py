"""Fit one clusterer of the registry on the units and write its `Fit`, with the scores that all have."""

from pathlib import Path

import numpy as np

from camtrap.cluster import neighbours as nn
from camtrap.cluster import scores
from camtrap.cluster.fits import Fit, write
from camtrap.cluster.methods.registry import METHODS, SWEEPS
from camtrap.cluster.reduced import Reduced
from camtrap.cluster.settings import fill

SCORES = ("inertia", "silhouette", "davies_bouldin", "calinski_harabasz", "simplified_silhouette")


def fit_method(
    method: str,
    reduced_dir: str | Path,
    neighbours: str | Path,
    out: str | Path,
    params: dict | None = None,
    seed: int = 0,
) -> dict:
    """Fit a method that finds its own number of clusters.

    Parameters
    ----------
    method : str
        A key of `METHODS`.
    reduced_dir, neighbours : path
        Of `reduce.reduce` and `neighbours.neighbours`.
    out : path
        ``.npz``.
    params : dict
        The section of the method's name.
    seed : int

    Returns
    -------
    dict
        The metrics.
    """
    if method not in METHODS:
        raise ValueError(f"cluster.methods: {method!r} (known: {', '.join(METHODS)})")
    params = fill(method, params)
    x = Reduced(reduced_dir).units()
    if len(x) < 2:
        labels = np.zeros(len(x), np.int32)
        fit = Fit(method, labels, x, {"reason": "one cluster: there are fewer than two units"})
    else:
        fit = METHODS[method].load()(x, nn.read(neighbours), params, seed)
    kept = fit.labels >= 0
    fit.metrics["k"] = fit.k
    fit.metrics["noise"] = int((~kept).sum())
    fit.metrics.setdefault("switches", [])
    if kept.any():
        fit.metrics["silhouette"] = scores.silhouette(x[kept], fit.labels[kept], 10_000)
        fit.metrics |= scores.centre_scores(x[kept], fit.labels[kept])
    write(out, fit)
    return fit.metrics


def fit_sweep(
    method: str, reduced_dir: str | Path, k: int, out: str | Path, params: dict | None = None, seed: int = 0
) -> dict:
    """Fit a method of a sweep with k clusters (fewer where there are fewer distinct units).

    Parameters
    ----------
    method : str
        A key of `SWEEPS`.
    reduced_dir : path
        Of `reduce.reduce`.
    k : int
    out : path
        ``.npz``.
    params : dict
        The section of the method's name.
    seed : int

    Returns
    -------
    dict
        The metrics: k, k_found, `SCORES`, bic, icl, aic, stability, switches, and what the method adds. A score that is not
        defined is None.
    """
    if method not in SWEEPS:
        raise ValueError(f"cluster.sweeps: {method!r} (known: {', '.join(SWEEPS)})")
    params = fill(method, params)
    x = Reduced(reduced_dir).units()
    if len(x):
        used = min(k, len(np.unique(x, axis=0)) if len(x) <= 1_000 else len(x))
        fit = SWEEPS[method].load()(x, used, params, seed)
        common = {"silhouette": scores.silhouette(x, fit.labels, params.get("silhouette_sample", 10_000))}
        if "inertia" not in fit.metrics:
            common |= scores.centre_scores(x, fit.labels)
    else:
        fit = Fit(method, np.zeros(0, np.int32), np.zeros((0, x.shape[1]), np.float32), {})
        common = {}
    fit.metrics = {
        "k": int(k),
        "k_found": len(np.unique(fit.labels)),
        **dict.fromkeys((*SCORES, "bic", "icl", "aic", "stability")),
        **common,
        **fit.metrics,
    }
    fit.metrics.setdefault("switches", [])
    write(out, fit)
    return fit.metrics
