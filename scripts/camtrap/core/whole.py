"""Read a file to its end, whatever it is: what damage a reader can see."""

import csv
import json
import os
from collections.abc import Iterable
from pathlib import Path

from camtrap.core.errors import DamageError
from camtrap.core.files import open_parquet

__all__ = ["first_damaged", "read_whole"]


def read_whole(path: Path) -> None:
    """Read a file by its kind; what its reader raises says that it is damaged. Of other kinds nothing is read."""
    if path.suffix == ".parquet":
        with open_parquet(path) as file:
            for group in range(file.metadata.num_row_groups):
                file.read_row_group(group)
    elif path.suffix in (".npy", ".npz"):
        _arrays(path)
    elif path.suffix == ".json":
        json.loads(path.read_bytes())
    elif path.suffix in (".csv", ".tsv"):
        with open(path, encoding="utf-8-sig", newline="") as text:
            list(csv.reader(text, strict=True))


def _arrays(path: Path) -> None:
    """Read all of a NumPy file; an archive's checksums are verified by reading it."""
    import numpy as np

    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        if loaded.dtype.kind == "f" and loaded.size and not np.isfinite(loaded[:: max(1, len(loaded) // 1000)]).all():
            raise ValueError("not all numbers are finite")
        return
    with loaded:
        for name in loaded.files:
            loaded[name]


def first_damaged(paths: Iterable[str | os.PathLike], error: Exception) -> str | None:
    """After an error: the line that names the first file that cannot be read; None where the system is to blame."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None):
        return None
    for path in map(Path, paths):
        if not path.is_file():
            continue
        try:
            read_whole(path)
        except MemoryError:
            return None
        except Exception as found:  # whatever damage leads a reader to
            if getattr(found, "errno", None):
                return None
            why = " ".join(str(found).split())[:120] or type(found).__name__
            return str(DamageError.of(path, why))
    return None
