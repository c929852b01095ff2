"""The export that every spreadsheet opens: one CSV, one row per crop."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from camtrap.core.files import read_parquet, write_csv

CROP_COLUMNS = [
    "crop_id",
    "path",
    "batch",
    "station",
    "datetime",
    "burst",
    "event",
    "category",
    "conf",
    "x",
    "y",
    "w",
    "h",
]
EXTRA_COLUMNS = ["infrared", "touches_border", "repeat"]
CLUSTER_COLUMNS = ["cluster", "probability", "suggestion", "coarse", "fine"]


def joined(crops: Path, clusters: Path, columns: list[str]) -> pa.Table:
    """Crops with their clusters (null where a crop was not clustered), sorted by path and crop_id."""
    table = read_parquet(crops, columns=columns)
    found = read_parquet(clusters, columns=["crop_id", *CLUSTER_COLUMNS])
    return table.join(found, "crop_id").sort_by([("path", "ascending"), ("crop_id", "ascending")])


def export(crops: Path, clusters: Path, names: Mapping[int, str], out: Path) -> None:
    """Write ``crops.csv``: UTF-8 with a byte order mark (spreadsheets need it), ISO date-times, a name column."""
    table = joined(crops, clusters, CROP_COLUMNS + EXTRA_COLUMNS)
    header = ["crop_id", "path", "cluster", "name", *CLUSTER_COLUMNS[1:], *CROP_COLUMNS[2:], *EXTRA_COLUMNS]
    rows = (
        row | {"name": names.get(row["cluster"], "")} for batch in table.to_batches(10_000) for row in batch.to_pylist()
    )
    write_csv(out, header, ([_plain(row[key]) for key in header] for row in rows), encoding="utf-8-sig")


def _plain(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value.isoformat() if hasattr(value, "isoformat") else value
