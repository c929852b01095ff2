"""The checks of a survey: the plan, the files of each shard, the tables, the clusters."""

import csv
import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from camtrap.cluster.reduced import FILES as REDUCED
from camtrap.core.checksums import damaged_records, difference, recorded
from camtrap.core.files import open_parquet, read_parquet
from camtrap.core.whole import read_whole

__all__ = ["check"]

# What every survey has when a run has ended; of each embedder.
ENDS = ("models/detector.json", "report/report.html", "report/summary.json")
CLUSTERS = ("choice.json", "clusters.parquet", "project.parquet", "representatives.parquet", "names.json")
# What is to be done about a file that cannot be read.
_AGAIN = "delete it and run again"


class _Survey:
    """What was found so far; every reader names its file and goes on."""

    def __init__(self, results: Path):
        self.results = results
        self.wrong: list[str] = []
        self.n_files = 0
        self.uncompared: set[Path] = set()
        self.damaged: set[Path] = set()
        self.missing: set[Path] = set()
        self.has_checksum: set[Path] = set()
        self.knows_all_crops = True

    def says(self, path: Path, text: str) -> None:
        """Something is wrong with a file."""
        self.wrong.append(f"{path.relative_to(self.results)}: {text}")

    def read(self, path: Path, reader: Callable[[Path], Any]) -> Any:
        """A file's content; None, and a line, where it is missing or damaged."""
        if not path.exists():
            if not any(path.is_relative_to(folder) for folder in self.missing):
                self.says(path, "missing; run again")
                self.missing.add(path)
            return None
        self.n_files += 1
        if path in self.damaged:
            return None
        if path not in self.has_checksum and not path.is_relative_to(self.results / "plan"):
            self.uncompared.add(path)  # the plan's files have a way of their own
        try:
            return reader(path)
        except OSError as error:
            self.closed(path, error)
            return None
        except Exception as error:  # whatever damage leads a reader to
            self.says(path, f"damaged ({' '.join(str(error).split())[:120] or type(error).__name__}); {_AGAIN}")
            return None

    def closed(self, path: Path, error: OSError) -> None:
        """A file that the system does not give; one that is damaged has no number of an error (Arrow, NumPy)."""
        if error.errno:
            self.says(path, f"cannot be read here ({os.strerror(error.errno)}): look at its permissions and its disk")
        else:
            self.says(path, f"damaged ({' '.join(str(error).split())[:120]}); {_AGAIN}")

    def checksums(self, gone: Collection[str]) -> None:
        """Compare every file that has a checksum; what differs is not read below. What is missing is said once.

        ``gone`` are the shards that do not count any more.
        """
        for path in damaged_records(self.results):
            self.says(path, "damaged, so that what it is about cannot be compared; delete both and run again")
        missing = set()
        for path in recorded(self.results):
            self.has_checksum.add(path)
            if not path.exists():
                missing |= set() if path.stem in gone else {_highest_missing(path)}
                continue
            try:
                lines = difference(self.results, path, whole=True)
            except OSError as error:
                self.closed(path, error)
                self.damaged.add(path)
                continue
            if lines:
                self.damaged.add(path)
                self.wrong += [line.removeprefix(f"{self.results}/") for line in lines]
        for path in sorted(missing):
            record = f"checksums/{path.relative_to(self.results)}"
            self.says(path, f"missing; run again (or delete {record}*, if it is not wanted any more)")
        self.missing = missing

    def table(self, path: Path, columns: list[str] | None = None) -> pa.Table | None:
        """A Parquet table, with the checksums of its pages verified."""
        return self.read(path, lambda file: read_parquet(file, columns))


def _highest_missing(path: Path) -> Path:
    """A file that is missing, or the folder with all that was in it."""
    while not path.parent.exists():
        path = path.parent
    return path


def check(results: Path) -> tuple[int, int, list[str]]:
    """Go through all results of a survey. Only reads.

    Parameters
    ----------
    results : Path

    Returns
    -------
    n_files : int
        How many files were read.
    n_uncompared : int
        How many of them have no checksum: an earlier version made them, or their records are gone.
    wrong : list of str
        One line for each thing that is wrong: the file, what, and what to do.
    """
    survey = _Survey(Path(results))
    gone = _superseded(survey)
    survey.checksums(gone)
    shards = _plan(survey, gone)
    crop_ids: list[pa.Array] = []
    for shard, paths in shards.items():
        crop_ids += _shard(survey, shard, paths)
    _left_over(survey, {*shards, *gone})
    _tables(survey, {path for paths in shards.values() for path in paths}, crop_ids)
    for folder in sorted(survey.results.glob("clusters/*")):
        _clusters(survey, folder)
    for name in ENDS:
        if not (survey.results / name).exists():
            survey.read(survey.results / name, read_whole)
    for pattern in ("models/*.json", "report/*.json", "export/*.json", "export/*.csv"):
        for path in sorted(survey.results.glob(pattern)):
            survey.read(path, read_whole)
    return survey.n_files, len(survey.uncompared), survey.wrong


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n")[1:] if line]


def _superseded(survey: _Survey) -> set[str]:
    """Shards that do not count any more."""
    path = survey.results / "plan" / "superseded.tsv"
    return {row[0] for row in survey.read(path, _rows) or []} if path.exists() else set()


def _plan(survey: _Survey, superseded: Collection[str]) -> dict[str, list[str]]:
    """Live shards with their paths. Each manifest must have its SHA-256, each path one shard."""
    folder = survey.results / "plan"
    _beside_the_plan(survey, folder)
    shards: dict[str, list[str]] = {}
    of_path: dict[str, str] = {}
    for row in survey.read(folder / "index.tsv", _rows) or []:
        shard, sha256 = row[0], row[-1]
        if shard in superseded:
            continue
        path = folder / "manifests" / f"{shard}.tsv"
        if shard in shards:
            survey.says(folder / "index.tsv", f"the shard {shard} stands in it twice")
            continue
        if survey.read(path, _rows) is None:
            continue
        if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            survey.says(path, "damaged: it has another SHA-256 than when it was planned; restore it from a copy")
        shards[shard] = [entry[0] for entry in _rows(path)]
        for name in shards[shard]:
            if name in of_path:
                survey.says(path, f"{name} is in the shard {of_path[name]}, too")
            of_path[name] = shard
    return shards


def _beside_the_plan(survey: _Survey, folder: Path) -> None:
    """What the planner keeps beside the plan: of which part a run was, what is gone from the disk, what was hashed."""
    parts = survey.read(folder / "current", lambda path: path.read_text(encoding="utf-8").split(":"))
    if parts is not None and (len(parts) != 3 or not all(map(str.isdecimal, parts[:2]))):
        survey.says(folder / "current", f"damaged (not two numbers and a name); {_AGAIN}")
    elif parts and parts[2] and not (folder / "removed" / f"{parts[2]}.tsv").exists():
        survey.says(folder / "removed" / f"{parts[2]}.tsv", "missing; run again")
    for path in sorted(folder.glob("removed/*.tsv")):
        survey.wrong += [line.removeprefix(f"{survey.results}/") for line in difference(survey.results, path)]
    for path in sorted(folder.glob("*.json")):
        survey.read(path, _json)


def _shard(survey: _Survey, shard: str, paths: list[str]) -> Iterator[pa.Array]:
    """The files of one shard agree: pictures as planned, a box list for each, crops only of them, a vector for each crop."""
    results = survey.results
    index = survey.table(results / "index" / f"{shard}.parquet", ["path", "video"])
    seen: set[str] = set()
    if index is not None:
        seen = set(index["path"].to_pylist())
        files = {video or path for path, video in zip(*(index[c].to_pylist() for c in ("path", "video")), strict=True)}
        _same(survey, results / "index" / f"{shard}.parquet", files, set(paths), "picture")
    found = survey.read(results / "detections" / f"{shard}.json", _json)
    if found is not None and index is not None:
        named = [image.get("file") for image in found["images"]]
        if len(named) != len(set(named)):
            survey.says(results / "detections" / f"{shard}.json", f"names a picture twice; {_AGAIN}")
        extra = set(named) - seen
        if extra:
            survey.says(results / "detections" / f"{shard}.json", f"{min(extra)} is not in the index; {_AGAIN}")
    crops = survey.read(results / "crops" / f"{shard}.parquet", _crops)
    if crops is None:
        survey.knows_all_crops = False
        return
    if index is not None and (extra := set(crops["path"].to_pylist()) - seen):
        survey.says(
            results / "crops" / f"{shard}.parquet", f"a crop of {min(extra)}, which is not in the index; {_AGAIN}"
        )
    for folder in sorted(results.glob("embeddings/*")):
        path = folder / f"{shard}.parquet"
        vectors = survey.table(path, ["crop_id", "embedding"]) if path.exists() else None
        if vectors is not None and vectors["crop_id"].to_pylist() != crops["crop_id"].to_pylist():
            survey.says(path, f"its crops are not those of crops/{shard}.parquet; {_AGAIN}")
    yield from crops["crop_id"].chunks


def _crops(path: Path) -> pa.Table:
    """Ids and paths of a file of crops; the pictures are read, too, group after group, so that damage is seen."""
    with open_parquet(path) as file:
        parts = [
            file.read_row_group(number).select(["crop_id", "path"]) for number in range(file.metadata.num_row_groups)
        ]
        return pa.concat_tables(parts) if parts else file.read(columns=["crop_id", "path"])


def _same(survey: _Survey, path: Path, found: set[str], planned: set[str], what: str) -> None:
    if missing := planned - found:
        survey.says(path, f"{len(missing)} planned {what}s are missing, the first is {min(missing)}; {_AGAIN}")
    if extra := found - planned:
        survey.says(path, f"{len(extra)} {what}s were never planned, the first is {min(extra)}; {_AGAIN}")


def _left_over(survey: _Survey, shards: set[str]) -> None:
    """Files of no shard: nothing reads them."""
    for pattern in ("index/*.parquet", "detections/*.json", "crops/*.parquet", "embeddings/*/*.parquet"):
        for path in sorted(survey.results.glob(pattern)):
            if path.name.startswith(".tmp-"):
                survey.says(path, "left by a job that was killed; it may be deleted")
            elif path.stem not in shards:
                survey.says(path, "belongs to no shard of the plan; it may be deleted")


def _tables(survey: _Survey, planned: set[str], crop_ids: list[pa.Array]) -> None:
    """The counts add up, and each crop of the table is there."""
    folder = survey.results / "tables"
    images = survey.table(folder / "images.parquet", ["path", "video", "category"])
    crops = survey.table(folder / "crops.parquet", ["crop_id"])
    counts = survey.read(folder / "counts.json", _json)
    survey.read(folder / "failures.csv", lambda path: list(csv.reader(path.open(encoding="utf-8-sig", newline=""))))
    if images is not None:
        files = {video or path for path, video in zip(*(images[c].to_pylist() for c in ("path", "video")), strict=True)}
        _same(survey, folder / "images.parquet", files, planned, "picture")
        by_category = {row["values"]: row["counts"] for row in images["category"].value_counts().to_pylist()}
        if counts is not None:
            stated = {name: number for name, number in counts["categories"].items() if number}
            removed = by_category.pop("removed", 0)
            if stated != by_category or counts["removed"] != removed:
                survey.says(folder / "counts.json", f"says {stated}, but images.parquet has {by_category}; {_AGAIN}")
            elif sum(by_category.values()) != counts["found"]:
                survey.says(
                    folder / "counts.json", f"{counts['found']} pictures found, but the categories add up to less"
                )
    if crops is not None and crop_ids and survey.knows_all_crops:
        there = pc.is_in(crops["crop_id"].combine_chunks(), pa.concat_arrays(crop_ids))
        if lost := len(there) - (pc.sum(there).as_py() or 0):
            survey.says(folder / "crops.parquet", f"{lost} crops are in no file of crops; {_AGAIN}")


def _clusters(survey: _Survey, folder: Path) -> None:
    """The clusters of one embedder: every file can be read, and they speak of the same crops."""
    for path in sorted(folder.rglob("*.json")):
        survey.read(path, _json)
    for name in (*CLUSTERS, *(f"reduced/{name}" for name in REDUCED)):
        if not (folder / name).exists():
            survey.read(folder / name, read_whole)
    for path in sorted([*folder.rglob("*.npz"), *folder.rglob("*.npy")]):
        survey.read(path, read_whole)
    tables = {path.name: survey.table(path) for path in sorted(folder.glob("*.parquet"))}
    clusters, ids = tables.get("clusters.parquet"), survey.table(folder / "reduced" / "ids.parquet", ["crop_id"])
    if (
        clusters is not None
        and ids is not None
        and set(clusters["crop_id"].to_pylist()) != set(ids["crop_id"].to_pylist())
    ):
        survey.says(folder / "clusters.parquet", f"its crops are not those of reduced/ids.parquet; {_AGAIN}")
