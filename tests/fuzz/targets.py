"""What is fuzzed: readers of files that come from outside. Each takes bytes; what they may raise is what a user can put right.

A target raises :class:`Finding` for anything else: another error, or a value that cannot be.
"""

import json
import math
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

from camtrap.core.errors import UserError
from camtrap.detections import dialects
from camtrap.export import names
from camtrap.metadata import exif
from camtrap.metadata.deployments import read_stations
from camtrap.metadata.vendors import reconyx
from camtrap.pictures.decode import open_header

warnings.simplefilter("ignore")  # Pillow warns of what is broken on purpose
FOLDER = Path(tempfile.mkdtemp(prefix="camtrap-fuzz-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))


class Finding(AssertionError):
    """A value that no reader may give."""


def _in_file(data: bytes, name: str) -> Path:
    path = FOLDER / name
    path.write_bytes(data)
    return path


def _is_said(error: Exception, path: Path) -> bool:
    """Is it an error that a user can put right, in words that name the file?"""
    return isinstance(error, UserError | ValueError) and str(error).startswith(str(path))


def detections(data: bytes) -> None:
    """A detection file of any dialect."""
    path = _in_file(data, "detections.json")
    try:
        found = dialects.read(path)
    except (UserError, ValueError) as error:
        if not _is_said(error, path):
            raise
        return
    for record in found.records:
        if not isinstance(record.file, str):
            raise Finding(f"a file {record.file!r}")
        if (record.detections is None) != bool(record.failure):
            raise Finding(f"detections {record.detections!r} beside failure {record.failure!r}")
        for detection in record.detections or ():
            if not 0 <= detection.conf <= 1:
                raise Finding(f"confidence {detection.conf!r}")
            if not math.isfinite(sum(detection.bbox)) or min(detection.bbox[2:]) <= 0:
                raise Finding(f"box {detection.bbox!r}")
            if not isinstance(detection.category, str) or not detection.category:
                raise Finding(f"category {detection.category!r}")
    for problem in found.problems:
        if not all(isinstance(part, str) for part in problem):
            raise Finding(f"problem {problem!r}")


def picture(data: bytes) -> None:
    """A picture's header and its EXIF block."""
    try:
        image = open_header(data)
    except UserError:
        return
    said = exif.read(image)
    for value in (said.latitude, said.longitude, said.exposure, said.temperature):
        if value is not None and not math.isfinite(value):
            raise Finding(f"{value!r} in {said}")
    json.dumps(said.fields, allow_nan=False).encode()


def maker_note(data: bytes) -> None:
    """A Reconyx maker note, or a comment."""
    for said in (reconyx.parse(data), reconyx.parse_comment(data)):
        if said is not None:
            (said.serial or "").encode()
            (said.label or "").encode()


def stations(data: bytes) -> None:
    """A table of stations."""
    path = _in_file(data, "stations.csv")
    try:
        read_stations(path)
    except UserError as error:
        if not _is_said(error, path):
            raise


def cluster_names(data: bytes) -> None:
    """A table of names."""
    path = _in_file(data, "names.csv")
    try:
        names.read(path)
    except UserError as error:
        if not _is_said(error, path):
            raise


TARGETS: dict[str, Callable[[bytes], None]] = {
    "detections": detections,
    "picture": picture,
    "maker_note": maker_note,
    "stations": stations,
    "cluster_names": cluster_names,
}
