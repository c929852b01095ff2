"""Frozen clusterings: which crops a cluster held when a decision spoke of it. Written once, never changed."""

import hashlib
import io
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from camtrap.core.errors import UserError
from camtrap.core.files import read_parquet, write_bytes
from camtrap.review import FITS

__all__ = ["Fit", "freeze", "keep", "known", "name_of", "prepare", "read"]


class Fit(NamedTuple):
    """A clustering: ``crop_id`` strings, ``cluster`` int32 (-1 is in none), ``probability`` float32, each of length n."""

    crop_id: pa.Array
    cluster: np.ndarray
    probability: np.ndarray


def of_table(path: str | os.PathLike) -> Fit:
    """The clustering in a ``clusters.parquet``, or in a frozen one."""
    table = read_parquet(path, columns=["crop_id", "cluster", "probability"]).combine_chunks()
    ids = table["crop_id"].combine_chunks() if table.num_rows else pa.array([], pa.string())
    return Fit(ids, table["cluster"].to_numpy().astype(np.int32), table["probability"].to_numpy().astype(np.float32))


def name_of(fit: Fit) -> str:
    """What decisions call a clustering: 16 hexadecimal digits of its content's SHA-256."""
    content = hashlib.sha256("\n".join(fit.crop_id.to_pylist()).encode())
    content.update(np.ascontiguousarray(fit.cluster, "<i4").tobytes())
    content.update(np.ascontiguousarray(fit.probability, "<f4").tobytes())
    return content.hexdigest()[:16]


def freeze(folder: str | os.PathLike, fit: Fit) -> str:
    """Keep a clustering beside the decisions; return its name (:func:`name_of`).

    Parameters
    ----------
    folder : path
        ``<results>.review``.
    fit : Fit
    """
    name = name_of(fit)
    if not _path(folder, name).exists():
        keep(folder, name, prepare(fit))
    return name


def prepare(fit: Fit) -> bytes:
    """The file of a clustering, in memory: of a million crops it takes a second, so the page makes it before it is needed."""
    columns = {"crop_id": fit.crop_id, "cluster": fit.cluster, "probability": fit.probability}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, compression="zstd", write_page_checksum=True)
    return buffer.getvalue()


def keep(folder: str | os.PathLike, name: str, data: bytes) -> None:
    """Write what :func:`prepare` made, unless it is there."""
    if not _path(folder, name).exists():
        write_bytes(_path(folder, name), data)


def read(folder: str | os.PathLike, name: str) -> Fit:
    """Read a frozen clustering; one that is not there raises UserError."""
    path = _path(folder, name)
    if not path.exists():
        raise UserError(f"{path}: decisions speak of this clustering, and it is not there: copy it with the decisions")
    return of_table(path)


def known(folder: str | os.PathLike) -> list[str]:
    """The clusterings that are there."""
    return sorted(path.stem for path in (Path(folder) / FITS).glob("*.parquet") if not path.name.startswith("."))


def _path(folder: str | os.PathLike, name: str) -> Path:
    return Path(folder) / FITS / f"{name}.parquet"
