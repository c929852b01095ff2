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
from camtrap.review import log
from camtrap.review.decisions import LONGEST, is_name, key
from camtrap.review.lost import refuse as refuse_lost_decisions

COLUMNS = ["cluster", "name", "crop_id", "crops"]
_TAKE_IN = "take them in by 'python -m camtrap.review import"
NUMBER = re.compile(r"[0-9]{1,9}(?:\.0)?")  # some tools make floats of a column with gaps


class Row(NamedTuple):
    """A row of the table that has a name: its line, the name, and a crop's id or a cluster's number as written."""

    line: int
    name: str
    crop_id: str
    cluster: str


def check(
    path: str | None, results: str | os.PathLike, redo: Collection[str] = (), review: str | os.PathLike | None = None
) -> None:
    """Refuse a table of names that cannot be read, before any job; and see to it that no name is lost.

    Parameters
    ----------
    path : str, optional
        The table of names, as the configuration has it.
    results : path
    redo : collection of str
        What may be given up (``plan.redo``).
    review : path, optional
        The folder of the decisions, where there are any (`camtrap.review`): names come from there, and nowhere else.

    Raises
    ------
    UserError
        As :func:`read`; there are decisions and a table of names; or names were written into ``export/clusters.csv`` itself,
        which each run writes anew; or there were names, and neither a table nor decisions are there any more.
    """
    written = Path(results) / "export" / "clusters.csv"
    if path and os.path.realpath(path) == os.path.realpath(written):
        raise UserError(
            f"{path} is written anew by each run: copy it to another place and set export.names to the copy"
        )
    if review and path:
        raise UserError(
            f"export.names is {path}, and there are decisions in {review}: take the table's names in once, by "
            f"'python -m camtrap.review import {path} {results}', and remove export.names"
        )
    known = {row.name for row in read(path)}
    written_names = [read_json(file, "given") for file in Path(results).glob("clusters/*/names.json")]
    given = {name for file in written_names if not file.get("decided") for name in file["given"]}
    decided = log.names_in(review) if review else set()
    gone = {name for name in given if key(name) not in decided}
    if gone and not path and not {"names", "all"} & set(redo):
        way = f"{_TAKE_IN} names.csv {results}'" if review else "set export.names to your table of names"
        raise UserError(
            f"these results have {len(gone)} names ({', '.join(sorted(gone)[:3])}, …), and this run would take them away: "
            f"{way}, or say yes: 'plan={{redo: names}}'"
        )
    lost = {name for file in written_names if file.get("decided") for name in file["given"]}
    if review and not {"names", "all"} & set(redo):
        refuse_lost_decisions(review, results, lost)
    if lost and not review and not path and not {"names", "all"} & set(redo):
        raise UserError(
            f"these results have {len(lost)} names from decisions ({', '.join(sorted(lost)[:3])}, …), and the decisions are not "
            "there: bring their folder back (review.folder), or say yes: 'plan={redo: names}'"
        )
    known |= given | lost
    rows = read(written) if written.exists() else []
    typed = sorted({row.name for row in rows if row.name not in known and key(row.name) not in decided})
    if typed:
        way = f"{_TAKE_IN} {written} {results}'" if review else "move it to another place and set export.names to that"
        raise UserError(
            f"{written} is written anew by each run, and names were written into it ({', '.join(typed[:3])}): {way}"
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
        if row.name and not is_name(row.name):
            raise TableError(f"{path}: line {line}: not a name (one line of text, up to {LONGEST} characters)")
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


def name_by_labels(
    labels: Path, info: Path, clusters: Path, representatives: Path, out_names: Path, out_table: Path
) -> dict:
    """What was decided (`camtrap.review`), cluster by cluster: the same files as :func:`name_clusters` writes.

    Parameters
    ----------
    labels, info : Path
        ``tables/labels.parquet`` and ``tables/labels.json``.
    clusters, representatives, out_names, out_table : Path
        As there. A cluster has the name that at least half of its crops have. ``names.json`` says ``decided``.

    Returns
    -------
    dict
        What ``out_names`` holds.
    """
    table = read_parquet(clusters, columns=["crop_id", "cluster"])
    table = table.join(read_parquet(labels, columns=["crop_id", "name"]), "crop_id")
    sizes: dict[int, int] = {}
    inside: dict[int, list[tuple[int, str]]] = {}
    for row in table.group_by(["cluster", "name"]).aggregate([([], "count_all")]).to_pylist():
        sizes[row["cluster"]] = sizes.get(row["cluster"], 0) + row["count_all"]
        if row["name"] is not None:
            inside.setdefault(row["cluster"], []).append((-row["count_all"], row["name"]))
    found = read_json(info)
    best = {cluster: min(names) for cluster, names in sorted(inside.items()) if cluster >= 0}
    named = {cluster: name for cluster, (n, name) in best.items() if -2 * n >= sizes[cluster]}
    known = {
        "names": {str(cluster): name for cluster, name in named.items()},
        "notes": [_labelled(found), *found["notes"], *_mixed(inside)],
        "given": sorted(found["names"]),
        "decided": True,
    }
    shown = read_parquet(representatives).to_pylist()
    centre = {row["cluster"]: row["crop_id"] for row in shown if row["role"] == "nearest" and row["rank"] == 0}
    in_order = sorted((c not in named, c) for c in sizes if c >= 0)  # those to be named are the last
    rows = [(c, named.get(c, ""), centre.get(c, ""), sizes[c]) for _, c in in_order]
    write_csv(out_table, COLUMNS, rows, encoding="utf-8-sig")
    write_json(out_names, known)
    return known


def _labelled(info: dict) -> str:
    how = ", ".join(f"{n:,} {way}" for way, n in sorted(info["how"].items(), key=lambda item: -item[1]))
    others = "".join(f"; {info[state]:,} {state}" for state in ("rejected", "unsure") if info[state])
    return f"{info['named']:,} of {info['crops']:,} crops have a name{f' ({how})' if how else ''}{others}."


def _mixed(inside: dict[int, list[tuple[int, str]]]) -> list[str]:
    several = {cluster: sorted(names) for cluster, names in sorted(inside.items()) if cluster >= 0 and len(names) > 1}
    return [
        f"Cluster {cluster} holds crops of several names: {', '.join(f'{name} ({-n:,})' for n, name in names[:5])}."
        for cluster, names in several.items()
    ]


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
