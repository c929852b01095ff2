"""The groups that an expert works on: names, and of what has none the clusters of now, in the parts into which they were split."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.review.decisions import Decision, in_effect, key
from camtrap.review.fits import Fit
from camtrap.review.pairs import linked

__all__ = ["Groups", "groups"]


class Groups(NamedTuple):
    """``number`` int64 (n,): the group of each crop, -1 where it is in none (noise, rejected, unsure).

    The first groups are the names, by their spelling; then clusters and parts. ``names``: of the first groups. ``clusters``: of
    the others the (fit, cluster) that a decision on the group speaks of; several where they were said to be the same.
    """

    number: np.ndarray
    names: list[str]
    clusters: list[list[tuple[str, int]]]


def groups(labels: pa.Table, decisions: Iterable[Decision], name: str, fits: Mapping[str, Fit]) -> Groups:
    """Put every crop into its group.

    Parameters
    ----------
    labels : pyarrow.Table
        ``crop_id``, ``state``, ``name`` of n crops (``tables/labels.parquet``, or `fold.fold`).
    decisions : iterable of Decision
    name : str
        What the clustering of now is called, frozen or not (`fits.name_of`).
    fits : mapping
        It by this name, and the parts of splits (those that are missing are passed over).
    """
    said = in_effect(decisions)
    ids, named = labels["crop_id"].combine_chunks(), labels["name"].combine_chunks()
    text = sorted(named.unique().drop_null().to_pylist(), key=lambda spelled: (key(spelled), spelled))
    number = pc.fill_null(pc.index_in(named, pa.array(text, pa.string())), -1).to_numpy().astype(np.int64)
    open_ = labels["state"].combine_chunks().is_null().to_numpy(zero_copy_only=False)
    place, cluster = _places(ids, fits[name]), {name: 0}
    of: list[tuple[str, int]] = []
    target = _targets(place, name, of)
    for split in (d for d in said if d.action == "split" and d.more["parts"] in fits):
        whole = (str(split.fit), int(split.cluster or 0))
        if whole[0] not in cluster:
            continue  # of a clustering of before
        parts = split.more["parts"]
        cluster[parts] = 1
        inside = _places(ids, fits[parts])
        codes = {pair: code for code, pair in enumerate(of)}
        here = (target == codes.get(whole, -2)) & (inside >= 0)
        target[here] = _targets(inside[here], parts, of)
    links = linked(said)
    rest = open_ & (number < 0) & (target >= 0)
    used, inverse = np.unique(target[rest], return_inverse=True)
    tops = [links.get(of[code], of[code]) for code in used]
    order: dict[tuple[str, int], int] = {}
    for top in tops:
        order.setdefault(top, len(order))
    number[rest] = np.array([order[top] for top in tops], np.int64)[inverse] + len(text)
    clusters: list[list[tuple[str, int]]] = [[] for _ in order]
    for code, top in zip(used, tops, strict=True):
        clusters[order[top]].append(of[code])
    return Groups(number, text, clusters)


def _places(ids: pa.Array, fit: Fit) -> np.ndarray:
    """The cluster of each crop in a clustering, -1 where it is in none."""
    rows = pc.fill_null(pc.index_in(ids, fit.crop_id), -1).to_numpy()
    return np.where(rows >= 0, fit.cluster[rows], -1).astype(np.int64) if len(fit.cluster) else np.full(len(ids), -1)


def _targets(place: np.ndarray, name: str, of: list[tuple[str, int]]) -> np.ndarray:
    """The clusters of one clustering as places in ``of``, which gets them appended; -1 stays."""
    first = len(of)
    of += [(name, number) for number in range(int(place.max(initial=-1)) + 1)]
    return np.where(place >= 0, place + first, -1)
