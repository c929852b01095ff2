"""The MegaDetector batch format 1.6: build, write, read, validate.

Every detector of ours writes this format (https://lila.science/megadetector-output-format), one file per shard. What is
written is deterministic: pictures by name, detections by falling confidence, fixed digits, keys in one order.
"""

import json
import math
import os
from collections.abc import Iterable, Mapping
from typing import Any

from camtrap.core import files
from camtrap.core.categories import DETECTED

FORMAT_VERSION = "1.6"
CATEGORIES = {str(number): name for number, name in enumerate(DETECTED, start=1)}
NO_RESULT = "no detection result for this picture"

# megadetector.detection.run_detector: CONF_DIGITS and COORD_DIGITS. Stated here so that no detector has to import it.
CONF_DIGITS = 3
COORD_DIGITS = 4

_PICTURE_ENDINGS = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".heic", ""}


def categories_of(names: Iterable[str]) -> dict[str, str]:
    """Return category ids for names: animal, person, vehicle are "1", "2", "3"; others follow in alphabetical order.

    Returns
    -------
    dict of str to str
        Id to name, as ``detection_categories`` wants it.
    """
    others = sorted(set(names) - set(CATEGORIES.values()))
    return CATEGORIES | {str(i): name for i, name in enumerate(others, start=len(CATEGORIES) + 1)}


def batch_json(
    images: Iterable[Mapping],
    detector: Mapping,
    categories: Mapping[str, str] | None = None,
    classes: Mapping[str, tuple[str, str]] | None = None,
    conf_digits: int | None = CONF_DIGITS,
    coord_digits: int | None = COORD_DIGITS,
) -> dict:
    """Assemble a MegaDetector batch file (format 1.6).

    Parameters
    ----------
    images : iterable of mapping
        ``file`` (path), and either ``detections`` (list of {``category`` (id), ``conf``, ``bbox`` [x, y, w, h]
        relative, optional ``classifications`` [[id, p], ...]}) or ``failure`` (text). Other keys are carried along.
    detector : mapping
        The ``info`` beside ``format_version``; ``detector`` (a name) and ``detector_metadata`` are customary.
    categories : mapping of str to str, optional
        Detection category id to name; the default is animal, person, vehicle.
    classes : mapping of str to (name, description), optional
        Classification category id to name and description (an empty description is left out).
    conf_digits, coord_digits : int or None
        Decimals of confidences and coordinates; the defaults are the package's own (3 and 4); None leaves them.

    Returns
    -------
    dict
        Ready for :func:`write`.

    Raises
    ------
    ValueError
        If a detection has an unknown category, or a confidence or box that is not finite numbers.
    """
    categories = dict(CATEGORIES if categories is None else categories)
    rows = [_image(image, categories, conf_digits, coord_digits) for image in images]
    rows.sort(key=lambda row: row["file"])
    info = {"format_version": FORMAT_VERSION} | dict(detector) | {"format_version": FORMAT_VERSION}
    data: dict[str, Any] = {"info": info, "detection_categories": categories}
    if classes:
        data |= classification_tables(classes)
    data["images"] = rows
    return data


def classification_tables(classes: Mapping[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
    """Return ``classification_categories`` and, where a description is given, their descriptions."""
    ids = sorted(classes, key=int)
    tables = {"classification_categories": {i: classes[i][0] for i in ids}}
    descriptions = {i: classes[i][1] for i in ids if classes[i][1]}
    return tables | ({"classification_category_descriptions": descriptions} if descriptions else {})


def _image(image: Mapping, categories: Mapping, conf_digits: int | None, coord_digits: int | None) -> dict:
    file = image["file"]
    extra = {k: v for k, v in image.items() if k not in ("file", "detections", "failure")}
    if image.get("failure"):
        return {"file": file, "failure": str(image["failure"]), "detections": None} | video_fields(file) | extra
    detections = [_detection(file, d, categories, conf_digits, coord_digits) for d in image["detections"]]
    detections.sort(key=lambda d: (-d["conf"], int(d["category"]), d["bbox"]))
    return {"file": file, "detections": detections} | extra


def _detection(
    file: str, detection: Mapping, categories: Mapping, conf_digits: int | None, coord_digits: int | None
) -> dict:
    if detection["category"] not in categories:
        raise ValueError(f"{file}: category {detection['category']!r} is not among {sorted(categories)}")
    conf, box = float(detection["conf"]), [float(v) for v in detection["bbox"]]
    if len(box) != 4 or not math.isfinite(conf + sum(box)):
        raise ValueError(f"{file}: confidence {conf} or box {box} is not finite numbers")
    row = {
        "category": detection["category"],
        "conf": conf if conf_digits is None else round(conf, conf_digits),
        "bbox": box if coord_digits is None else [round(v, coord_digits) for v in box],
    }
    if detection.get("classifications"):
        row["classifications"] = sorted(([i, float(p)] for i, p in detection["classifications"]), key=_by_probability)
    return row


def _by_probability(classification: list) -> tuple[float, int]:
    return -classification[1], int(classification[0])


def video_fields(file: str) -> dict:
    """Return what the format wants beside a *failed video*: no frames, and a frame rate that says so."""
    if os.path.splitext(file)[1].lower() in _PICTURE_ENDINGS:
        return {}
    from megadetector.detection.video_utils import is_video_file

    return {"frame_rate": -1.0, "frames_processed": []} if is_video_file(file) else {}


def dumps(data: dict) -> str:
    """Return the text of a batch file, one picture per line. ASCII only: the package reads with the locale's encoding."""
    head = {key: value for key, value in data.items() if key != "images"}
    rows = ",\n".join(json.dumps(row, allow_nan=False) for row in data["images"])
    return json.dumps(head, indent=1, allow_nan=False)[:-2] + f',\n "images": [\n{rows}\n ]\n}}\n'


def write(path: str | os.PathLike, data: dict) -> None:
    """Write a batch file, atomically."""
    files.write_text(path, dumps(data))


def read(path: str | os.PathLike) -> dict:
    """Read a batch file that we wrote (others: :func:`camtrap.detections.dialects.read`).

    Raises
    ------
    ValueError
        If it is not JSON or has no ``images``.
    """
    data = files.read_json(path)
    if not isinstance(data, dict) or not isinstance(data.get("images"), list):
        raise ValueError(f"{path}: not a MegaDetector batch file: it has no list 'images'")
    return data


def validate(path: str | os.PathLike) -> list[str]:
    """Check a batch file with the ``megadetector`` package's own validator; return its warnings.

    Raises
    ------
    ValueError
        With the validator's message, if the file is not valid.
    """
    from megadetector.postprocessing.validate_batch_results import validate_batch_results

    result = validate_batch_results(os.fspath(path))["validation_results"]
    if result["errors"]:
        raise ValueError(f"{path}: not a valid MegaDetector file: {'; '.join(result['errors'])}")
    return list(result["warnings"])
