"""Read detection results that somebody already has, in any dialect of the field.

The dialect is found by looking into the file, never by its name:

=============================  =====================================================================================
``megadetector``               MegaDetector batch JSON 1.0 to 1.6, of pictures or videos (a record a processed frame)
``pytorch-wildlife-timelapse`` the same shape from PyTorch-Wildlife: categories from 0, ``format_version`` missing
``pytorch-wildlife``           ``annotations`` of parallel lists, corners in pixels, 0 = animal; with or without classes
``microsoft-megadetector``     a list of {file, detections[{category name, confidence, bbox}]}, corners in pixels
``speciesnet``                 ``predictions`` with a class a detection (5.0.6), or a class a picture (before)
``coco``                       ``images``, ``annotations``, ``categories``; x, y, width, height in pixels
=============================  =====================================================================================

**Rotation.** All boxes are taken as boxes in the picture *after* EXIF rotation. MegaDetector and SpeciesNet rotate.
PyTorch-Wildlife (1.3.0) opens pictures with PIL and does not rotate, unless a YOLO model reads a whole folder through
ultralytics; the file does not say which. A pixel box that then leaves the rotated picture is listed as a problem.

**Empty pictures.** PyTorch-Wildlife's MegaDetector V5 on a folder writes no record for a picture without a detection.
"""

import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from camtrap.core.errors import DetectionFileError
from camtrap.detections import coco, speciesnet, wildlife
from camtrap.detections.megadetector_json import CATEGORIES
from camtrap.detections.records import (
    NOTHING,
    UNREADABLE,
    Detection,
    Detections,
    Record,
    category,
    collect,
    entries,
    no_cycle_search,
    parse_box,
    parse_conf,
    pixels,
    probability,
    short,
    table,
)
from camtrap.pictures.frames import frame_path, is_video

LOOKED_FOR = (
    "'images' with 'file' (MegaDetector, Timelapse), 'annotations' with 'img_id' (PyTorch-Wildlife), a list with 'file' "
    "and 'detections' (microsoft/MegaDetector), 'predictions' with 'filepath' (SpeciesNet), or 'images' and "
    "'annotations' with 'image_id' (COCO)"
)


def read(path: str | os.PathLike, rename: dict[str, str] | None = None) -> Detections:
    """Read a detection file of any known dialect. The whole file is held in memory.

    Parameters
    ----------
    path : path
        JSON file.
    rename : dict of str to str, optional
        Category names to replace, e.g. ``{"Virginia Opossum": "animal"}``; ``"*"`` stands for every name that is
        neither mentioned nor animal, person or vehicle.

    Returns
    -------
    Detections
        Records in the file's order. A box that makes no sense is left out and listed in ``problems`` as
        (file, reason); a picture that loses all its boxes so has a ``failure``.

    Raises
    ------
    DetectionFileError
        If the file cannot be read, is not JSON or of no known dialect: one line, with what was looked for.
    """
    problems: list[tuple[str, str]] = []
    with no_cycle_search():
        data = load(path)
        try:
            dialect = sniff(data)
        except DetectionFileError as error:
            raise DetectionFileError(f"{path}: {error}") from None
        try:
            records = list(_READERS[dialect](data, problems))
        except UNREADABLE as error:  # no entry, but what all of them need
            raise DetectionFileError(f"{path}: not a file of detections that can be read ({error!r:.200})") from None
    if rename:
        _rename(records, rename)
    info = data.get("info") if isinstance(data, dict) else None
    return Detections(dialect, records, _finite(info) if isinstance(info, dict) else {}, problems)


def load(path: str | os.PathLike) -> Any:
    """Read a JSON file as the tools around us write it; ValueError in one line if it is none."""
    try:
        return json.loads(Path(path).read_bytes())  # UTF-8 or UTF-16, as Windows' tools write them, with their marks
    except OSError as error:
        raise DetectionFileError(f"{path}: the file of detections cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise DetectionFileError(f"{path}: not a JSON file ({error})") from None


def sniff(data: object) -> str:
    """Return the dialect of loaded JSON.

    Raises
    ------
    DetectionFileError
        If it is none, with what was looked for and what was found.
    """
    if isinstance(data, list):
        first = _first(data)
        if first is None or {"file", "detections"} <= first.keys():
            return "microsoft-megadetector"
        raise DetectionFileError(
            f"no known detection file: a list of objects with {_keys(first)}; looked for {LOOKED_FOR}"
        )
    if not isinstance(data, dict):
        raise DetectionFileError(f"no known detection file: a JSON {type(data).__name__}; looked for {LOOKED_FOR}")
    images, annotations = data.get("images"), data.get("annotations")
    if isinstance(data.get("predictions"), list) and "filepath" in (_first(data["predictions"]) or {"filepath": 0}):
        return "speciesnet"
    if isinstance(images, list) and isinstance(annotations, list):
        if "image_id" in (_first(annotations) or {"image_id": 0}):
            return "coco"
    elif isinstance(images, list):
        if "file" in (_first(images) or {"file": 0}):
            return "pytorch-wildlife-timelapse" if _counts_from_zero(data) else "megadetector"
    elif isinstance(annotations, list):
        first = _first(annotations) or {"img_id": 0, "bbox": 0}
        if {"img_id", "bbox"} <= first.keys():
            return "pytorch-wildlife"
        if "dot" in first:
            raise DetectionFileError("PyTorch-Wildlife's dots are points, not boxes: nothing can be cropped from them")
    if isinstance(data.get("instances"), list):
        raise DetectionFileError("SpeciesNet's *input* (a list of instances) holds no detections: give its predictions")
    raise DetectionFileError(f"no known detection file: an object with {_keys(data)}; looked for {LOOKED_FOR}")


def _counts_from_zero(data: dict) -> bool:
    """Is category 0 the animal? Only a file that does not name its categories needs more than a look at them."""
    names = table(data.get("detection_categories"))
    if names:
        return str(names.get("0", "")).lower() == "animal"
    images = [image for image in data["images"] if isinstance(image, dict)]
    found = [image["detections"] for image in images if isinstance(image.get("detections"), list)]
    used = {str(d["category"]) for detections in found for d in detections if isinstance(d, dict) and "category" in d}
    if "0" in used or any(image.get("max_detection_conf") == "" for image in images):
        return True
    if "3" in used or not used:
        return False
    raise DetectionFileError(
        "'detection_categories' is missing, and nothing tells whether \"1\" is animal (MegaDetector) or person"
        " (PyTorch-Wildlife): add it to the file"
    )


def _first(items: list) -> dict | None:
    return next((item for item in items if isinstance(item, dict)), None)


def _keys(item: dict) -> str:
    return ", ".join(repr(str(k)) for k in list(item)[:8]) or "no keys"


def _megadetector(data: dict, problems: list, defaults: dict[str, str] = CATEGORIES) -> Iterator[Record]:
    names = table(data.get("detection_categories")) or defaults
    classes, descriptions = (
        table(data.get(key)) for key in ("classification_categories", "classification_category_descriptions")
    )
    for key in ("detection_categories", "classification_categories", "classification_category_descriptions"):
        if data.get(key) and not table(data[key]):
            problems.append(("", f"{key!r} is not a table of names: {short(data[key])}"))
    labels = {i: (name, descriptions.get(i, "")) for i, name in classes.items()}

    def parse(item: dict) -> Detection | None:
        number = str(item["category"])
        name = category(names.get(number, f"class {number}"))
        if name.lower() in NOTHING:
            return None
        conf, repeat = parse_conf(item["conf"])
        given = item.get("classifications") or []
        found = tuple((labels[str(i)], probability(p)) for i, p in given if str(i) in labels)
        return Detection(name, conf, parse_box(item["bbox"]), repeat=repeat, classes=found)

    def one(item: dict) -> Iterator[Record]:
        width, height = pixels(item.get("width")), pixels(item.get("height"))
        if item.get("failure"):
            yield Record(item["file"], None, str(item["failure"]), width, height)
        elif item.get("detections") is None:
            yield Record(item["file"], None, "the detection file gives neither detections nor a failure", width, height)
        elif not isinstance(item["detections"], list):
            raise ValueError(f"its 'detections' are not a list: {short(item['detections'])}")
        else:
            for file, raw in _frames(item, problems):
                yield collect(file, raw, parse, problems, width, height)

    yield from entries(data["images"], "file", " of 'images'", one, problems)


def _frames(item: dict, problems: list) -> Iterator[tuple[str, list]]:
    """Split a video's result into its processed frames, named as our index names frames; a picture is itself.

    A video without any frame number, in which nothing was seen, is a result for the video as a whole.
    """
    file, detections = item["file"], item["detections"]
    processed = item.get("frames_processed")
    numbers: dict[int, list] = {}
    if isinstance(processed, list):
        numbers = {number: [] for number in map(_frame_number, processed) if number is not None}
        if len(numbers) < len(processed):
            problems.append((file, "'frames_processed' holds what is not a frame's number, or one twice"))
    elif processed is not None:
        problems.append((file, f"'frames_processed' is not a list: {short(processed)}"))
    whole = not detections or not is_video(file)
    if not numbers and whole and not any(isinstance(d, dict) and "frame_number" in d for d in detections):
        yield file, detections
        return
    for detection in detections:
        number = _frame_number(detection.get("frame_number")) if isinstance(detection, dict) else None
        if number is None:
            problems.append((file, f"a detection without the number of its frame: {short(detection)}"))
        else:
            numbers.setdefault(number, []).append(detection)
    if not numbers:
        raise ValueError("no detection has the number of its frame")
    for number in sorted(numbers):
        yield frame_path(file, number), numbers[number]


def _frame_number(value: object) -> int | None:
    """Return the number of a frame, which some tools write as text or as 30.0; None where it is none."""
    try:
        number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        return None
    return int(number) if 0 <= number < 1e9 and number == int(number) else None


def _finite(value: Any) -> Any:
    """Return JSON's values with None for NaN and infinity, which no strict reader of JSON takes."""
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _timelapse(data: dict, problems: list) -> Iterator[Record]:
    return _megadetector(data, problems, wildlife.CATEGORIES)


_READERS: dict[str, Callable[[Any, list], Iterator[Record]]] = {
    "megadetector": _megadetector,
    "pytorch-wildlife-timelapse": _timelapse,
    "pytorch-wildlife": wildlife.annotations,
    "microsoft-megadetector": wildlife.command_line,
    "speciesnet": speciesnet.predictions,
    "coco": coco.annotations,
}


def _rename(records: list[Record], rename: dict[str, str]) -> None:
    for record in records:
        for detection in record.detections or ():
            name = detection.category
            if name in rename:
                detection.category = rename[name]
            elif "*" in rename and name not in CATEGORIES.values():
                detection.category = rename["*"]
