"""People in pictures: which pictures show one, and what is handed on of them; and places that are told less exactly.

``export.people`` is ``leave_out`` (the default), ``blur`` or ``keep``. ``export.decimals`` is how many decimals of a latitude
and longitude are handed on, or null for all.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from camtrap.detections import megadetector_json as md
from camtrap.export.records import Crop, Survey
from camtrap.pictures.frames import split_frame
from camtrap.review.people import is_human

__all__ = ["BLUR", "KEEP", "LEAVE_OUT", "LEFT_OUT", "Box", "People", "find_people", "rounded"]

LEAVE_OUT, BLUR, KEEP = "leave_out", "blur", "keep"
LEFT_OUT = "a person is in this picture; export.people says what is told of it"


class Box(NamedTuple):
    """Parts of the upright picture: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float


class People:
    """Where people are.

    ``boxes`` of each picture with a person: where they are; empty where only the picture's category tells. ``videos``
    are those of which a frame shows a person. ``crops`` are the ids of crops of people.
    """

    def __init__(self, boxes: dict[str, list[Box]], crops: set[str]):
        self.boxes, self.crops = boxes, crops
        self.videos = {video for path in boxes if (video := split_frame(path)[0])}

    def __contains__(self, path: str) -> bool:
        return path in self.boxes or path in self.videos


def find_people(survey: Survey, named: Mapping[int, str], detections: Iterable[Path], threshold: float) -> People:
    """Find the pictures that show a person: by the detector, or by the name that somebody gave to a crop; with their copies.

    Parameters
    ----------
    survey : Survey
    named : mapping of int to str
        Names of clusters; they count where there are no decisions.
    detections : iterable of path
        ``detections/{shard}.json`` of all shards.
    threshold : float
        ``crop.threshold``: from this confidence on a box counts, also beside an animal.
    """
    boxes: dict[str, list[Box]] = {}
    for path in detections:
        found = md.read(path)
        people = {number for number, name in found["detection_categories"].items() if is_human(str(name))}
        for image in found["images"]:
            for box in image.get("detections") or ():
                if box["category"] in people and abs(box["conf"]) >= threshold:
                    boxes.setdefault(image["file"], []).append(Box(*box["bbox"]))
    copies: list[tuple[str, str]] = []
    ids: set[str] = set()
    for picture, crops in survey.pictures():
        if picture.duplicate_of:
            copies.append((picture.path, picture.duplicate_of))
        if picture.category == "person":
            boxes.setdefault(picture.path, [])
        for crop in crops:
            if _is_person(crop, named, survey.decided):
                ids.add(crop.crop_id)
                known = boxes.setdefault(picture.path, [])
                if (box := Box(*crop.box)) not in known:
                    known.append(box)
    boxes |= {copy: boxes[first] for copy, first in copies if first in boxes}
    return People(boxes, ids)


def _is_person(crop: Crop, named: Mapping[int, str], decided: bool) -> bool:
    if crop.category == "person":
        return True
    if decided:
        return crop.species is not None and is_human(crop.species.name)
    return crop.cluster is not None and is_human(named.get(crop.cluster))


def rounded(degrees: float | None, decimals: int | None) -> float | None:
    """A latitude or longitude as it is handed on: one decimal is some 11 km, two are 1.1 km."""
    return degrees if degrees is None or decimals is None else round(degrees, decimals)
