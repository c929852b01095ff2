"""What experts said of crops, as the clustering needs it."""

import os

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.cluster.assign import NEW, OLD, REJECTED, Known
from camtrap.review.boxes import rows_of
from camtrap.review.decisions import in_effect, key
from camtrap.review.fold import fold, last_used
from camtrap.review.label import read, seen_before

__all__ = ["known_groups"]


def known_groups(folder: str | os.PathLike, crops: pa.Array) -> Known | None:
    """The named groups of the crops of now, in the order in which their names were first given; None where there are none.

    Parameters
    ----------
    folder : path
        ``<results>.review``.
    crops : pyarrow.Array of n strings
    """
    decisions, frozen, _ = read(folder)
    said = in_effect(decisions)
    labels = fold(said, frozen, crops)
    name = labels["name"].combine_chunks()
    there = {key(text): text for text in name.unique().drop_null().to_pylist()}
    if not there:
        return None
    names = [there[k] for k in dict.fromkeys(key(str(d.name)) for d in said if d.action == "name") if k in there]
    named = pc.fill_null(pc.index_in(name, pa.array(names)), -1).to_numpy().astype(np.int64)
    group = np.where(seen_before(frozen.values(), crops), OLD, NEW)
    first = len(names)
    for fit in last_used(said, frozen):
        cluster = frozen[fit].cluster
        rows, _ = rows_of(frozen[fit].crop_id, crops)
        of_name = np.unique(cluster[(rows >= 0) & (named[rows] >= 0)])
        rival = (rows >= 0) & (cluster >= 0) & ~np.isin(cluster, of_name)
        group[rows[rival]] = cluster[rival] + first
        first += int(cluster.max(initial=-1)) + 1
    group[pc.fill_null(pc.equal(labels["state"], "rejected"), False).to_numpy()] = REJECTED
    return Known(np.where(named >= 0, named, group), names)
