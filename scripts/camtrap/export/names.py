"""Names that an expert gives to clusters, in a table that a spreadsheet edits.

``export/clusters.csv`` is the table to copy and fill in: one row per cluster, with one of its crops. A name holds for the cluster
in which that crop is, so that it finds its cluster again when new pictures came and the numbers are others. What the table
names stays in the next ``clusters.csv``, row by row, also where its crop is noise or gone by then.
"""

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from camtrap.core.errors import TableError, UserError
from camtrap.core.files import read_json, read_parquet, write_csv, write_json
from camtrap.core.tables import read_table

COLUMNS = ["cluster", "name", "crop_id", "crops"]
NUMBER = re.compile(r"[0-9]{1,9}(?:\.0)?")  # some tools make floats of a column with gaps


class Row(NamedTuple):
    """A row of the table that has a name: its line, the name, and a crop's id or a cluster's number as written."""

    line: int
    name: str
    crop_id: str
    cluster: str


def check(path: str | None, results: str | os.PathLike, redo: Collection[str] = ()) -> None:
    """Refuse a table of names that cannot be read, before any job; and see to it that no name is lost.

    Parameters
    ----------
    path : str, optional
        The table of names, as the configuration has it.
    results : path
    redo : collection of str
        What may be given up (``plan.redo``).

    Raises
    ------
    UserError
        As :func:`read`; or names were written into ``export/clusters.csv`` itself, which each run writes anew; or there
        were names and no table is given any more.
    """
    written = Path(results) / "export" / "clusters.csv"
    if path and os.path.realpath(path) == os.path.realpath(written):
        raise UserError(
            f"{path} is written anew by each run: copy it to another place and set export.names to the copy"
        )
    known = {row.name for row in read(path)}
    given = {name for file in Path(results).glob("clusters/*/names.json") for name in read_json(file)["given"]}
    if given and not path and not {"names", "all"} & set(redo):
        raise UserError(
            f"these results have {len(given)} names ({', '.join(sorted(given)[:3])}, …), and this run would take them away: set "
            "export.names to your table of names, or say yes: 'plan={redo: names}'"
        )
    known |= given
    typed = sorted({row.name for row in read(written) if row.name not in known}) if written.exists() else []
    if typed:
        raise UserError(
            f"{written} is written anew by each run, and names were written into it ({', '.join(typed[:3])}): "
            "move it to another place and set export.names to that"
        )


def read(path: str | os.PathLike | None) -> list[Row]:
    """Rows with a name of a table with the columns name and crop_id, or cluster, or both.

    Parameters
    ----------
    path : path, optional
        Without it there are no names.

    Raises
    ------
    UserError
        In one line: the file is missing, or not such a table.
    """
    if not path:
        return []
    table = read_table(path, "export.names")
    columns = table.columns({"name": ["name"], "crop_id": ["cropid"], "cluster": ["cluster"]})
    if "name" not in columns or len(columns) < 2:
        raise TableError(f"{path}: its first line must have the columns name and crop_id, or name and cluster")
    found = []
    for line, cells in table.cells(columns):
        row = Row(line, cells["name"], cells.get("crop_id", ""), cells.get("cluster", ""))
        if "\n" in row.name or "\r" in row.name:
            raise TableError(f"{path}: line {line}: the name has a line break: is a quotation mark missing?")
        if row.name:
            found.append(row)
    return found


def resolve(rows: list[Row], clusters: Path) -> list[int | None]:
    """Of each row the cluster that is meant now: -1 if its crop is noise, None if there is no such crop or cluster.

    Parameters
    ----------
    rows : list of Row
        A crop takes precedence over a cluster's number.
    clusters : Path
        ``clusters.parquet``.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    table = read_parquet(clusters, columns=["crop_id", "cluster"])
    there = set(pc.unique(table["cluster"]).to_pylist())
    meant = table.filter(pc.is_in(table["crop_id"], pa.array([row.crop_id for row in rows], pa.string())))
    of_crop = dict(zip(meant["crop_id"].to_pylist(), meant["cluster"].to_pylist(), strict=True))
    by_number = [int(float(row.cluster)) if NUMBER.fullmatch(row.cluster) else None for row in rows]
    return [
        of_crop.get(row.crop_id) if row.crop_id else number if number in there else None
        for row, number in zip(rows, by_number, strict=True)
    ]


def name_clusters(path: str | None, clusters: Path, representatives: Path, out_names: Path, out_table: Path) -> dict:
    """Find the clusters that a table of names means; write the names, and the table to fill in next.

    Parameters
    ----------
    path : str, optional
        As :func:`read`.
    clusters, representatives : Path
        ``clusters.parquet`` and ``representatives.parquet``.
    out_names : Path
        JSON: ``names`` {cluster: name} (a cluster that holds crops of several names is called ``one / other``), and
        ``notes``, a list of lines on what came of the table; ``given``, all names in it.
    out_table : Path
        CSV: cluster, name, crop_id, crops. The rows that have a name as they were given, then a row without a name for
        each other cluster, with the crop nearest its centre.

    Returns
    -------
    dict
        What ``out_names`` holds.
    """

    rows = read(path)
    found = resolve(rows, clusters)
    counts = {row["values"]: row["counts"] for row in read_parquet(clusters)["cluster"].value_counts().to_pylist()}
    several: dict[int, list[str]] = {}
    for row, cluster in zip(rows, found, strict=True):
        if cluster is not None and cluster >= 0 and row.name not in several.setdefault(cluster, []):
            several[cluster].append(row.name)
    named = {cluster: " / ".join(names) for cluster, names in sorted(several.items())}
    known = {
        "names": {str(cluster): name for cluster, name in named.items()},
        "notes": _notes(rows, found, several),
        "given": sorted({row.name for row in rows}),
    }
    shown = read_parquet(representatives).to_pylist()
    centre = {row["cluster"]: row["crop_id"] for row in shown if row["role"] == "nearest" and row["rank"] == 0}
    kept = [
        ("" if cluster is None else cluster, row.name, row.crop_id or centre.get(cluster, ""), counts.get(cluster, 0))
        for row, cluster in zip(rows, found, strict=True)
    ]
    blank = [(c, "", centre.get(c, ""), counts[c]) for c in sorted(counts) if c >= 0 and c not in named]
    in_order = sorted(kept, key=lambda row: (row[0] == "", row[0] or 0))
    write_csv(out_table, COLUMNS, [*in_order, *blank], encoding="utf-8-sig")
    write_json(out_names, known)
    return known


def _notes(rows: list[Row], found: list[int | None], several: dict[int, list[str]]) -> list[str]:
    notes = []
    for row, cluster in zip(rows, found, strict=True):
        what = f"crop {row.crop_id}" if row.crop_id else f"cluster {row.cluster or 'without a number'}"
        if cluster is None:
            notes.append(f"“{row.name}” names nothing: {what} is not in this clustering (line {row.line}).")
        elif cluster < 0:
            notes.append(f"“{row.name}” names nothing: {what} is noise now (line {row.line}).")
    for cluster, names in sorted(several.items()):
        if len(names) > 1:
            notes.append(f"Cluster {cluster} holds crops of several names: {', '.join(names)}.")
    by_number = sum(not row.crop_id for row in rows)
    if by_number:
        given = "name is" if by_number == 1 else "names are"
        notes.append(
            f"{by_number} {given} given by the cluster's number only, and will be wrong when the numbers change."
        )
    return notes


def read_found(path: str | os.PathLike) -> dict[int, str]:
    """The names by cluster that :func:`name_clusters` wrote."""
    return {int(cluster): name for cluster, name in read_json(path)["names"].items()}
