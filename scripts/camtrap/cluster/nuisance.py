"""How much of a clustering is station, infrared, camera or memory card instead of species."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from camtrap.cluster.reduced import Reduced
from camtrap.core import files

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
    labels = pq.read_table(clusters, columns=["crop_id", column]).to_pandas().set_index("crop_id")[column]
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
    values = len(np.unique(factor))
    score = None
    if values > 1 and len(np.unique(labels)) > 1:
        from sklearn.metrics import adjusted_mutual_info_score

        score = float(adjusted_mutual_info_score(factor, labels))
    return {"ami": score, "values": values, "crops": len(labels)}
