"""Which crops stand for a cluster: the nearest to its centre, a spread over it, its outliers."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from camtrap.cluster.reduced import Reduced
from camtrap.cluster.settings import fill
from camtrap.core import files
from camtrap.core.files import read_parquet

_POOL = 2_000  # crops of a cluster among which the spread is chosen


def choose_representatives(
    reduced_dir: str | Path, clusters: str | Path, out: str | Path, params: dict | None = None, column: str = "cluster"
) -> dict:
    """Choose representative crops of each cluster.

    Parameters
    ----------
    reduced_dir, clusters : path
    out : path
        Parquet: cluster int32 (-1 noise), role ``nearest``, ``spread`` or ``outlier``, rank int32 from 0, crop_id, distance float32 to
        the cluster's mean. Within a role at most one crop per burst; a crop may have two roles in a small cluster.
    params : dict
        Section ``represent``: how many of each role.
    column : str
        Which labels.

    Notes
    -----
    Spread: farthest-point traversal from the nearest crop (Gonzalez 1985), among the nearer 95 % of the cluster, so that a few
    outliers do not take all places.
    """
    params = fill("represent", params)
    reduced = Reduced(reduced_dir)
    vectors = reduced.vectors()
    ids = reduced.ids("crop_id", "unit", "burst").to_pandas()
    labels = read_parquet(clusters, columns=["crop_id", column]).to_pandas().set_index("crop_id")[column]
    labels = labels.reindex(ids["crop_id"]).fillna(-1).to_numpy(np.int64)
    # a crop without a burst is one of its own
    burst = (
        np.unique(ids["burst"].fillna("\x00" + ids["crop_id"]).to_numpy(str), return_inverse=True)[1]
        if len(ids)
        else np.zeros(0, int)
    )
    order = np.argsort(labels, kind="stable")
    names, start = np.unique(labels[order], return_index=True)
    parts: list[tuple] = []
    for name, members in zip(names, np.split(order, start)[1:], strict=True):
        x = np.asarray(vectors[members], np.float32)
        distance = np.round(np.sqrt(((x - x.mean(0, dtype=np.float64)) ** 2).sum(1)), 6).astype(np.float32)
        for role, rows in _roles(x, distance, burst[members], params).items():
            parts += [(name, role, rank, members[row], distance[row]) for rank, row in enumerate(rows)]
    columns = list(zip(*parts, strict=True)) or [(), (), (), (), ()]
    crop_ids = ids["crop_id"].to_numpy()
    table = {
        "cluster": pa.array(np.array(columns[0], np.int32)),
        "role": pa.array(list(columns[1]), pa.string()),
        "rank": pa.array(np.array(columns[2], np.int32)),
        "crop_id": pa.array([crop_ids[row] for row in columns[3]], pa.string()),
        "distance": pa.array(np.array(columns[4], np.float32)),
    }
    files.write_parquet(out, pa.table(table))
    return {"clusters": len(names), "rows": len(parts)}


def _roles(x: np.ndarray, distance: np.ndarray, burst: np.ndarray, params: dict) -> dict[str, list[int]]:
    near = np.lexsort((np.arange(len(x)), distance))
    _, first = np.unique(burst[near], return_index=True)
    single = near[np.sort(first)]  # of each burst the crop nearest the centre, nearest first
    far = near[::-1]
    _, first = np.unique(burst[far], return_index=True)
    outliers = far[np.sort(first)]
    core = single[: max(1, int(np.ceil(0.95 * len(single))))]
    pool = core[(np.arange(min(_POOL, len(core))) * len(core)) // min(_POOL, len(core))]
    return {
        "nearest": single[: params["nearest"]].tolist(),
        "spread": [int(pool[i]) for i in farthest_points(x[pool], params["spread"])],
        "outlier": outliers[: params["outliers"]].tolist(),
    }


def farthest_points(x: np.ndarray, m: int) -> list[int]:
    """Return up to m rows: the first, then ever the row farthest from all chosen (of equals the first)."""
    if not len(x) or m < 1:
        return []
    chosen = [0]
    gap = ((x - x[0]) ** 2).sum(1)
    while len(chosen) < min(m, len(x)):
        gap[chosen[-1]] = -1
        chosen.append(int(np.round(gap, 6).argmax()))
        gap = np.minimum(gap, ((x - x[chosen[-1]]) ** 2).sum(1))
        gap[chosen] = -1
    return chosen
