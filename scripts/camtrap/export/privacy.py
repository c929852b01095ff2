"""What is handed on of people and places: the one place that decides it for all exports.

``export.people`` is ``leave_out`` (the default), ``blur`` or ``keep``. Where people are left out, no export names a picture that
shows one, or a crop of one; tables may count them. Where they are blurred, tables tell of them, and copies of pictures hide them.
``export.decimals`` is how many decimals of a latitude and longitude are handed on, or null for all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.detections import megadetector_json as md
from camtrap.export.records import Survey
from camtrap.export.species import HUMAN
from camtrap.pictures.frames import is_video, split_frame
from camtrap.review.people import is_human

__all__ = ["BLUR", "KEEP", "LEAVE_OUT", "LEFT_OUT", "OPEN", "Box", "People", "Privacy", "find_people", "plain_exif"]

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
    are those of which a frame shows a person: all their frames do.
    """

    def __init__(self, boxes: dict[str, list[Box]]):
        self.boxes = boxes
        self.videos = {video for path in boxes if (video := split_frame(path)[0])}

    def __contains__(self, path: str) -> bool:
        if path in self.boxes:
            return True
        return bool(self.videos) and (path in self.videos or split_frame(path)[0] in self.videos)


@dataclass(frozen=True)
class Privacy:
    """What is told of people and places.

    ``people`` is where they are; None where nobody looked, as they are kept. ``of_people`` is ``export.people``, ``decimals``
    ``export.decimals``.
    """

    people: People | None = None
    of_people: str = KEEP
    decimals: int | None = None

    def shows(self, path: str) -> bool:
        """Whether a picture or video (or a frame of one) is known to show a person."""
        return self.people is not None and path in self.people

    def hides(self, path: str) -> bool:
        """Whether a picture or video (or a frame of one) is not named in what is handed on."""
        return self.of_people == LEAVE_OUT and self.shows(path)

    def withholds(self, file: str) -> bool:
        """Whether a file is not copied: it shows a person, or is a video, of which nothing can be blurred or taken out."""
        if is_video(file):
            return self.decimals is not None or (self.of_people != KEEP and self.shows(file))
        return self.hides(file)

    def withholds_crop(self, path: str) -> bool:
        """Whether the crops of a picture are not copied: it shows a person, of whom a crop of an animal may show a part, too."""
        return self.of_people != KEEP and self.shows(path)

    def blurs(self, path: str) -> list[Box] | None:
        """The boxes to blur in a copy, empty where nobody knows where the person is; None where nothing is blurred."""
        return self.people.boxes.get(path) if self.people is not None and self.of_people == BLUR else None

    def rounded(self, degrees: float | None) -> float | None:
        """A latitude or longitude as it is handed on: one decimal is some 11 km, two are 1.1 km."""
        return degrees if degrees is None or self.decimals is None else round(degrees, self.decimals)

    def place(self, latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
        """Both as they are handed on; None where one is not known."""
        at = self.rounded(latitude), self.rounded(longitude)
        return None if at[0] is None or at[1] is None else (at[0], at[1])

    @property
    def precision(self) -> float | None:
        """To what part of a degree places are rounded."""
        return None if self.decimals is None else round(10.0**-self.decimals, self.decimals)


OPEN = Privacy()


def find_people(survey: Survey, detections: Iterable[Path], threshold: float) -> People:
    """Find the pictures that show a person: by the detector, or by the name that somebody gave to a crop; with their copies.

    Parameters
    ----------
    survey : Survey
        With the names of clusters, too, where there are no decisions.
    detections : iterable of path
        ``detections/{shard}.json`` of all shards; one is held at a time.
    threshold : float
        ``crop.threshold``: from this confidence on a box counts, also beside an animal.
    """
    boxes: dict[str, list[Box]] = {}
    for path in detections:
        found = md.read(path)
        people = {number for number, name in found["detection_categories"].items() if is_human(str(name))}
        for image in found["images"] if people else ():
            for box in image.get("detections") or ():
                if box["category"] in people and abs(box["conf"]) >= threshold:
                    boxes.setdefault(image["file"], []).append(Box(*box["bbox"]))
    copies: list[tuple[str, str]] = []
    for images in survey.parts(["path", "category", "duplicate_of"], 100_000):
        for path in images.filter(pc.equal(images["category"], "person"))["path"].to_pylist():
            boxes.setdefault(path, [])
        if "duplicate_of" in images.schema.names:
            pairs = images.filter(pc.is_valid(images["duplicate_of"]))
            copies += zip(pairs["path"].to_pylist(), pairs["duplicate_of"].to_pylist(), strict=True)
    for row in _of_people(survey).to_pylist():
        known = boxes.setdefault(row["path"], [])
        if (box := Box(*(row[side] for side in "xywh"))) not in known:
            known.append(box)
    boxes |= {copy: boxes[first] for copy, first in copies if first in boxes}
    return People(boxes)


def _of_people(survey: Survey) -> pa.Table:
    """The crops of people, by category or by name."""
    table = survey.table(["path", "category", "x", "y", "w", "h"])
    named = np.array([*(one.kind == HUMAN for one in survey.names.species), False])[survey.species_of()]
    category = table["category"].combine_chunks()
    person = np.array([word == "person" for word in category.dictionary.to_pylist()], bool)
    return table.filter(pa.array(named | person[category.indices.to_numpy()]))


def plain_exif(fields: Mapping[str, Any], private: Privacy) -> dict[str, Any]:
    """EXIF fields without the place, where places are rounded."""
    if private.decimals is None:
        return dict(fields)
    return {
        name: value
        for name, value in fields.items()
        if not any(part in name.casefold() for part in ("gps", "latitude", "longitude"))
    }
