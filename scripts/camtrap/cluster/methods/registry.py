"""The methods that find clusters of units without a sweep over k: one registry, one line each."""

import importlib
from pathlib import Path

import numpy as np

from camtrap.cluster import neighbours as nn
from camtrap.cluster import scores
from camtrap.cluster.fits import Fit, load_units, write
from camtrap.cluster.settings import fill

METHODS = {
    "average": "camtrap.cluster.methods.average:fit_average",
    "leiden": "camtrap.cluster.methods.graph:fit_leiden",
    "hdbscan": "camtrap.cluster.methods.density:fit_hdbscan",
    "ward": "camtrap.cluster.methods.ward:fit_ward",
    "spherical": "camtrap.cluster.methods.spherical:fit_spherical",
}


def fit_primary(
    method: str,
    reduced_dir: str | Path,
    neighbours: str | Path,
    out: str | Path,
    params: dict | None = None,
    seed: int = 0,
) -> dict:
    """Fit one method of the registry and write its `Fit`.

    Parameters
    ----------
    method : str
        A key of `METHODS`.
    reduced_dir, neighbours : path
        Of `reduce.reduce` and `neighbours.neighbours`.
    out : path
        ``.npz``.
    params : dict
        The settings' section of the method's name.
    seed : int

    Returns
    -------
    dict
        The metrics.
    """
    if method not in METHODS:
        raise ValueError(f"cluster.methods: {method!r} (known: {', '.join(METHODS)})")
    module, name = METHODS[method].split(":")
    params = fill(method, params)
    x = load_units(reduced_dir)
    if len(x) < 2:
        labels = np.zeros(len(x), np.int32)
        fit = Fit(method, labels, x, {"reason": "one cluster: there are fewer than two units"})
    else:
        fit = getattr(importlib.import_module(module), name)(x, nn.read(neighbours), params, seed)
    kept = fit.labels >= 0
    fit.metrics["k"] = fit.k
    fit.metrics["noise"] = int((~kept).sum())
    fit.metrics.setdefault("switches", [])
    if kept.any():
        fit.metrics["silhouette"] = scores.silhouette(x[kept], fit.labels[kept], 10_000)
        fit.metrics |= scores.centre_scores(x[kept], fit.labels[kept])
    write(out, fit)
    return fit.metrics
