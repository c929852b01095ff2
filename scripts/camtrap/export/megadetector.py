"""MegaDetector JSON 1.6 with clusters, and names where experts gave them, as classifications.

Timelapse and ``megadetector.postprocessing`` read it. A cluster is a class: its id is the cluster's number (of several
clusters with one name, the smallest), its name the expert's, else "cluster 7"; the description lists the clusters and
counts their crops. Where experts decided, each crop has the class of its own name. Noise has no class.
A repeat detection has a negative confidence, as repeat-detection removal
writes it. A video is one entry with the numbers of its frames. Entries stand by shard, then by path.
"""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.core import files
from camtrap.crop.geometry import crop_id
from camtrap.detections import megadetector_json as md
from camtrap.export.beside import beside, in_order, read, values
from camtrap.export.privacy import OPEN, Privacy

_PART = 10_000
_IMAGES = ["path", "image_id", "shard", "category", "error", "video", "frame", "frame_time"]
_CROPS = ["crop_id", "image_id", "category", "conf", "x", "y", "w", "h", "repeat"]


def export(
    images: Path,
    crops: Path,
    clusters: Path,
    names: Mapping[int, str] | None,
    out: str | os.PathLike,
    detections: Iterable[str | os.PathLike] = (),
    threshold: float | None = None,
    labels: Path | None = None,
    private: Privacy = OPEN,
) -> dict[str, int]:
    """Write the clusters as a MegaDetector batch file, entry by entry.

    Parameters
    ----------
    images, crops, clusters : path
        ``tables/images.parquet``, ``tables/crops.parquet``, ``results/clusters/{model}/clusters.parquet``.
    names : mapping of int to str, optional
        Cluster to name.
    out : path
    detections : iterable of path
        ``detections/{shard}.json`` of all shards: every detection is exported, those below the crop threshold too.
        Without them only crops are.
    threshold : float, optional
        The crops' threshold: viewers show boxes from here on.
    labels : path, optional
        ``tables/labels.parquet``: a crop's own name takes precedence over its cluster; a rejected one has no class.
    private : Privacy
        Pictures that are hidden have no entry.

    Returns
    -------
    dict
        ``images``, ``failures``, ``detections``, ``classified``: what was written.
    """
    sources = {Path(path).stem: path for path in detections}
    table = beside(read(crops, _CROPS), clusters, ["cluster", "probability"])
    if labels is not None:
        table = beside(table, labels, ["state", "name", "sure"])
    named = {int(cluster): str(name).strip() for cluster, name in (names or {}).items() if str(name).strip()}
    found = _Crops(table.unify_dictionaries().combine_chunks(), named, not sources)
    del table
    head = {"format_version": md.FORMAT_VERSION, "detector": "unknown", "classifier": "camtrap clusters"}
    counts = dict.fromkeys(("images", "failures", "detections", "classified"), 0)
    with files.replacing(out) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        file.write('{"info": ' + json.dumps(head | _detector(sources, threshold)) + ',\n"images": [')
        for entry in _entries(read(images, _IMAGES), found, sources, private):
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


def _detector(sources: Mapping[str, str | os.PathLike], threshold: float | None) -> dict:
    """The detector that the first shard's file names, and the threshold at which viewers show its boxes."""
    info = md.read(sources[min(sources)])["info"] if sources else {}
    about = {key: info[key] for key in ("detector", "detector_metadata") if key in info}
    if threshold is not None:
        about["detector_metadata"] = {**about.get("detector_metadata", {}), "typical_detection_threshold": threshold}
    return about


class _Crops:
    """Crops by id and by picture, with the class that their cluster is. Of each crop some 70 bytes are held.

    ``table``: crops with cluster and probability, and state, name and sure where experts decided.
    """

    def __init__(self, table: pa.Table, names: Mapping[int, str], by_image: bool):
        self.categories = {name: i for i, name in md.CATEGORIES.items()}
        for name in md.categories_of(table["category"].unique().to_pylist()).values():
            self.number(name)
        self._ids = np.empty(len(table), f"S{pc.max(pc.binary_length(table['crop_id'])).as_py() or 1}")
        self._category, self._repeat = np.empty(len(table), np.int32), np.zeros(len(table), bool)
        self._class, self._sure = np.full(len(table), -1, np.int32), np.ones(len(table))
        called: dict[str, int] = {}
        size: Counter[str] = Counter()
        members: dict[str, set[int]] = defaultdict(set)
        self.by_image: dict[str, list[dict]] = defaultdict(list)
        at = 0
        for part in in_order(table, ["crop_id"], _PART):
            columns = values(part)
            self._ids[at : at + len(part)] = columns["crop_id"]
            self._category[at : at + len(part)] = [int(self.number(name)) for name in columns["category"]]
            self._repeat[at : at + len(part)] = [bool(repeat) for repeat in columns["repeat"]]
            for row, (own, cluster, sure) in enumerate(_called(columns, names), at):
                if own is not None:
                    self._class[row] = called.setdefault(own, len(called))
                    self._sure[row] = 1.0 if sure is None or sure != sure else round(sure, 4)
                    size[own] += 1
                    if cluster is not None:
                        members[own].add(cluster)
            at += len(part)
            if by_image:
                for crop in part.to_pylist():
                    self.by_image[crop["image_id"]].append(crop)
        number = _numbers({name: members[name] for name in called}, size)
        self.classes = {
            number[name]: (name, _of_clusters(sorted(members[name])) + f"{size[name]} crops")
            for name in sorted(size, key=lambda name: int(number[name]))
        }
        self._numbers = [number[name] for name in called]

    def number(self, name: str) -> str:
        """Return the category id of a name; a new name gets the next."""
        return self.categories.setdefault(name, str(len(self.categories) + 1))

    def detection(self, image_id: str | None, name: str, conf: float, box: list, given_id: str | None = None) -> dict:
        """Return a detection, with the class of the crop that was cut from it."""
        category = self.number(name)
        entry = {"category": category, "conf": conf, "bbox": box}
        row = self._row(given_id or crop_id(image_id or "", box))
        if row is not None and self._category[row] == int(category):
            if self._repeat[row]:
                entry["conf"] = -abs(conf)
            if self._class[row] >= 0:
                entry["classifications"] = [[self._numbers[self._class[row]], float(self._sure[row])]]
        return entry

    def _row(self, crop: str) -> int | None:
        wanted = np.bytes_(crop.encode())
        row = int(np.searchsorted(self._ids, wanted))
        return row if row < len(self._ids) and self._ids[row] == wanted else None


def _called(
    columns: Mapping[str, list], names: Mapping[int, str]
) -> Iterator[tuple[str | None, int | None, float | None]]:
    """Of each crop the name of its class, its cluster, and how sure that is; what experts said takes precedence."""
    decided = "state" in columns
    none = [None] * len(columns["crop_id"])
    keys = ("cluster", "probability", "state", "name", "sure")
    for cluster, sure, state, name, sure_of_name in zip(*(columns.get(key, none) for key in keys), strict=True):
        inside = cluster if cluster is not None and cluster >= 0 else None
        if decided and state in ("named", "rejected"):
            yield name, inside, sure_of_name
        else:
            own = None if decided or inside is None else names.get(inside)
            yield own or (None if inside is None else f"cluster {inside}"), inside, sure


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


def _entries(images: pa.Table, found: _Crops, sources: Mapping, private: Privacy) -> Iterator[dict]:
    images = images.unify_dictionaries().combine_chunks()
    parts = map(values, in_order(images, ["shard", "path"], _PART))
    rows = (dict(zip(_IMAGES, row, strict=True)) for part in parts for row in zip(*part.values(), strict=True))
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
