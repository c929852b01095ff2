"""The export that every spreadsheet opens: one CSV, one row per crop."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from camtrap.core.files import write_csv
from camtrap.export.beside import beside, in_order, read, values
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
    """Crops with their clusters (null where a crop was not clustered), in the order of the table of crops.

    With ``labels`` (``tables/labels.parquet``) also ``name`` and :data:`LABEL_COLUMNS`.
    """
    table = beside(read(crops, columns), clusters, CLUSTER_COLUMNS)
    if labels:
        said = ["name", *LABEL_COLUMNS]
        table = beside(table, labels, [*said[:-1], "suggestion"], said)
    return table.unify_dictionaries().combine_chunks()


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

    def told(path: str) -> bool:
        hidden = private.hides(path)
        counts["left_out" if hidden else "crops"] += 1
        return not hidden

    def rows() -> Iterator[list[object]]:
        for part in in_order(table, ["path", "crop_id"], 10_000):
            columns = values(part)
            if not labels:
                columns["name"] = [names.get(cluster, "") for cluster in columns["cluster"]]
            for path, *row in zip(columns["path"], *(columns[name] for name in header), strict=True):
                if told(path):
                    yield [_plain(value) for value in row]

    write_csv(out, header, rows(), encoding="utf-8-sig")
    return counts


def _plain(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value.isoformat() if hasattr(value, "isoformat") else value
