"""Bring the shards together: duplicates, bursts, events, repeat detections, and counts that add up."""

import json
import logging
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from camtrap.collect.bursts import group_in_time
from camtrap.collect.clocks import settle
from camtrap.collect.looks import looks_of
from camtrap.collect.repeats import Rules, places, spells
from camtrap.core.categories import ALL, DETECTED, SHOWN
from camtrap.core.errors import DamageError, UserError
from camtrap.core.files import open_parquet, read_json, read_parquet, write_csv, write_json, write_parquet
from camtrap.metadata.clock import utc_now
from camtrap.metadata.deployments import Stations
from camtrap.plan.manifests import read_manifest, read_tsv

CROP_COLUMNS = [
    "crop_id",
    "image_id",
    "path",
    "category",
    "conf",
    "x",
    "y",
    "w",
    "h",
    "touches_border",
    "infrared",
    "sharpness",
    "brightness",
]

# Columns that the tables do not have.
INTERNAL = {"found", "removed", "camera", "deployment", "visit", "session"}


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
    images = _images(index)
    found, failures = _detected(detections, threshold)
    images = images.merge(found, on="path", how="left")
    made = _crops(crops, failures)
    images["camera"] = images[["make", "model", "serial"]].fillna("").agg(" ".join, axis=1).str.split().str.join(" ")
    gone = {row[0] for row in read_tsv(removed)}
    settle(images, stations, _written(manifests), utc_now())
    # a frame goes with its video
    images["removed"] = images["video"].fillna(images["path"]).isin(gone)
    broken = images["path"].isin([path for path, *_ in failures]) | (images["status"] == "failed")
    images["category"] = np.select(
        [images["removed"], broken], ["removed", "failed"], images["found"].fillna("empty").to_numpy(object)
    )
    _mark_duplicates(images)
    counting = images["category"].isin(SHOWN)
    valid = images[counting].assign(station=images["station"].fillna(images["batch"]))
    images["burst"] = group_in_time(valid, options["burst_seconds"], sequences=True, apart=_triggers(valid))
    images["event"] = group_in_time(valid, options["event_minutes"] * 60, apart=_clocks(valid))
    table = _crop_table(made, images[counting])
    _mark_repeats(table, images[counting], options, crops, cut)
    table["clustered"] = ~table["repeat"] & table["category"].isin(categories)
    counts = _counts(images, table)
    if stations is not None:
        counts |= _unmatched(images, stations)
    out = Path(out)
    columns = [name for name in images.columns if name not in INTERNAL]
    write_parquet(out / "images.parquet", _arrow(images[columns]))
    write_parquet(out / "crops.parquet", _arrow(table))
    write_csv(out / "failures.csv", ["path", "stage", "status", "reason"], _failure_rows(images, failures))
    write_json(out / "counts.json", counts)
    logging.info("%s", counts)
    return counts


def _images(index: list[Path]) -> pd.DataFrame:
    """All index rows (without the EXIF dump), sorted by path."""
    tables = []
    for path in index:
        names = [name for name in open_parquet(path).schema_arrow.names if name != "exif"]
        table = read_parquet(path, columns=names)
        tables.append(table.append_column("shard", pa.array([Path(path).stem] * len(table), pa.string())))
    images = pa.concat_tables(tables).to_pandas(types_mapper=_nullable, date_as_object=False)
    images = images.sort_values("path", ignore_index=True)
    if (twice := images["path"].duplicated()).any():
        path = images.loc[twice, "path"].iloc[0]
        first, second = images.loc[images["path"] == path, "shard"].iloc[:2]
        raise UserError(
            f"{path} is in index/{first}.parquet and in index/{second}.parquet: delete both and run again; "
            "planning says whether the plan is damaged"
        )
    return images


def _nullable(kind: pa.DataType) -> pd.api.extensions.ExtensionDtype | None:
    return {pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype()}.get(kind)


def _written(manifests: Path | None) -> Callable[[str], dict[str, int]]:
    """Of a shard its files' own times; read where somebody asks."""

    @cache
    def written(shard: str) -> dict[str, int]:
        path = manifests / f"{shard}.tsv" if manifests else None
        return {name: ns for name, _, ns in read_manifest(path)} if path and path.exists() else {}

    return written


def _triggers(pictures: pd.DataFrame) -> pd.Series:
    """What no burst crosses: a visit, a deployment, a clock that began anew; and time lapse is not part of a trigger's series."""
    lapse = pictures["trigger"].fillna("") == "time lapse"
    return pictures.assign(lapse=lapse).groupby(["visit", "deployment", "session", "lapse"], sort=False).ngroup()


def _clocks(pictures: pd.DataFrame) -> pd.Series:
    """What no event crosses: pictures whose clocks cannot be trusted are together within their own visit only."""
    doubtful = pictures.groupby(["visit", "session"], sort=False).ngroup()
    return doubtful.where(pictures["clock"].notna(), -1)


def _unmatched(images: pd.DataFrame, stations: Stations) -> dict[str, list[str]]:
    """Stations of the table without a picture, and stations that the table lacks."""
    seen = sorted(images.loc[images["category"] != "removed", "station"].dropna().unique())
    return {
        "stations_without_pictures": stations.without_pictures(seen),
        "stations_not_in_table": [name for name in seen if not stations.known(name)],
    }


def _detected(detections: list[Path], threshold: float) -> tuple[pd.DataFrame, list[tuple]]:
    """Of each picture the category that its detections give it and its best confidence; and the failures."""
    rows, failures = [], []
    for path in detections:
        found = read_json(path)
        names = found["detection_categories"]
        for image in found["images"]:
            if image.get("failure"):
                failures.append((image["file"], "detect", "failed", image["failure"]))
                continue
            best: dict[str, float] = {}
            for detection in image["detections"] or []:
                name = names.get(detection["category"], detection["category"])
                best[name] = max(best.get(name, 0.0), detection["conf"])
            seen = [name for name in DETECTED if best.get(name, 0.0) >= threshold]
            rows.append((image["file"], seen[0] if seen else "empty", max(best.values(), default=0.0)))
        if len({image["file"] for image in found["images"]}) < len(found["images"]):
            raise DamageError.of(path, "it has a picture twice")
    return pd.DataFrame(rows, columns=["path", "found", "max_conf"]).astype({"max_conf": np.float32}), failures


def _crops(crops: list[Path], failures: list[tuple]) -> pd.DataFrame:
    tables = []
    for path in crops:
        file = open_parquet(path)
        metadata = file.schema_arrow.metadata or {}
        failures += [(name, "crop", "failed", reason) for name, reason in json.loads(metadata.get(b"failures", b"[]"))]
        table = file.read(columns=CROP_COLUMNS)
        table = table.append_column("shard", pa.array([Path(path).stem] * len(table), pa.string()))
        tables.append(table.append_column("row", pa.array(np.arange(len(table), dtype=np.int32))))
    return pa.concat_tables(tables).to_pandas()


def _mark_duplicates(images: pd.DataFrame) -> None:
    """Of copies with the same content the first by path counts; the others point at it."""
    present = images[~images["category"].isin(["removed", "failed"])]
    copies = present.groupby("image_id", sort=False)["path"]
    first = copies.transform("first")
    images["n_paths"] = copies.transform("size").reindex(images.index).fillna(1).astype(np.int32)
    second = present.index[(first != present["path"]).to_numpy()]
    images["duplicate_of"] = first.reindex(second).reindex(images.index)
    images.loc[second, "category"] = "duplicate"


def _crop_table(made: pd.DataFrame, counting: pd.DataFrame) -> pd.DataFrame:
    context = counting[["path", "shard", "batch", "station", "datetime", "label", "camera", "burst", "event"]]
    table = made.merge(context, on=["path", "shard"], how="inner").sort_values("crop_id", ignore_index=True)
    return table.drop_duplicates("crop_id", ignore_index=True)


def _mark_repeats(
    table: pd.DataFrame, counting: pd.DataFrame, options: Mapping, files: list[Path], cut: Mapping | None
) -> None:
    """Columns ``repeat`` (left out of clustering) and ``repeat_place`` (the first crop of its place, also where it was taken back)."""
    table["repeat"], table["repeat_place"] = False, None
    if not options["repeat_detections"] or table.empty:
        return
    rules = Rules(
        options["repeat_events"], options["repeat_iou"], options.get("repeat_look", 0), options.get("repeat_days", 1)
    )

    def looks(positions: np.ndarray) -> np.ndarray:
        asked = table.iloc[positions].merge(counting[["path", "width", "height"]], on="path", how="left")
        return looks_of(asked, files, cut or {})

    when = spells(table, counting) if rules.min_look else pd.DataFrame(index=table.index)
    number = pd.Series(places(table.join(when), rules, looks), index=table.index)
    first = table["crop_id"].groupby(number).transform("first")
    kept = number.isin(number[table["crop_id"].isin(options.get("repeat_keep", []))])
    table["repeat_place"] = first.where(number >= 0, None)
    table["repeat"] = (number >= 0) & ~kept


def _counts(images: pd.DataFrame, crops: pd.DataFrame) -> dict:
    """The counts; every picture found is in exactly one category, so they must add up."""
    by_category = images["category"].value_counts()
    counts = {name: int(by_category.get(name, 0)) for name in ALL}
    n_found = int((images["category"] != "removed").sum())
    if sum(counts.values()) != n_found:
        raise AssertionError(f"the counts do not add up: {counts} of {n_found} pictures")
    return {
        "found": n_found,
        "categories": counts,
        "removed": int(by_category.get("removed", 0)),
        "damaged": int(((images["status"] == "damaged") & (images["category"] != "removed")).sum()),
        "videos": int(images["video"].nunique()),
        "crops": len(crops),
        "repeat_detections": int(crops["repeat"].sum()),
        "clustered": int(crops["clustered"].sum()),
        "bursts": int(images["burst"].nunique()),
        "events": int(images["event"].nunique()),
        "stations": int(images.loc[images["category"] != "removed", "station"].nunique()),
        "doubtful_clocks": _clock_counts(images),
    }


def _clock_counts(images: pd.DataFrame) -> dict[str, int]:
    found = images.loc[images["category"] != "removed", "clock"].value_counts()
    return {str(kind): int(number) for kind, number in sorted(found.items())}


def _failure_rows(images: pd.DataFrame, failures: list[tuple]) -> list[tuple]:
    present = images[images["category"] != "removed"]
    bad = present[present["status"].isin(["failed", "damaged"])]
    rows = [
        (path, "index", status, error)
        for path, status, error in zip(bad["path"], bad["status"], bad["error"].fillna(""), strict=True)
    ]
    indexed = set(bad.loc[bad["status"] == "failed", "path"])
    here = set(present["path"])
    rows += [row for row in failures if row[0] not in indexed and row[0] in here]
    return sorted(set(rows))


def _arrow(frame: pd.DataFrame) -> pa.Table:
    """An Arrow table without pandas' own metadata (other readers do not need it, and it names versions)."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for number, field in enumerate(table.schema):
        if pa.types.is_null(field.type):
            table = table.set_column(number, field.name, table.column(number).cast(pa.string()))
        elif pa.types.is_timestamp(field.type):
            table = table.set_column(number, field.name, table.column(number).cast(pa.timestamp("us")))
    return table.replace_schema_metadata(None)
