"""Confidence intervals that know that the crops of a burst are one animal seen several times.

Bursts, not crops, are resampled with replacement. Each burst's crops are counted once by (label, cluster); a resample is
then a weighted sum of these counts, so that its cost does not depend on the number of crops.
"""

import numpy as np
from numpy.typing import ArrayLike

from camtrap.evaluate import metrics

CELLS_AT_ONCE = 4_000_000


def intervals(
    labels: ArrayLike,
    clusters: ArrayLike,
    bursts: ArrayLike,
    *,
    noise: str = "singletons",
    suggestion: ArrayLike | None = None,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, dict[str, float]]:
    """Return each score of :data:`camtrap.evaluate.metrics.SCORES` with its confidence interval.

    Parameters
    ----------
    labels : (n,) str or int; clusters : (n,) int; noise, suggestion
        As :func:`camtrap.evaluate.metrics.count` takes them.
    bursts : (n,) array of ids
        Burst of each crop: the unit that is resampled.
    resamples : int
        Number of resamples; 0 gives the scores alone.
    confidence : float
        Coverage, in (0, 1).
    seed : int
        The same seed and bursts give the same resamples, whatever the order of the crops.

    Returns
    -------
    dict of str to {"value", "low", "high", "bias"}
        Floats; NaN where no crop is left (and without resamples). ``bias`` is the mean of the replicates less the value.
        A resample repeats bursts and misses others, which pulls most scores upwards; so the replicates are moved by
        their bias, and the interval [``low``, ``high``] is the percentiles of what then lies around the value, cut at
        the score's bounds. A large ``bias`` says that there are few bursts for so many clusters and that the value
        itself is likely to be too high.
    """
    value = metrics.score(labels, clusters, noise, suggestion)
    replicates = resample(labels, clusters, bursts, noise, suggestion, resamples, seed) if resamples else {}
    return {name: _interval(v, replicates.get(name, np.empty(0)), confidence, name) for name, v in value.items()}


def resample(
    labels: ArrayLike,
    clusters: ArrayLike,
    bursts: ArrayLike,
    noise: str,
    suggestion: ArrayLike | None,
    resamples: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Return the scores of resampled bursts: {score: (resamples,) float}. Parameters as in :func:`intervals`."""
    from scipy.sparse import csr_array

    rows, columns, label_values, cluster_values = metrics.encode(labels, clusters, noise, suggestion)
    n_labels, n_clusters = len(label_values), len(cluster_values)
    burst_values, burst = np.unique(np.asarray(bursts).astype(str), return_inverse=True)
    if len(burst) != len(rows):
        raise ValueError(f"{len(rows)} labels but {len(burst)} bursts: give one of each per crop")
    # Cells of the table, then one cell per label for its noise.
    cell = np.where(columns >= 0, rows * n_clusters + columns, n_labels * n_clusters + rows)
    kept = rows >= 0
    used, cell = np.unique(cell[kept], return_inverse=True)
    counts = csr_array((np.ones(kept.sum(), np.int64), (burst[kept], cell)), shape=(len(burst_values), len(used)))
    cells_by_burst = counts.T.tocsr()

    width = n_labels * n_clusters + n_labels
    n = len(burst_values)
    step = max(1, min(resamples, CELLS_AT_ONCE // max(width, n, 1)))
    rng = np.random.default_rng(seed)
    parts = []
    for start in range(0, resamples, step):
        drawn = [np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(min(step, resamples - start))]
        flat = np.zeros((len(drawn), width), np.int64)
        flat[:, used] = (cells_by_burst @ np.stack(drawn, axis=1)).T
        table = flat[:, : n_labels * n_clusters].reshape(len(drawn), n_labels, n_clusters)
        parts.append(metrics.scores(table, flat[:, n_labels * n_clusters :]))
    return {name: np.concatenate([part[name] for part in parts]) for name in metrics.SCORES}


def _interval(value: float, replicates: np.ndarray, confidence: float, name: str) -> dict[str, float]:
    replicates = replicates[np.isfinite(replicates)]
    if not np.isfinite(value) or len(replicates) == 0:
        return {"value": value, "low": np.nan, "high": np.nan, "bias": np.nan}
    bias = replicates.mean() - value
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.clip(np.quantile(replicates, tails) - bias, -1.0 if name in ("ari", "ami") else 0.0, 1.0)
    # The percentiles of a skewed score may both lie on one side of its mean.
    return {"value": value, "low": float(min(low, value)), "high": float(max(high, value)), "bias": float(bias)}


def share(
    hits: ArrayLike, bursts: ArrayLike, *, resamples: int = 1000, confidence: float = 0.95, seed: int = 0
) -> dict[str, float]:
    """Return the share of true ``hits`` (n,) bool with its interval over ``bursts`` (n,), as :func:`intervals` does."""
    hits = np.asarray(hits, bool)
    if len(hits) == 0:
        return _interval(np.nan, np.empty(0), confidence, "share")
    burst = np.unique(np.asarray(bursts).astype(str), return_inverse=True)[1]
    sizes, found = np.bincount(burst), np.bincount(burst, weights=hits)
    rng = np.random.default_rng(seed)
    drawn = (rng.integers(0, len(sizes), len(sizes)) for _ in range(resamples))
    replicates = np.array([found[d].sum() / sizes[d].sum() for d in drawn])
    return _interval(float(hits.mean()), replicates, confidence, "share")
