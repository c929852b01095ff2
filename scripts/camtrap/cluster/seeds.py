"""The chosen clustering again with other seeds: how much of it is chance."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from camtrap.cluster import fits
from camtrap.cluster.fit import fit_method, fit_sweep
from camtrap.cluster.methods.registry import METHODS
from camtrap.cluster.reduced import Reduced
from camtrap.core.files import read_json, write_parquet


def refit(reduced: Path, neighbours: Path, choice: Path, out: Path, settings: dict, seed: int, n_seeds: int) -> None:
    """Fit the chosen method with ``n_seeds`` other seeds (seed + 1, seed + 2, ...).

    Parameters
    ----------
    reduced, neighbours, choice : Path
        Of the earlier steps; the sweep methods keep the k that was chosen.
    out : Path
        Parquet: crop_id and an int32 column ``seed_{s}`` each.
    settings : dict
        The configuration's ``cluster`` section.
    """
    chosen = read_json(choice)
    method = chosen["primary"]
    ids = Reduced(reduced).ids("crop_id", "unit")
    unit = ids["unit"].to_numpy()
    columns = {"crop_id": ids["crop_id"]}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "fit.npz"
        for other in range(seed + 1, seed + 1 + n_seeds):
            if method in METHODS:
                fit_method(method, reduced, neighbours, file, settings[method], other)
            else:
                fit_sweep(method, reduced, chosen["sweeps"][method]["k"], file, settings[method], other)
            columns[f"seed_{other}"] = pa.array(fits.read(file).labels[unit].astype(np.int32))
    write_parquet(out, pa.table(columns))
