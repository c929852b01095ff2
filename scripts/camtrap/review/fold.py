"""From decisions to labels: of each crop its name, how it came, by which decision, by whom, when, and how sure. Pure."""

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa

from camtrap.review.boxes import rows_of
from camtrap.review.decisions import LABELS, Decision, in_effect, key, spellings
from camtrap.review.fits import Fit

__all__ = ["CARRIED", "CLUSTER", "LOOKED_AT", "fold", "needed"]

LOOKED_AT, CLUSTER, CARRIED = "looked at", "cluster", "carried over"
_STATE = {"name": "named", "reject": "rejected", "unsure": "unsure"}


def needed(decisions: Iterable[Decision]) -> set[str]:
    """The frozen clusterings that :func:`fold` asks for."""
    return {d.fit for d in in_effect(decisions) if d.action in LABELS and d.fit is not None}


def fold(decisions: Iterable[Decision], fits: Mapping[str, Fit], crops: pa.Array) -> pa.Table:
    """Say of each crop what was decided.

    What was said of crops goes before what was said of their cluster, whichever came first; within each, the last word counts.
    The order in which decisions are given says nothing.

    Parameters
    ----------
    decisions : iterable of Decision
    fits : mapping
        The frozen clusterings by name, those of :func:`needed` at least.
    crops : pyarrow.Array of n distinct strings
        The crops of now. One that is an old crop's box drawn anew has its label (:mod:`camtrap.review.boxes`).

    Returns
    -------
    pyarrow.Table
        n rows in the order of ``crops``; null where nothing was decided. ``crop_id``; ``state`` (named, rejected, unsure); ``name``;
        ``how`` (looked at; cluster; carried over: from another box); ``decision`` its id; ``who``; ``at``, timestamp[us, UTC]; ``sure``
        float32: 1, or how surely the crop belongs to the cluster that was named.
    """
    said = in_effect(decisions)
    spelled = spellings(said)
    said = [decision for decision in said if decision.action in LABELS]
    by_cluster, sure, drawn_anew = _of_clusters(said, fits, crops)
    by_crop, moved = _of_crops(said, crops)
    looked = by_crop >= 0
    last = np.where(looked, by_crop, by_cluster)
    none = last < 0
    how = np.where(looked, 0, 1)
    how[np.where(looked, moved, drawn_anew)] = 2
    at = (
        pa.array([decision.at[:-1] for decision in said], pa.string())
        .cast(pa.timestamp("us"))
        .cast(pa.timestamp("us", "UTC"))
    )
    named = [spelled[key(str(d.name))] if d.action == "name" else None for d in said]
    rows = pa.array(last, mask=none)
    return pa.table(
        {
            "crop_id": crops,
            "state": pa.array([_STATE[d.action] for d in said], pa.string()).take(rows),
            "name": pa.array(named, pa.string()).take(rows),
            "how": pa.array([LOOKED_AT, CLUSTER, CARRIED]).take(pa.array(how, mask=none)),
            "decision": pa.array([d.id for d in said], pa.string()).take(rows),
            "who": pa.array([d.who for d in said], pa.string()).take(rows),
            "at": at.take(rows),
            "sure": pa.array(np.where(looked, 1, sure).astype(np.float32), mask=none),
        }
    )


def _of_clusters(
    said: list[Decision], fits: Mapping[str, Fit], crops: pa.Array
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each crop the last decision that names a cluster with it, -1 without one; how surely it is there; is it another box?"""
    last_of: dict[str, dict[int, int]] = {}
    for number, decision in enumerate(said):
        if decision.fit is not None and decision.cluster is not None:
            last_of.setdefault(decision.fit, {})[decision.cluster] = number
    n = len(crops)
    last, sure, anew = np.full(n, -1, np.int64), np.ones(n, np.float32), np.zeros(n, bool)
    for name, numbers in last_of.items():
        fit = fits[name]
        of_number = np.full(int(fit.cluster.max(initial=-1)) + 2, -1, np.int64)  # the last entry is for noise
        for cluster, number in numbers.items():
            if cluster < len(of_number) - 1:
                of_number[cluster] = number
        rows, moved = rows_of(fit.crop_id, crops)
        number_of = of_number[fit.cluster]
        newer = (rows >= 0) & (number_of >= 0)
        newer[newer] = number_of[newer] > last[rows[newer]]
        to = rows[newer]
        last[to], sure[to], anew[to] = number_of[newer], fit.probability[newer], moved[newer]
    return last, sure, anew


def _of_crops(said: list[Decision], crops: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Of each crop the last decision that lists it, -1 without one; is it another box?"""
    last_of: dict[str, int] = {}
    for number, decision in enumerate(said):
        last_of.update(dict.fromkeys(decision.crops, number))
    last, anew = np.full(len(crops), -1, np.int64), np.zeros(len(crops), bool)
    rows, moved = rows_of(pa.array(list(last_of), pa.string()), crops)
    there = rows >= 0
    last[rows[there]] = np.array(list(last_of.values()), np.int64)[there]
    anew[rows[there]] = moved[there]
    return last, anew
