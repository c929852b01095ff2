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
import os
from collections.abc import Callable, Iterator
from typing import Any

from camtrap.core.errors import DetectionFileError
from camtrap.detections import coco, speciesnet, wildlife
from camtrap.detections.megadetector_json import CATEGORIES
from camtrap.detections.records import (
    Detection,
    Detections,
    Record,
    category,
    collect,
    no_cycle_search,
    parse_box,
    parse_conf,
)
from camtrap.pictures.frames import frame_path

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
        records = list(_READERS[dialect](data, problems))
    if rename:
        _rename(records, rename)
    info = data.get("info") if isinstance(data, dict) else None
    return Detections(dialect, records, dict(info) if isinstance(info, dict) else {}, problems)


def load(path: str | os.PathLike) -> Any:
    """Read a JSON file as the tools around us write it; ValueError in one line if it is none."""
    try:
        with open(path, encoding="utf-8-sig") as file:  # Windows tools begin a file with a byte order mark
            return json.load(file)
    except OSError as error:
        raise DetectionFileError(f"{path}: the file of detections cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
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
    names = data.get("detection_categories")
    if names:
        return str(names.get("0", "")).lower() == "animal"
    images = [image for image in data["images"] if isinstance(image, dict)]
    used = {str(d["category"]) for image in images for d in image.get("detections") or [] if "category" in d}
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
    names = data.get("detection_categories") or defaults
    classes, descriptions = (
        data.get(key) or {} for key in ("classification_categories", "classification_category_descriptions")
    )
    labels = {i: (str(name), str(descriptions.get(i, ""))) for i, name in classes.items()}

    def parse(item: dict) -> Detection:
        conf, repeat = parse_conf(item["conf"])
        number = str(item["category"])
        found = tuple((labels[str(i)], float(p)) for i, p in (item.get("classifications") or []) if str(i) in labels)
        return Detection(
            category(names.get(number, f"class {number}")),
            conf,
            parse_box(item["bbox"]),
            repeat=repeat,
            classes=found,
        )

    for item in data["images"]:
        if not isinstance(item, dict) or not isinstance(item.get("file"), str):
            problems.append(("", f"an entry of 'images' without 'file': {str(item)[:80]}"))
            continue
        width, height = item.get("width"), item.get("height")
        if item.get("failure"):
            yield Record(item["file"], None, str(item["failure"]), width, height)
        elif item.get("detections") is None:
            yield Record(item["file"], None, "the detection file gives neither detections nor a failure", width, height)
        else:
            for file, raw in _frames(item):
                yield collect(file, raw, parse, problems, width, height)


def _frames(item: dict) -> Iterator[tuple[str, list]]:
    """Split a video's result into its processed frames, named as our index names frames; a picture is itself."""
    numbers = {d["frame_number"] for d in item["detections"] if isinstance(d, dict) and "frame_number" in d}
    if not numbers and not item.get("frames_processed"):
        yield item["file"], item["detections"]
        return
    for number in sorted(numbers | set(item.get("frames_processed") or [])):
        raw = [d for d in item["detections"] if isinstance(d, dict) and d.get("frame_number") == number]
        yield frame_path(item["file"], int(number)), raw


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
