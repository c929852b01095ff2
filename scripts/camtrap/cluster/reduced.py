"""The folder ``reduced/``: the one reader of what `camtrap.cluster.reduce` writes. Imports nothing heavy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from camtrap.core.files import read_json, read_parquet

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

VECTORS, IDS, PCA, UNITS = "vectors.npy", "ids.parquet", "pca.npz", "units.npy"
MEMBERS, MISSING, INFO = "units.parquet", "missing.csv", "info.json"
FILES = (VECTORS, IDS, PCA, UNITS, MEMBERS, MISSING, INFO)


class Reduced:
    """The reduced vectors of one survey, read when asked.

    Parameters
    ----------
    folder : path
        Holds `FILES`.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def vectors(self) -> np.ndarray:
        """Return the crops' vectors, float32 (n, d), in the order of crop_id; read from the disk as they are used."""
        import numpy as np

        return np.load(self.folder / VECTORS, mmap_mode="r")

    def units(self) -> np.ndarray:
        """Return the units' vectors, float32 (n_units, d), in memory."""
        import numpy as np

        return np.load(self.folder / UNITS)

    def ids(self, *columns: str) -> pa.Table:
        """Return the crops in the order of the vectors: crop_id, burst, infrared, station, camera, batch, unit; or some of these."""
        return read_parquet(self.folder / IDS, columns=list(columns) or None)

    def unit(self) -> np.ndarray:
        """Return the row in :meth:`units` of each crop, int32 (n,)."""
        return self.ids("unit")["unit"].to_numpy()

    def info(self) -> dict:
        """Return numbers of crops, units and dimensions, explained variance, and switches (see `reduce.reduce`)."""
        return read_json(self.folder / INFO)
