"""How much of a clustering is station, infrared, camera or memory card instead of species."""

from pathlib import Path

import numpy as np
import pandas as pd

from camtrap.cluster.reduced import Reduced
from camtrap.core import files
from camtrap.core.files import read_parquet
from camtrap.evaluate.tables import information_scores

FACTORS = ("station", "infrared", "camera", "batch")


def nuisance(clusters: str | Path, reduced_dir: str | Path, out: str | Path, column: str = "cluster") -> dict:
    """Write the adjusted mutual information of the clusters with each factor.

    Parameters
    ----------
    clusters : path
        ``clusters.parquet``.
    reduced_dir : path
    out : path
        JSON: ``{factor: {"ami", "values", "crops"}}``; noise, and crops whose factor is unknown, are left out. ami is None where the
        factor has fewer than two values.
    column : str
        Which labels.

    Notes
    -----
    Vinh, Epps and Bailey 2010; counted over units, since the crops of one burst share station, night and camera.
    """
    labels = read_parquet(clusters, columns=["crop_id", column]).to_pandas().set_index("crop_id")[column]
    ids = Reduced(reduced_dir).ids().to_pandas().drop_duplicates("unit").set_index("crop_id")
    labels = labels.reindex(ids.index)
    result = {}
    for factor in FACTORS:
        known = (ids[factor].notna() & (labels >= 0)).to_numpy()
        result[factor] = ami(pd.factorize(ids[factor][known])[0], labels[known].to_numpy(np.int64))
    files.write_json(out, result)
    return result


def ami(factor: np.ndarray, labels: np.ndarray) -> dict:
    """Return {"ami", "values", "crops"} of integer codes with integer labels."""
    names, row = np.unique(factor, return_inverse=True)
    clusters, column = np.unique(labels, return_inverse=True)
    score = None
    if len(names) > 1 and len(clusters) > 1:
        counts = np.bincount(row * len(clusters) + column, minlength=len(names) * len(clusters))
        table = counts.reshape(1, len(names), len(clusters))
        score = float(information_scores(table, np.zeros((1, len(names)), np.int64))["ami"][0])
    return {"ami": score, "values": len(names), "crops": len(labels)}
