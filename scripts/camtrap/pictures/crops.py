"""Reading stored crops: only the row groups that hold what is asked for, and small pictures of them."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from camtrap.core.errors import UserError
from camtrap.core.files import open_parquet, read_parquet
from camtrap.pictures import decode

if TYPE_CHECKING:
    from PIL.Image import Image


def stored_crops(
    crops_table: str | os.PathLike, files: Iterable[str | os.PathLike], crop_ids: Iterable[str]
) -> Iterator[tuple[str, bytes]]:
    """The stored picture of each crop asked for, reading only the row groups that hold them.

    Parameters
    ----------
    crops_table : path
        ``tables/crops.parquet``, which knows shard and row.
    files : iterable of path
        ``crops/{shard}.parquet`` of all shards.
    crop_ids : iterable of str

    Returns
    -------
    iterator of (str, bytes)
        Crop id and JPEG or PNG; by shard and row. A crop that the table does not know is left out.

    Raises
    ------
    UserError
        A file of crops does not hold the crop that the table says (it was made anew since).
    """
    table = read_parquet(crops_table, columns=["crop_id", "shard", "row"], filters=among(crop_ids))
    return stored(table.to_pandas(), files)


def stored(places: pd.DataFrame, files: Iterable[str | os.PathLike]) -> Iterator[tuple[str, bytes]]:
    """As :func:`stored_crops`, of crops whose shard and row are known: columns crop_id, shard, row."""
    of_shard = {Path(file).stem: file for file in files}
    for shard, of_one in places.sort_values(["shard", "row"]).groupby("shard"):
        path = of_shard[shard]
        with open_parquet(path) as file:
            sizes = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
            ends = np.cumsum(sizes)
            groups = np.searchsorted(ends, of_one["row"], side="right")
            for group, part in of_one.groupby(groups):
                held = _row_group(file, group, path)
                first = ends[group] - sizes[group]
                for crop_id, row in zip(part["crop_id"], part["row"], strict=True):
                    if held["crop_id"][row - first].as_py() != crop_id:
                        raise UserError(f"{path}: row {row} is not the crop {crop_id}; run the rule collect again")
                    yield crop_id, held["image"][row - first].as_py()


def among(crop_ids: Iterable[str]) -> pc.Expression:
    """A Parquet filter: rows whose crop_id is one of these."""
    return pc.field("crop_id").isin(pa.array(sorted(set(crop_ids)), pa.string()))


def thumbnail(data: bytes, side: int) -> "Image":
    """Decode a stored crop into a PIL picture (RGB) whose longer side is at most ``side`` pixels."""
    from PIL import Image

    image = Image.fromarray(decode.decode(data))
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return image


def _row_group(file: pq.ParquetFile, group: int, path: str | os.PathLike) -> pa.Table:
    if group >= file.metadata.num_row_groups:
        raise UserError(f"{path}: has fewer rows than the table of crops says; run the rule collect again")
    return file.read_row_group(group, columns=["crop_id", "image"])
