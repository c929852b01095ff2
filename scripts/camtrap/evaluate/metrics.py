"""Agreement of clusters with labels, all of it computed from one table of counts.

Every score here is a function of the contingency table (label x cluster), so that a million crops cost no more than a
hundred once they are counted, and so that the bootstrap scores a stack of resampled tables with the same code that
gives the estimate. Scores that scikit-learn has are defined as scikit-learn defines them (the tests compare).

Noise (cluster -1) can be counted in three ways, see :func:`count`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from camtrap.cluster.scores import rand_of_pairs
from camtrap.evaluate.tables import SCORES, comb2, scores

__all__ = ["SCORES", "Counts", "ari_between", "count", "encode", "recalled", "resolve_noise", "score", "scores"]

NOISE_WAYS = ("dropped", "singletons", "nearest")
ABUNDANCE = ((1, 4), (5, 9), (10, 29), (30, None))


class Counts(NamedTuple):
    """Contingency table of labels and clusters.

    ``table`` (n_labels, n_clusters) int64; ``singles`` (n_labels,) int64, crops that are each a cluster of their own
    (noise); ``labels`` sorted label values of the rows; ``clusters`` sorted cluster ids of the columns.
    """

    table: np.ndarray
    singles: np.ndarray
    labels: np.ndarray
    clusters: np.ndarray


def resolve_noise(clusters: ArrayLike, noise: str, suggestion: ArrayLike | None = None) -> np.ndarray:
    """Return cluster ids after the nearest cluster has replaced noise where ``noise`` is "nearest".

    Parameters
    ----------
    clusters : (n,) int
        Cluster ids, -1 is noise.
    noise : {"dropped", "singletons", "nearest"}
    suggestion : (n,) int, optional
        Nearest cluster of each crop, needed by "nearest"; -1 where there is none (the crop stays noise).
    """
    if noise not in NOISE_WAYS:
        raise ValueError(f"noise is counted as one of {', '.join(NOISE_WAYS)}, not {noise!r}")
    clusters = np.asarray(clusters)
    if noise != "nearest":
        return clusters
    if suggestion is None:
        raise ValueError("noise='nearest' needs the nearest cluster of each crop (suggestion)")
    return np.where(clusters < 0, np.asarray(suggestion), clusters)


def encode(
    labels: ArrayLike, clusters: ArrayLike, noise: str = "singletons", suggestion: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Number the labels and clusters of each crop.

    Returns
    -------
    row : (n,) int64
        Index into ``label_values``; -1 for a crop that is dropped.
    column : (n,) int64
        Index into ``cluster_values``; -1 for a crop that is a cluster of its own.
    label_values, cluster_values : sorted unique values.
    """
    import pandas as pd

    clusters = resolve_noise(clusters, noise, suggestion)
    row, label_values = pd.factorize(np.asarray(labels), sort=True)
    if len(row) != len(clusters):
        raise ValueError(f"{len(row)} labels but {len(clusters)} clusters: give one of each per crop")
    if (row < 0).any():
        raise ValueError("a label is missing: leave crops without a label out before scoring")
    noisy = clusters < 0
    cluster_values, column = np.unique(clusters[~noisy], return_inverse=True)
    columns = np.full(len(clusters), -1, np.int64)
    columns[~noisy] = column
    rows = np.where(noisy, -1, row) if noise == "dropped" else row
    return rows.astype(np.int64), columns, np.asarray(label_values), cluster_values


def count(
    labels: ArrayLike, clusters: ArrayLike, noise: str = "singletons", suggestion: ArrayLike | None = None
) -> Counts:
    """Count crops by label and cluster.

    Parameters
    ----------
    labels : (n,) array of str or int
        True label of each crop.
    clusters : (n,) int
        Cluster of each crop, -1 is noise.
    noise : {"singletons", "dropped", "nearest"}
        "dropped": noise is left out. "singletons": each noise crop is a cluster of its own, which lowers
        completeness but flatters purity, homogeneity and the scores after majority mapping, because a cluster of one
        is always pure. "nearest": noise joins the cluster in ``suggestion``.
    suggestion : (n,) int, optional
    """
    rows, columns, label_values, cluster_values = encode(labels, clusters, noise, suggestion)
    shape = len(label_values), len(cluster_values)
    inside = columns >= 0
    table = np.bincount(rows[inside] * shape[1] + columns[inside], minlength=shape[0] * shape[1]).reshape(shape)
    singles = np.bincount(rows[~inside & (rows >= 0)], minlength=shape[0])
    return Counts(table.astype(np.int64), singles.astype(np.int64), label_values, cluster_values)


def score(
    labels: ArrayLike, clusters: ArrayLike, noise: str = "singletons", suggestion: ArrayLike | None = None
) -> dict[str, float]:
    """Return every score of :data:`SCORES` (float; NaN where no crop is left) for one clustering; see :func:`count`."""
    counts = count(labels, clusters, noise, suggestion)
    return {name: float(value) for name, value in scores(counts.table, counts.singles).items()}


def ari_between(first: ArrayLike, second: ArrayLike) -> float:
    """Adjusted Rand index of two clusterings of the same crops, noise (-1) as clusters of one; (n,) int each."""
    first, second = np.asarray(first), np.asarray(second)
    a, b = first >= 0, second >= 0
    pairs = [comb2(np.unique(x, return_counts=True)[1]).sum() for x in (first[a], second[b])]
    both = a & b
    joint = np.unique(np.stack([first[both], second[both]]), axis=1, return_counts=True)[1]
    return float(rand_of_pairs(comb2(joint).sum(), pairs[0], pairs[1], comb2(len(first))))


def recalled(labels: ArrayLike, clusters: ArrayLike, bursts: ArrayLike) -> tuple[list[dict], list[dict]]:
    """Which species have a cluster of their own, by abundance.

    Parameters
    ----------
    labels : (n,) str; clusters : (n,) int (-1 noise is not a cluster); bursts : (n,) ids
        Abundance of a species is the number of its bursts.

    Returns
    -------
    species : list of dict
        label, crops, bursts, abundance (class), recalled (is more than half of some cluster), most_common (is the
        commonest label of some cluster), best_share (its largest share of a cluster); sorted by label.
    classes : list of dict
        abundance, species, recalled (numbers of species), share (None where the class is empty).
    """
    import pandas as pd

    counts = count(labels, clusters, "singletons")
    frame = pd.DataFrame({"label": np.asarray(labels), "burst": np.asarray(bursts)})
    n_bursts = frame.groupby("label")["burst"].nunique()
    sizes = counts.table.sum(0)
    winners = set(counts.table.argmax(0)) if len(sizes) else set()
    species = []
    for i, label in enumerate(counts.labels):
        best = float((counts.table[i] / np.maximum(sizes, 1)).max(initial=0.0))
        n = int(n_bursts[label])
        species.append(
            {
                "label": label,
                "crops": int(counts.table[i].sum() + counts.singles[i]),
                "bursts": n,
                "abundance": next(_name(c) for c in ABUNDANCE if n >= c[0] and (c[1] is None or n <= c[1])),
                "recalled": best > 0.5,
                "most_common": i in winners,
                "best_share": best,
            }
        )
    classes = []
    for bounds in ABUNDANCE:
        members = [s for s in species if s["abundance"] == _name(bounds)]
        hits = sum(s["recalled"] for s in members)
        share = hits / len(members) if members else None
        classes.append({"abundance": _name(bounds), "species": len(members), "recalled": hits, "share": share})
    return species, classes


def _name(bounds: tuple[int, int | None]) -> str:
    return f"{bounds[0]}+" if bounds[1] is None else f"{bounds[0]}-{bounds[1]}"
