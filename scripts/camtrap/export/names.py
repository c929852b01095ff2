"""Names that an expert gives to clusters, in a table that a spreadsheet edits.

``export/clusters.csv`` is the table to copy and fill in: a row a cluster, with one of its crops. A name holds for the cluster
in which that crop is, so that it finds its cluster again when new pictures came and the numbers are others.
"""

import csv
import logging
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from camtrap.files import replacing
from camtrap.logs import UserError

COLUMNS = ["cluster", "name", "crop_id", "crops"]


def read_names(path: str | None, clusters: Path) -> dict[int, str]:
    """Names by cluster, as :func:`find_names`.

    Raises
    ------
    UserError
        Also where a crop or a cluster that the table names is not there.
    """
    names, wrong = find_names(path, clusters)
    if wrong:
        raise UserError(
            f"{path}: {'; '.join(wrong[:5])}{f' and {len(wrong) - 5} more' if len(wrong) > 5 else ''}: not in this "
            "clustering; export/clusters.csv lists what is"
        )
    return names


def find_names(path: str | None, clusters: Path) -> tuple[dict[int, str], list[str]]:
    """Names by cluster from a CSV table (comma, semicolon or tab) with the columns name and crop_id, or cluster, or both.

    Parameters
    ----------
    path : str, optional
        Without it there are no names. Rows without a name count for nothing; a crop goes before a cluster's number.
    clusters : Path
        ``clusters.parquet``: which crop is in which cluster now.

    Returns
    -------
    names : dict of int to str
        A cluster that holds crops of several names is called ``one / other``. A name whose crop is noise now is left
        out, with a line in the log.
    wrong : list of str
        What the table names and is not there.

    Raises
    ------
    UserError
        The table cannot be read.
    """
    if not path:
        return {}, []
    rows = _read(path)
    table = pq.read_table(clusters, columns=["crop_id", "cluster"])
    meant = table.filter(pc.is_in(table["crop_id"], pa.array([crop for _, _, crop, _ in rows], pa.string())))
    of_crop = dict(zip(meant["crop_id"].to_pylist(), meant["cluster"].to_pylist(), strict=True))
    there = set(pc.unique(table["cluster"]).to_pylist())
    names: dict[int, list[str]] = {}
    wrong = []
    for line, name, crop, number in rows:
        what = f"crop {crop}" if crop else f"cluster {number!r}"
        cluster = of_crop.get(crop) if crop else int(number) if number.isdecimal() else None
        if cluster is None or cluster not in there:
            wrong.append(f"line {line} names {what}")
        elif cluster < 0:
            logging.warning("%s: line %d: %s is noise now, so that %s names nothing", path, line, what, name)
        elif name not in names.setdefault(cluster, []):
            names[cluster].append(name)
    for cluster, several in names.items():
        if len(several) > 1:
            logging.warning("cluster %d holds crops of several names: %s", cluster, ", ".join(several))
    return {cluster: " / ".join(several) for cluster, several in names.items()}, wrong


def write_clusters(clusters: Path, representatives: Path, names: dict[int, str], out: Path) -> None:
    """Write ``clusters.csv``: cluster, name (to be filled in), the crop nearest its centre, and its number of crops."""
    counts = {row["values"]: row["counts"] for row in pq.read_table(clusters)["cluster"].value_counts().to_pylist()}
    shown = pq.read_table(representatives).to_pylist()
    centre = {row["cluster"]: row["crop_id"] for row in shown if row["role"] == "nearest" and row["rank"] == 0}
    with replacing(out) as temporary, open(temporary, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for cluster in sorted(cluster for cluster in counts if cluster >= 0):
            writer.writerow([cluster, names.get(cluster, ""), centre.get(cluster, ""), counts[cluster]])


def _read(path: str) -> list[tuple[int, str, str, str]]:
    """(line, name, crop_id, cluster) of each row that has a name."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=max(",;\t", key=head.count))
            columns = set(reader.fieldnames or [])
            if "name" not in columns or not columns & {"cluster", "crop_id"}:
                raise UserError(f"{path}: its first line must have the columns name and crop_id, or name and cluster")
            cells = [
                (reader.line_num, *((row.get(key) or "").strip() for key in ("name", "crop_id", "cluster")))
                for row in reader
            ]
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 text; save it as 'CSV UTF-8'") from None
    except (OSError, csv.Error) as error:
        raise UserError(f"{path}: not a table of names ({error})") from None
    return [row for row in cells if row[1]]
