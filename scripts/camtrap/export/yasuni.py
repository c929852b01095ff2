"""The Yasuní notebooks' own record: one JSON object per picture, and their features as JSON lines.

Both files hold one record per *content* (SHA-256), however many copies there are, in the order of the shards, then of
the paths:

``yasuni.json``
    A JSON array, one record per line::

        {"id_sha_256": "ab12...",
         "paths": ["card1/IMG_0001.JPG", "card2/copy.JPG"],
         "metadata": {"image": {"Make": "RECONYX", ...},
                      "other": {"location": {"station": "A1", "latitude": -0.63, "longitude": -76.15}}},
         "detectors": {
           "megadetectorV5": {"researcher": "",
                              "output": {"file": "card1/IMG_0001.JPG",
                                         "detections": [{"category": "1", "conf": 0.93, "bbox": [x, y, w, h]}]}},
           "another_detector": {},
           "ground_truth": {"label": "ocelot"}},
         "segmentation_masks": []}

    ``category`` is MegaDetector's ("1" animal, "2" person, "3" vehicle), or else the detector's own name; ``bbox`` is
    relative x, y, width, height. ``image`` holds all EXIF fields that the index keeps. ``ground_truth`` is empty where
    there is no label, and ``output`` has a ``failure`` and null ``detections`` where the detector failed.

``yasuni_features.jsonl``
    The same record for each picture with crops, but with the detections that have an embedding only, each with its
    ``crop_id`` and ``features``: a list of float32 values, unrounded. The notebooks kept one vector per picture (a loop
    there overwrote it); here is one per detection.

Only one shard's tables are held in memory at a time, beside the columns of the picture and crop tables named below.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.core import files
from camtrap.core.files import read_parquet
from camtrap.crop.geometry import crop_id
from camtrap.detections import megadetector_json as md
from camtrap.export.privacy import OPEN, Privacy, plain_exif

DETECTOR = "megadetectorV5"
_IMAGES = ["path", "image_id", "shard", "category", "n_paths", "station", "latitude", "longitude", "label", "error"]
_CROPS = ["crop_id", "shard"]


def export(
    images: str | os.PathLike,
    crops: str | os.PathLike,
    index: Iterable[str | os.PathLike],
    detections: Iterable[str | os.PathLike],
    embeddings: Iterable[str | os.PathLike],
    records_out: str | os.PathLike,
    features_out: str | os.PathLike,
    private: Privacy = OPEN,
) -> dict[str, int]:
    """Write the merged records and the features, shard by shard.

    Parameters
    ----------
    images, crops : path
        ``tables/images.parquet`` and ``tables/crops.parquet``.
    index, detections, embeddings : iterable of path
        ``index/{shard}.parquet``, ``detections/{shard}.json``, ``embeddings/{model}/{shard}.parquet`` of all shards.
    records_out, features_out : path
        ``yasuni.json`` and ``yasuni_features.jsonl``.
    private : Privacy
        Pictures that are hidden have no record; with rounded places, EXIF comes without them.

    Returns
    -------
    dict
        ``records``, ``features_records``, ``vectors``: what was written.
    """
    index_of, detections_of, embeddings_of = (
        {Path(p).stem: p for p in paths} for paths in (index, detections, embeddings)
    )
    table = read_parquet(images, columns=_IMAGES).sort_by([("shard", "ascending"), ("path", "ascending")])
    copies = _copies(table)
    crop_ids = dict(_by_shard(read_parquet(crops, columns=_CROPS).sort_by("shard")))
    counts = dict.fromkeys(("records", "features_records", "vectors"), 0)
    with (
        files.replacing(records_out) as records_tmp,
        files.replacing(features_out) as features_tmp,
        open(records_tmp, "w", encoding="utf-8", newline="") as records_file,
        open(features_tmp, "w", encoding="utf-8", newline="") as features_file,
    ):
        records_file.write("[")
        for shard, part in _by_shard(table):
            rows = [row for row in part.to_pylist() if row["category"] not in ("duplicate", "removed")]
            rows = [row for row in rows if not private.hides(row["path"])]
            exif = _exif(index_of.get(shard))
            wanted = crop_ids[shard]["crop_id"].to_pylist() if shard in crop_ids else []
            vectors = _vectors(embeddings_of.get(shard), set(wanted))
            for row, output in _outputs(rows, detections_of.get(shard)):
                fields = plain_exif(exif.get(row["path"]) or {}, private)
                record = _record(row, output, fields, copies.get(row["image_id"]), private)
                records_file.write((",\n" if counts["records"] else "\n") + _line(record))
                counts["records"] += 1
                found = _with_features(row["image_id"], output, vectors)
                if found:
                    record["detectors"][DETECTOR]["output"] = output | {"detections": found}
                    features_file.write(_line(record) + "\n")
                    counts["features_records"] += 1
                    counts["vectors"] += len(found)
        records_file.write("\n]\n")
    return counts


def _line(record: dict) -> str:
    return json.dumps(record, ensure_ascii=False, allow_nan=False)


def _by_shard(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Yield each shard's part of a table that is sorted by shard: slices, nothing is copied or searched."""
    shards = table["shard"].to_numpy()
    starts = [0, *(np.flatnonzero(shards[1:] != shards[:-1]) + 1), len(shards)] if len(shards) else []
    for start, end in pairwise(starts):
        yield shards[start], table.slice(start, end - start)


def _copies(table: pa.Table) -> dict[str, list[str]]:
    """Return the paths of every content that lies at several, sorted; removed ones are not copies."""
    several = table.filter(pc.and_(pc.greater(table["n_paths"], 1), pc.not_equal(table["category"], "removed")))
    found: dict[str, list[str]] = defaultdict(list)
    for image_id, path in zip(several["image_id"].to_pylist(), several["path"].to_pylist(), strict=True):
        if image_id is not None:
            found[image_id].append(path)
    return {image_id: sorted(paths) for image_id, paths in found.items()}


def _exif(path: str | os.PathLike | None) -> dict[str, dict]:
    if path is None:
        return {}
    table = read_parquet(path, columns=["path", "exif"])
    pairs = zip(table["path"].to_pylist(), table["exif"].to_pylist(), strict=True)
    return {name: json.loads(text) for name, text in pairs if text}


def _vectors(path: str | os.PathLike | None, wanted: set[str]) -> dict:
    """Return float32 vectors by crop id; shape (d,) each."""
    if path is None or not wanted:
        return {}
    table = read_parquet(path, columns=["crop_id", "embedding"]).combine_chunks()
    ids = table["crop_id"].to_pylist()
    if not ids:
        return {}
    flat = table["embedding"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    matrix = np.asarray(flat, dtype=np.float32).reshape(len(ids), -1)
    return {name: vector for name, vector in zip(ids, matrix, strict=True) if name in wanted}


def _outputs(rows: list[dict], path: str | os.PathLike | None) -> Iterator[tuple[dict, dict]]:
    """Yield each picture with the detector's output."""
    data = md.read(path) if path is not None else {"images": [], "detection_categories": {}}
    names = data["detection_categories"]
    number = {name: i for i, name in md.CATEGORIES.items()}
    found = {image["file"]: image for image in data["images"]}
    for row in rows:
        image = found.get(row["path"])
        if image is None or image.get("failure"):
            failure = (image or {}).get("failure") or row["error"] or md.NO_RESULT
            yield row, {"file": row["path"], "failure": failure, "detections": None}
        else:
            boxes = [
                d | {"category": number.get(names[d["category"]], names[d["category"]])} for d in image["detections"]
            ]
            yield row, {"file": row["path"], "detections": boxes}


def _record(row: dict, output: dict, exif: dict, copies: list[str] | None, private: Privacy) -> dict:
    place = {side: private.rounded(row[side]) for side in ("latitude", "longitude")}
    return {
        "id_sha_256": row["image_id"],
        "paths": copies or [row["path"]],
        "metadata": {"image": exif, "other": {"location": {"station": row["station"], **place}}},
        "detectors": {
            DETECTOR: {"researcher": "", "output": output},
            "another_detector": {},
            "ground_truth": {} if row["label"] is None else {"label": row["label"]},
        },
        "segmentation_masks": [],
    }


def _with_features(image_id: str | None, output: dict, vectors: dict) -> list[dict]:
    """Return the detections that have a vector, best first, each vector once."""
    found, used = [], set()
    for detection in sorted(output["detections"] or [], key=lambda d: -d["conf"]):
        name = crop_id(image_id or "", detection["bbox"])
        if name in vectors and name not in used:
            used.add(name)
            found.append(detection | {"crop_id": name, "features": vectors[name].tolist()})
    return found
