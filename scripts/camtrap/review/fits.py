"""Frozen clusterings: which crops a cluster held when a decision spoke of it. Written once, never changed."""

import hashlib
import io
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from camtrap.core.errors import DamageError, UserError
from camtrap.core.files import open_parquet, read_parquet, write_bytes
from camtrap.review import FITS

__all__ = ["Fit", "freeze", "keep", "known", "name_of", "of_results", "of_table", "prepare", "read", "with_carried"]


class Fit(NamedTuple):
    """A clustering: ``crop_id`` strings, ``cluster`` int32 (-1 is in none), ``probability`` float32, each of length n.

    ``carried``, strings, null elsewhere: the names that new crops had when it was frozen because they came to a named group. They
    would be lost otherwise: a crop that was seen once is not new any more.
    """

    crop_id: pa.Array
    cluster: np.ndarray
    probability: np.ndarray
    carried: pa.Array | None = None


def of_table(path: str | os.PathLike) -> Fit:
    """The clustering in a ``clusters.parquet``, or in a frozen one."""
    with open_parquet(path) as file:
        table = file.read([c for c in ("crop_id", "cluster", "probability", "carried") if c in file.schema_arrow.names])
    table = table.combine_chunks()
    ids = table["crop_id"].combine_chunks() if table.num_rows else pa.array([], pa.string())
    carried = table["carried"].combine_chunks() if "carried" in table.column_names and table.num_rows else None
    cluster, probability = table["cluster"].to_numpy(), table["probability"].to_numpy()
    return Fit(ids, cluster.astype(np.int32), probability.astype(np.float32), carried)


def of_results(clusters: Path) -> Fit:
    """The clustering of a results folder, with the names that new crops have there (``tables/labels.parquet``): what is frozen.

    Parameters
    ----------
    clusters : Path
        ``<results>/clusters/{model}/clusters.parquet``.
    """
    fit, labels = of_table(clusters), clusters.parents[2] / "tables" / "labels.parquet"
    return with_carried(fit, read_parquet(labels, columns=["crop_id", "name", "decision"])) if labels.exists() else fit


def with_carried(fit: Fit, labels: pa.Table) -> Fit:
    """A clustering with the names that crops have in ``labels`` (``crop_id``, ``name``, ``decision``) though no decision gave them."""
    given = labels.filter(pc.and_(pc.is_null(labels["decision"]), pc.is_valid(labels["name"]))).combine_chunks()
    if not given.num_rows:
        return fit
    return fit._replace(carried=given["name"].combine_chunks().take(pc.index_in(fit.crop_id, given["crop_id"])))


def name_of(fit: Fit) -> str:
    """What decisions call a clustering: 16 hexadecimal digits of its content's SHA-256 (crops, clusters, probabilities)."""
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
    columns |= {} if fit.carried is None else {"carried": fit.carried}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, compression="zstd", write_page_checksum=True)
    return buffer.getvalue()


def keep(folder: str | os.PathLike, name: str, data: bytes) -> None:
    """Write what :func:`prepare` made, unless it is there."""
    if not _path(folder, name).exists():
        write_bytes(_path(folder, name), data)


def read(folder: str | os.PathLike, name: str) -> Fit:
    """Read a frozen clustering; one that is not there, or damaged, raises UserError: it cannot be made again."""
    path = _path(folder, name)
    if not path.exists():
        raise UserError(f"{path}: decisions speak of this clustering, and it is not there: copy it with the decisions")
    try:
        return of_table(path)
    except (DamageError, KeyError, OSError, ValueError) as error:
        if getattr(error, "errno", None):
            raise
        raise UserError(f"{path}: damaged, and decisions speak of this clustering: put a copy of it back") from None


def known(folder: str | os.PathLike) -> list[str]:
    """The clusterings that are there."""
    return sorted(path.stem for path in (Path(folder) / FITS).glob("*.parquet") if not path.name.startswith("."))


def _path(folder: str | os.PathLike, name: str) -> Path:
    return Path(folder) / FITS / f"{name}.parquet"
