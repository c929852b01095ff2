"""Bring the shards together: duplicates, bursts, events, repeat detections, and counts that add up."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from camtrap.collect import boxes, pictures
from camtrap.collect.parts import as_written, distinct, plain, slices
from camtrap.collect.shards import Failure, read_shards
from camtrap.core.categories import ALL
from camtrap.core.files import write_csv, write_json, write_parquet_parts
from camtrap.metadata.deployments import Stations
from camtrap.plan.manifests import read_manifest, read_tsv

# Columns that the tables do not have.
INTERNAL = ["found", "camera", "visit", "deployment", "session"]


def collect(
    index: list[Path],
    detections: list[Path],
    crops: list[Path],
    removed: Path,
    out: Path,
    options: dict,
    threshold: float,
    categories: list[str],
    stations: Stations | None = None,
    manifests: Path | None = None,
    cut: Mapping[str, Any] | None = None,
) -> dict:
    """Write ``images.parquet``, ``crops.parquet``, ``failures.csv`` and ``counts.json`` into ``out`` (docs/tables.md).

    Parameters
    ----------
    index, detections, crops : list of Path
        The files of all shards; their order does not matter.
    removed : Path
        List of the planned pictures that are gone from the disk.
    options : dict
        The configuration's ``collect`` section.
    threshold : float
        From this confidence on a detection makes its picture no longer empty.
    categories : list of str
        Categories that were cropped.
    stations : Stations, optional
        ``stations.csv``: gives places, corrects clocks, and flags what lies outside its deployment.
    manifests : Path, optional
        Folder of the plan's manifests, which have the files' own times.
    cut : mapping, optional
        The configuration's ``crop`` section: how crops were cut. Needed where ``options`` has ``repeat_look``.

    Returns
    -------
    dict
        The counts.
    """
    images, made, failures = read_shards(index, detections, crops, threshold)
    images = pictures.settled(images, stations, _written(manifests))
    images = pictures.categorised(images, {row[0] for row in read_tsv(removed)}, failures)
    images = pictures.grouped(images, options)
    made = boxes.marked(boxes.counting(made, images), images, options, crops, cut)
    made = made.append_column("clustered", _clustered(made, categories))
    counts = _counts(images, made)
    if stations is not None:
        counts |= _unmatched(images, stations)
    out = Path(out)
    write_parquet_parts(out / "images.parquet", map(as_written, slices(images.drop_columns(INTERNAL))))
    write_parquet_parts(out / "crops.parquet", boxes.written(made, images))
    write_csv(out / "failures.csv", ["path", "stage", "status", "reason"], _failure_rows(images, failures))
    write_json(out / "counts.json", counts)
    logging.info("%s", counts)
    return counts


def _written(manifests: Path | None) -> Callable[[str], dict[str, int]]:
    """Of a shard its files' own times; read where somebody asks."""

    @cache
    def written(shard: str) -> dict[str, int]:
        path = manifests / f"{shard}.tsv" if manifests else None
        return {name: ns for name, _, ns in read_manifest(path)} if path and path.exists() else {}

    return written


def _clustered(made: pa.Table, categories: list[str]) -> pa.ChunkedArray:
    return pc.and_(pc.invert(made["repeat"]), pc.is_in(plain(made["category"]), pa.array(categories, pa.string())))


def _present(images: pa.Table, *columns: str) -> pa.Table:
    """Columns of the pictures that are still there."""
    return images.select(columns).filter(pc.not_equal(plain(images["category"]), "removed"))


def _unmatched(images: pa.Table, stations: Stations) -> dict[str, list[str]]:
    """Stations of the table without a picture, and stations that the table lacks."""
    seen = distinct(_present(images, "station")["station"])
    return {
        "stations_without_pictures": stations.without_pictures(seen),
        "stations_not_in_table": [name for name in seen if not stations.known(name)],
    }


def _counts(images: pa.Table, crops: pa.Table) -> dict:
    """The counts; every picture found is in exactly one category, so they must add up."""
    by_category = _numbers(images["category"])
    present = _present(images, "status", "station", "clock", "category")
    # a folder of copies is no station
    seen = present.filter(pc.not_equal(plain(present["category"]), "duplicate"))
    counts = {name: by_category.get(name, 0) for name in ALL}
    if sum(counts.values()) != len(present):
        raise AssertionError(f"the counts do not add up: {counts} of {len(present)} pictures")
    return {
        "found": len(present),
        "categories": counts,
        "removed": by_category.get("removed", 0),
        "damaged": _numbers(present["status"]).get("damaged", 0),
        "videos": pc.count_distinct(images["video"]).as_py(),
        "crops": len(crops),
        "repeat_detections": pc.sum(crops["repeat"]).as_py() or 0,
        "clustered": pc.sum(crops["clustered"]).as_py() or 0,
        "bursts": pc.count_distinct(images["burst"]).as_py(),
        "events": pc.count_distinct(images["event"]).as_py(),
        "stations": len(distinct(seen["station"])),
        "doubtful_clocks": dict(sorted(_numbers(present["clock"]).items())),
    }


def _numbers(column: pa.ChunkedArray) -> dict[str, int]:
    """How often each text is there."""
    found = plain(column.drop_null()).value_counts()
    return dict(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True))


def _failure_rows(images: pa.Table, failures: Sequence[Failure]) -> list[Failure]:
    known = pa.array([path for path, *_ in failures], images["path"].type)
    status = plain(images["status"])
    asked = pc.or_(pc.is_in(images["path"], known), pc.is_in(status, pa.array(["failed", "damaged"])))
    present = _present(images.filter(asked), "path", "status", "error").to_pylist()
    bad = [row for row in present if row["status"] in ("failed", "damaged")]
    rows = [(row["path"], "index", row["status"], row["error"] or "") for row in bad]
    indexed = {row["path"] for row in bad if row["status"] == "failed"}
    here = {row["path"] for row in present}
    rows += [row for row in failures if row[0] not in indexed and row[0] in here]
    return sorted(set(rows))
