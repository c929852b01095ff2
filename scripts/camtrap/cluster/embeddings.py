"""Streaming the embeddings of the crops that take part in clustering, shard by shard."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from camtrap.core.errors import UserError
from camtrap.core.files import open_parquet, read_parquet

COLUMNS = ["crop_id", "shard", "burst", "infrared", "station", "camera", "batch"]
BATCH = 8_192  # rows decoded at once: 64 MB of 2,048 float32


def clustered_crops(crops: str | Path) -> pd.DataFrame:
    """Return the crops of ``tables/crops.parquet`` with ``clustered`` set, sorted by crop_id; the row is the position."""
    table = read_parquet(crops, columns=[*COLUMNS, "clustered"]).to_pandas()
    table = table[table.pop("clustered").fillna(False).astype(bool)]
    return table.sort_values("crop_id", kind="stable").reset_index(drop=True)


def stream(files: list[Path], crops: pd.DataFrame) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (positions, embeddings) of the wanted crops, a batch of rows at a time.

    Parameters
    ----------
    files : list of Path
        ``embeddings/{model}/{shard}.parquet``; the file's stem is the shard.
    crops : DataFrame
        Of :func:`clustered_crops`, or a part of it; its index is the position.

    Yields
    ------
    positions : int64 array of shape (m,)
    embeddings : float16 or float32 array of shape (m, d)

    Raises
    ------
    UserError
        If two files hold embeddings of different length.
    """
    wanted = {shard: group for shard, group in crops.groupby("shard", sort=True)}
    length, first = None, None
    for file in sorted(map(Path, files), key=lambda file: file.stem):
        group = wanted.get(file.stem)
        if group is None:
            continue
        ids = pd.Index(group["crop_id"])
        for batch in open_parquet(file).iter_batches(BATCH, columns=["crop_id", "embedding"]):
            column = batch.column("embedding")
            valid = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
            if not len(valid):
                continue
            matrix = column.flatten().to_numpy(zero_copy_only=False).reshape(len(valid), -1)
            if length is None:
                length, first = matrix.shape[1], file
            if matrix.shape[1] != length:
                raise UserError(
                    f"{file}: embeddings of {matrix.shape[1]} numbers, but {first} has {length}: "
                    "delete the embeddings of one of the two models and run again"
                )
            place = ids.get_indexer(batch.column("crop_id").to_pandas())[valid]
            keep = place >= 0
            if keep.any():
                yield group.index.to_numpy()[place[keep]], matrix[keep]


def missing(files: list[Path], crops: pd.DataFrame, found: np.ndarray, usable: np.ndarray) -> list[tuple[str, str]]:
    """Return (crop_id, reason) of the crops without a usable embedding.

    Parameters
    ----------
    found, usable : bool arrays of shape (len(crops),)
        Has an embedding; has one that is finite and not all zero.
    """
    shards = {Path(file).stem for file in files}
    rows = crops.loc[~usable, ["crop_id", "shard"]].assign(found=found[~usable])
    return [
        (
            crop,
            "its embedding is not finite, or all zero"
            if has
            else f"no embedding in shard {shard}"
            if shard in shards
            else f"no embeddings of shard {shard}",
        )
        for crop, shard, has in rows.itertuples(index=False)
    ]
