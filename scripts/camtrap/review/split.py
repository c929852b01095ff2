"""A cluster clustered again by itself, by the workflow's own code: quick enough to be tried in the page.

Up to :data:`SAMPLE` bursts are clustered, with less evidence than a whole survey has (`camtrap.cluster.methods.average`); the others
follow their nearest one. So 20,000 crops take some seconds. What is rarer than that sample shows can be split off by a second split.
"""

import os
from typing import Any

import numpy as np

from camtrap.cluster.assign import by_itself
from camtrap.cluster.choose import number
from camtrap.cluster.kmeans import every, kmeans
from camtrap.cluster.scores import normalise
from camtrap.cluster.settings import fill
from camtrap.review.fits import Fit, freeze

__all__ = ["SAMPLE", "draft", "split"]

SAMPLE = 3_000  # bursts
METHOD = "average"
# A third of the evidence and of the resamples: the same code, for an answer while somebody waits.
SETTINGS = {METHOD: {"partitions": 12, "runs": 1, "resamples": 1, "exact_up_to": 1_000, "groups": 600}}
_BLOCK = 8_192


def split(x: np.ndarray, unit: np.ndarray, seed: int = 0) -> np.ndarray:
    """Find the parts of a cluster.

    Parameters
    ----------
    x : float32 array of shape (m, d)
        The reduced vectors of its crops.
    unit : int array of shape (m,)
        The burst (or unit) of each: it stays whole.
    seed : int

    Returns
    -------
    int32 array of shape (m,)
        The part of each crop: 0 to p - 1, the largest first. There are at least two where there are two different bursts: where
        the clustering finds one, two means share it.
    """
    if not len(x):
        return np.zeros(0, np.int32)
    _, own = np.unique(unit, return_inverse=True)
    size = np.bincount(own)
    by_unit = np.argsort(own, kind="stable")
    sums = np.add.reduceat(normalise(np.asarray(x, np.float32))[by_unit], np.r_[0, np.cumsum(size)[:-1]], axis=0)
    mean = normalise(sums).astype(np.float32)
    rows = every(len(mean), SAMPLE)
    found = by_itself(mean[rows], METHOD, SETTINGS, seed)
    if len(rows) > 1 and len(np.unique(found[found >= 0])) < 2:
        found = kmeans(mean[rows], 2, fill("kmeans", {}), seed)[0]
    kept = rows[found >= 0]
    of_kept, of_unit = found[found >= 0], np.full(len(mean), -1, np.int64)
    of_unit[kept] = of_kept
    rest = np.flatnonzero(of_unit < 0)
    for start in range(0, len(rest), _BLOCK):
        some = rest[start : start + _BLOCK]
        of_unit[some] = of_kept[(mean[some] @ mean[kept].T).argmax(1)]
    return number(of_unit[own], len(x))


def draft(folder: str | os.PathLike, fit: str, cluster: int, held: Fit, parts: np.ndarray) -> dict[str, Any]:
    """Freeze the parts, and return the decision for `Log.append`.

    Parameters
    ----------
    folder : path
        ``<results>.review``.
    fit, cluster
        What is split: the frozen clustering's name, and the number there.
    held : Fit
        That clustering.
    parts : int array of shape (m,)
        Of :func:`split`, for the crops of the cluster in the order of ``held``.
    """
    import pyarrow as pa

    inside = held.cluster == cluster
    ids = held.crop_id.filter(pa.array(inside))
    frozen = freeze(folder, Fit(ids, parts.astype(np.int32), held.probability[inside]))
    return {"action": "split", "fit": fit, "cluster": int(cluster), "parts": frozen}
