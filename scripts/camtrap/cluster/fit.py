"""Fit one clusterer of the registry on the units and write its `Fit`, with the scores that all have."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from camtrap.cluster import neighbours as nn
from camtrap.cluster import scores
from camtrap.cluster.fits import Fit, write
from camtrap.cluster.methods.registry import METHODS, SWEEPS
from camtrap.cluster.reduced import Reduced
from camtrap.cluster.settings import fill
from camtrap.core.parallel import ordered

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
    """Fit a method of a sweep with one number of clusters: :func:`fit_ks` for a single k. Returns its metrics."""
    return fit_ks(method, reduced_dir, [k], [out], params, seed)[0]


def fit_ks(
    method: str,
    reduced_dir: str | Path,
    ks: Sequence[int],
    outs: Sequence[str | Path],
    params: dict | None = None,
    seed: int = 0,
    threads: int = 1,
) -> list[dict]:
    """Fit a method of a sweep for each number of clusters (fewer clusters where there are fewer distinct units).

    Parameters
    ----------
    method : str
        A key of `SWEEPS`.
    reduced_dir : path
        Of `reduce.reduce`; read once.
    ks : sequence of int
    outs : sequence of path
        The ``.npz`` of each k.
    params : dict
        The section of the method's name.
    seed : int
    threads : int
        So many fits at once. Each is the same whatever the number, as long as numerical libraries have one thread.

    Returns
    -------
    list of dict
        The metrics of each k: k, k_found, `SCORES`, bic, icl, aic, stability, switches, and what the method adds. A score that
        is not defined is None.
    """
    if method not in SWEEPS:
        raise ValueError(f"cluster.sweeps: {method!r} (known: {', '.join(SWEEPS)})")
    params = fill(method, params)
    x = Reduced(reduced_dir).units()
    distinct = len(np.unique(x, axis=0)) if len(x) <= 1_000 else len(x)
    function = SWEEPS[method].load()

    def one(job: tuple[int, str | Path]) -> dict:
        k, out = job
        fit = _fit_k(method, function, x, k, distinct, params, seed)
        write(out, fit)
        return fit.metrics

    jobs = list(zip(ks, outs, strict=True))
    # The last ones, in general the largest and longest, are begun first: none of them is left for the end.
    return list(ordered(one, jobs[::-1], threads))[::-1]


def _fit_k(
    method: str, function: Callable[..., Fit], x: np.ndarray, k: int, distinct: int, params: dict, seed: int
) -> Fit:
    """Fit one k on the units ``x``, of which so many are distinct, and complete the metrics."""
    if len(x):
        fit = function(x, min(k, distinct), params, seed)
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
    return fit
