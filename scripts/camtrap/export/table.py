"""The export that every spreadsheet opens: one CSV, one row per crop."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from camtrap.core.files import read_parquet, write_csv
from camtrap.export.privacy import OPEN, Privacy

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


# Only where experts decided (docs/tables.md, labels.parquet); the name is then the crop's own.
LABEL_COLUMNS = ["state", "how", "who", "sure", "suggested_name"]


def joined(crops: Path, clusters: Path, columns: list[str], labels: Path | None = None) -> pa.Table:
    """Crops with their clusters (null where a crop was not clustered), sorted by path and crop_id.

    With ``labels`` (``tables/labels.parquet``) also ``name`` and :data:`LABEL_COLUMNS`.
    """
    table = read_parquet(crops, columns=columns)
    found = read_parquet(clusters, columns=["crop_id", *CLUSTER_COLUMNS])
    table = table.join(found, "crop_id")
    if labels:
        said = read_parquet(labels, columns=["crop_id", "name", *LABEL_COLUMNS[:-1], "suggestion"])
        table = table.join(said.rename_columns(["crop_id", "name", *LABEL_COLUMNS]), "crop_id")
    return table.sort_by([("path", "ascending"), ("crop_id", "ascending")])


def export(
    crops: Path,
    clusters: Path,
    names: Mapping[int, str],
    out: Path,
    labels: Path | None = None,
    private: Privacy = OPEN,
) -> dict[str, int]:
    """Write ``crops.csv``: UTF-8 with a byte order mark (spreadsheets need it), ISO date-times, a name column.

    The name is the cluster's in ``names``, or with ``labels`` the crop's own, and how it came is in further columns.
    Crops of pictures that are hidden have no row. ``crops`` and ``left_out`` are returned.
    """
    table = joined(crops, clusters, CROP_COLUMNS + EXTRA_COLUMNS, labels)
    header = ["crop_id", "path", "cluster", "name", *CLUSTER_COLUMNS[1:], *CROP_COLUMNS[2:], *EXTRA_COLUMNS]
    if labels:
        header += LABEL_COLUMNS
    counts = {"crops": 0, "left_out": 0}

    def told(row: dict) -> bool:
        hidden = private.hides(row["path"])
        counts["left_out" if hidden else "crops"] += 1
        return not hidden

    rows = (
        row if labels else row | {"name": names.get(row["cluster"], "")}
        for batch in table.to_batches(10_000)
        for row in batch.to_pylist()
        if told(row)
    )
    write_csv(out, header, ([_plain(row[key]) for key in header] for row in rows), encoding="utf-8-sig")
    return counts


def _plain(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value.isoformat() if hasattr(value, "isoformat") else value
