"""The files of all shards as two Arrow tables: one row per picture, one row per crop."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.collect.parts import joined, order_of
from camtrap.core.categories import DETECTED
from camtrap.core.errors import DamageError, UserError
from camtrap.core.files import open_parquet, read_json, read_parquet
from camtrap.metadata.stations import visit_of

__all__ = ["CROP_COLUMNS", "Failure", "read_shards"]

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
# Texts that many rows share are held once.
_REPEATING = {"batch", "station", "make", "model", "serial", "trigger", "label", "clock", "status", "category"}

Failure = tuple[str, str, str, str]  # path, stage, status, reason


def read_shards(
    index: Sequence[Path], detections: Sequence[Path], crops: Sequence[Path], threshold: float
) -> tuple[pa.Table, pa.Table, list[Failure]]:
    """Read the files of all shards, one shard after the other.

    Returns
    -------
    images : Table
        By path: the columns of the index (without the EXIF dump), shard, found (the category by the detections, null where there
        are none), max_conf, visit, camera.
    crops : Table
        By crop_id, each once: CROP_COLUMNS without the path, shard, row, picture (row of its picture in ``images``).
    failures : list
        Of detecting and of cropping.

    Raises
    ------
    UserError
        Two shards have the same picture.
    DamageError
        A file cannot be read, or detections have a picture twice.
    """
    of_shard = [{Path(file).stem: file for file in files} for files in (detections, crops)]
    pictures: list[pa.Table] = []
    boxes: list[pa.Table] = []
    failures: list[Failure] = []
    n = 0
    for file in index:
        shard = Path(file).stem
        names = [name for name in open_parquet(file).schema_arrow.names if name != "exif"]
        table = read_parquet(file, columns=names, repeating=_REPEATING.intersection(names))
        paths, videos = (table[name].to_pylist() for name in ("path", "video"))
        found = _found(of_shard[0][shard], threshold, failures)
        known = [found.get(path, (None, None)) for path in paths]
        more = {
            "shard": _same(shard, len(table)),
            "found": pa.array([name for name, _ in known], pa.string()).dictionary_encode(),
            "max_conf": pa.array([conf for _, conf in known], pa.float32()),
            "visit": pa.array(
                [_visit((video or path).rpartition("/")[0]) for video, path in zip(videos, paths, strict=True)],
                pa.string(),
            ).dictionary_encode(),
            "camera": pa.array(
                map(_camera, *(table[name].to_pylist() for name in ("make", "model", "serial"))), pa.string()
            ).dictionary_encode(),
        }
        for name, values in more.items():
            table = table.append_column(name, values)
        pictures.append(table)
        boxes.append(_crops(of_shard[1][shard], {path: row for row, path in enumerate(paths, n)}, failures))
        n += len(table)
    order = order_of(pictures, "path")
    images = joined(pictures, order)
    _once(images)
    place = np.empty(n, np.int64)
    place[order.to_numpy()] = np.arange(n)
    made = joined(boxes, order_of(boxes, "crop_id"))
    at = made.schema.get_field_index("picture")
    made = made.set_column(at, "picture", pa.array(place[made["picture"].to_numpy()]))
    return images, made, failures


@cache
def _camera(*said: str | None) -> str:
    return " ".join(" ".join(word or "" for word in said).split())


@cache
def _visit(folder: str) -> str:
    return visit_of(f"{folder}/")


def _same(text: str, n: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.zeros(n, np.int32), pa.array([text], pa.string()))


def _once(images: pa.Table) -> None:
    """No picture is there twice."""
    paths = images["path"]
    if len(paths) < 2:
        return
    twice = pc.index(pc.equal(paths[1:], paths[:-1]), True).as_py()
    if twice >= 0:
        first, second = images["shard"][twice : twice + 2].to_pylist()
        raise UserError(
            f"{paths[twice]} is in index/{first}.parquet and in index/{second}.parquet: delete both and run again; "
            "planning says whether the plan is damaged"
        )


def _found(file: Path, threshold: float, failures: list[Failure]) -> dict[str, tuple[str, float]]:
    """Of each picture of a shard the category that its detections give it and its best confidence."""
    text = read_json(file)
    names = text["detection_categories"]
    found: dict[str, tuple[str, float]] = {}
    for image in text["images"]:
        if image.get("failure"):
            failures.append((image["file"], "detect", "failed", image["failure"]))
            continue
        best: dict[str, float] = {}
        for detection in image["detections"] or []:
            name = names.get(detection["category"], detection["category"])
            best[name] = max(best.get(name, 0.0), detection["conf"])
        seen = [name for name in DETECTED if best.get(name, 0.0) >= threshold]
        found[image["file"]] = seen[0] if seen else "empty", max(best.values(), default=0.0)
    if len({image["file"] for image in text["images"]}) < len(text["images"]):
        raise DamageError.of(file, "it has a picture twice")
    return found


def _crops(file: Path, rows: Mapping[str, int], failures: list[Failure]) -> pa.Table:
    """Crops of one shard whose picture is in ``rows``."""
    metadata = open_parquet(file).schema_arrow.metadata or {}
    failures += [(name, "crop", "failed", reason) for name, reason in json.loads(metadata.get(b"failures", b"[]"))]
    table = read_parquet(file, columns=CROP_COLUMNS, repeating=["category"])
    picture = pa.array([rows.get(path) for path in table["path"].to_pylist()], pa.int64())
    table = table.drop_columns("path").append_column("shard", _same(Path(file).stem, len(table)))
    table = table.append_column("row", pa.array(np.arange(len(table), dtype=np.int32))).append_column(
        "picture", picture
    )
    return table.filter(pc.is_valid(picture)).replace_schema_metadata(None)
