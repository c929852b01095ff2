"""MegaDetector JSON 1.6 with clusters, and names where experts gave them, as classifications.

Timelapse and ``megadetector.postprocessing`` read it. A cluster is a class: its id is the cluster's number (of several
clusters with one name, the smallest), its name the expert's, else "cluster 7"; the description lists the clusters and
counts their crops. Where experts decided, each crop has the class of its own name. Noise has no class.
A repeat detection has a negative confidence, as repeat-detection removal
writes it. A video is one entry with the numbers of its frames. Entries stand by shard, then by path.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from camtrap.core import files
from camtrap.core.files import read_parquet
from camtrap.crop.geometry import crop_id
from camtrap.detections import megadetector_json as md
from camtrap.export.privacy import OPEN, Privacy

Table: TypeAlias = pa.Table | str | os.PathLike
_IMAGES = ["path", "image_id", "shard", "category", "error", "video", "frame", "frame_time"]
_CROPS = ["crop_id", "image_id", "category", "conf", "x", "y", "w", "h", "repeat"]


def export(
    images: Table,
    crops: Table,
    clusters: Table,
    names: Mapping[int, str] | None,
    out: str | os.PathLike,
    detections: Iterable[str | os.PathLike] = (),
    threshold: float | None = None,
    labels: Table | None = None,
    private: Privacy = OPEN,
) -> dict[str, int]:
    """Write the clusters as a MegaDetector batch file, entry by entry.

    Parameters
    ----------
    images, crops, clusters : pyarrow.Table or path
        ``tables/images.parquet``, ``tables/crops.parquet``, ``results/clusters/{model}/clusters.parquet``.
    names : mapping of int to str, optional
        Cluster to name.
    out : path
    detections : iterable of path
        ``detections/{shard}.json`` of all shards: every detection is exported, those below the crop threshold too.
        Without them only crops are.
    threshold : float, optional
        The crops' threshold: viewers show boxes from here on.
    labels : pyarrow.Table or path, optional
        ``tables/labels.parquet``: a crop's own name takes precedence over its cluster; a rejected one has no class.
    private : Privacy
        Pictures that are hidden have no entry.

    Returns
    -------
    dict
        ``images``, ``failures``, ``detections``, ``classified``: what was written.
    """
    sources = {Path(path).stem: path for path in detections}
    found = _Crops(_table(crops, _CROPS), _table(clusters, None), names or {}, not sources, labels)
    head = {"format_version": md.FORMAT_VERSION, "detector": "unknown", "classifier": "camtrap clusters"}
    counts = dict.fromkeys(("images", "failures", "detections", "classified"), 0)
    with files.replacing(out) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        file.write('{"info": ' + json.dumps(head | _detector(sources, threshold)) + ',\n"images": [')
        for entry in _entries(_table(images, _IMAGES), found, sources, private):
            file.write((",\n" if counts["images"] else "\n") + json.dumps(entry, allow_nan=False))
            boxes = entry["detections"] or ()
            counts["images"] += 1
            counts["failures"] += "failure" in entry
            counts["detections"] += len(boxes)
            counts["classified"] += sum("classifications" in box for box in boxes)
        tail = {"detection_categories": {i: name for name, i in found.categories.items()}}
        tail |= md.classification_tables(found.classes)
        file.write("\n],\n" + json.dumps(tail, indent=1)[2:] + "\n")
    return counts


def _table(table: Table, columns: list[str] | None) -> pa.Table:
    if isinstance(table, (str, os.PathLike)):
        return read_parquet(table, columns=columns)
    return table if columns is None else table.select(columns)


def _detector(sources: Mapping[str, str | os.PathLike], threshold: float | None) -> dict:
    """The detector that the first shard's file names, and the threshold at which viewers show its boxes."""
    info = md.read(sources[min(sources)])["info"] if sources else {}
    about = {key: info[key] for key in ("detector", "detector_metadata") if key in info}
    if threshold is not None:
        about["detector_metadata"] = {**about.get("detector_metadata", {}), "typical_detection_threshold": threshold}
    return about


class _Crops:
    """Crops by id and by picture, with the class that their cluster is."""

    def __init__(
        self, crops: pa.Table, clusters: pa.Table, names: Mapping[int, str], by_image: bool, labels: Table | None
    ):
        names = {int(cluster): str(name).strip() for cluster, name in names.items() if str(name).strip()}
        self.categories = {name: i for i, name in md.CATEGORIES.items()}
        for name in md.categories_of(crops["category"].unique().to_pylist()).values():
            self.number(name)
        class_of: dict[str, tuple[str, float]] = {}
        size: dict[str, int] = defaultdict(int)
        members: dict[str, set[int]] = defaultdict(set)
        said = _said(labels)
        names = {} if labels is not None else names
        columns = (clusters[k].to_pylist() for k in ("crop_id", "cluster", "probability"))
        for crop, cluster, p in zip(*columns, strict=True):
            in_one = cluster is not None and cluster >= 0
            called = (names.get(cluster) or f"cluster {cluster}") if in_one else None
            if crop in said:
                called, p = said.pop(crop)
            if called is None:
                continue
            class_of[crop] = (called, 1.0 if p is None or p != p else round(p, 4))
            size[called] += 1
            if in_one:
                members[called].add(cluster)
        for crop, (own, sure) in said.items():  # not clustered, and named all the same
            if own is not None:
                class_of[crop] = (own, round(sure, 4))
                size[own] += 1
        number = _numbers({name: members.get(name, set()) for name in size}, size)
        self.classes = {
            number[name]: (name, _of_clusters(sorted(members[name])) + f"{size[name]} crops")
            for name in sorted(size, key=lambda name: int(number[name]))
        }
        self.by_id: dict[str, tuple[str, bool, list | None]] = {}
        self.by_image: dict[str, list[dict]] = defaultdict(list)
        for crop in _rows(crops):
            given = class_of.get(crop["crop_id"])
            found = [[number[given[0]], given[1]]] if given else None
            self.by_id[crop["crop_id"]] = (sys.intern(crop["category"]), bool(crop["repeat"]), found)
            if by_image:
                self.by_image[crop["image_id"]].append(crop)

    def number(self, name: str) -> str:
        """Return the category id of a name; a new name gets the next."""
        return self.categories.setdefault(name, str(len(self.categories) + 1))

    def detection(self, image_id: str | None, name: str, conf: float, box: list, given_id: str | None = None) -> dict:
        """Return a detection, with the class of the crop that was cut from it."""
        entry = {"category": self.number(name), "conf": conf, "bbox": box}
        category, repeat, found = self.by_id.get(given_id or crop_id(image_id or "", box), (None, False, None))
        if category == name:
            if repeat:
                entry["conf"] = -abs(conf)
            if found:
                entry["classifications"] = found
        return entry


def _said(labels: Table | None) -> dict[str, tuple[str | None, float]]:
    """Of each crop that was named or rejected its name (None: rejected), and how sure that is."""
    if labels is None:
        return {}
    table = _table(labels, ["crop_id", "state", "name", "sure"])
    rows = zip(*(table[column].to_pylist() for column in table.column_names), strict=True)
    return {crop: (name, sure) for crop, state, name, sure in rows if state in ("named", "rejected")}


def _numbers(members: Mapping[str, set[int]], size: Mapping[str, int]) -> dict[str, str]:
    """Of each class an id: the smallest of its clusters, or else (another class has that) a number beyond all clusters."""
    beyond = max((max(of) for of in members.values() if of), default=-1) + 1
    found: dict[str, int] = {}
    for name in sorted(members, key=lambda name: (min(members[name], default=beyond), -size[name], name)):
        wanted = min(members[name], default=beyond)
        if wanted >= beyond or wanted in found.values():
            wanted, beyond = beyond, beyond + 1
        found[name] = wanted
    return {name: str(wanted) for name, wanted in found.items()}


def _of_clusters(clusters: list[int]) -> str:
    return f"cluster{'s' * (len(clusters) > 1)} {', '.join(map(str, clusters))}: " if clusters else ""


def _rows(table: pa.Table) -> Iterator[dict]:
    for batch in table.to_batches(max_chunksize=10_000):
        yield from batch.to_pylist()


def _entries(images: pa.Table, found: _Crops, sources: Mapping, private: Privacy) -> Iterator[dict]:
    rows = _rows(images.sort_by([("shard", "ascending"), ("path", "ascending")]))
    for shard, of_shard in groupby(rows, key=lambda row: row["shard"]):
        source, numbers = {}, {}
        if shard in sources:
            data = md.read(sources[shard])
            source, numbers = {image["file"]: image for image in data["images"]}, data["detection_categories"]
        videos = defaultdict(list)
        for row in of_shard:
            if row["category"] == "removed" or private.hides(row["path"]):
                continue
            entry = _entry(row, source.get(row["path"]), numbers, found)
            if row["video"]:
                videos[row["video"]].append((row, entry))
            else:
                yield entry
        for video in sorted(videos):
            yield _video(video, videos[video])


def _entry(row: dict, image: dict | None, numbers: Mapping, found: _Crops) -> dict:
    failure = (image or {}).get("failure")
    if failure or (image is None and row["category"] == "failed"):
        failed = {"file": row["path"], "failure": failure or row["error"] or "failed", "detections": None}
        return failed | md.video_fields(row["path"])
    if image is not None:
        boxes = [
            found.detection(row["image_id"], numbers[d["category"]], d["conf"], d["bbox"]) for d in image["detections"]
        ]
    else:
        boxes = [
            found.detection(
                c["image_id"],
                c["category"],
                round(c["conf"], 5),
                [round(c[k], 6) for k in ("x", "y", "w", "h")],
                c["crop_id"],
            )
            for c in found.by_image.get(row["image_id"], ())
        ]
    return {"file": row["path"], "detections": sorted(boxes, key=_order)}


def _order(detection: dict) -> tuple:
    return -detection["conf"], int(detection["category"]), detection["bbox"]


def _video(video: str, frames: list[tuple[dict, dict]]) -> dict:
    """Join the frames of a video; the frame rate is that of the last frame's number and time."""
    good = [(row, entry) for row, entry in frames if "failure" not in entry]
    if not good:
        return {"file": video, "failure": frames[0][1]["failure"], "detections": None} | md.video_fields(video)
    last = max((row for row, _ in good), key=lambda row: row["frame"])
    boxes = [box | {"frame_number": row["frame"]} for row, entry in good for box in entry["detections"]]
    return {
        "file": video,
        "frame_rate": round(last["frame"] / last["frame_time"], 3) if last["frame_time"] else 0.0,
        "frames_processed": sorted(row["frame"] for row, _ in good),
        "detections": sorted(boxes, key=lambda box: (box["frame_number"], *_order(box))),
    }
