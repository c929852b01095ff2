"""People in pictures: which pictures show one, and what is handed on of them; and places that are told less exactly.

``export.people`` is ``leave_out`` (the default), ``blur`` or ``keep``. ``export.coordinates`` is a number of decimals, or null for
the places as they are.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from camtrap.detections import megadetector_json as md
from camtrap.export.seen import is_human
from camtrap.pictures.frames import split_frame

__all__ = ["Box", "boxes_of_people", "rounded", "with_people"]

Box = tuple[float, float, float, float]


def boxes_of_people(detections: Iterable[Path], threshold: float) -> Iterator[tuple[str, list[Box]]]:
    """Yield (path, boxes) of each picture in which the detector saw a person.

    Parameters
    ----------
    detections : iterable of Path
        ``detections/{shard}.json`` of all shards.
    threshold : float
        From this confidence on, which is that of ``crop.threshold``. A person counts beside an animal, too.

    Yields
    ------
    path : str
    boxes : list of (x, y, width, height)
        Parts of the upright picture.
    """
    for path in detections:
        found = md.read(path)
        people = {number for number, name in found["detection_categories"].items() if is_human(str(name))}
        for image in found["images"]:
            boxes = [
                tuple(box["bbox"])
                for box in image.get("detections") or ()
                if box["category"] in people and abs(box["conf"]) >= threshold
            ]
            if boxes:
                yield image["file"], boxes


def with_people(rows: pd.DataFrame, detected: Iterable[str], duplicates: dict[str, str]) -> set[str]:
    """Paths of all pictures with people: by the detector, or by the name that an expert gave to a crop; with their copies.

    Parameters
    ----------
    rows : DataFrame
        As :func:`camtrap.export.seen.seen`: path, name, category.
    detected : iterable of str
        Paths of :func:`boxes_of_people`.
    duplicates : dict
        Of each copy the picture that counts. A video is one with people if one of its frames is.
    """
    called = rows["name"].map(is_human).astype(bool)
    found = {*detected, *rows.loc[called | rows["category"].eq("person"), "path"]}
    found |= {copy for copy, first in duplicates.items() if first in found}
    return found | {video for path in found if (video := split_frame(path)[0])}


def rounded(degrees: float, decimals: int | None) -> float | None:
    """A latitude or longitude as it is handed on: one decimal is some 11 km, two are 1.1 km; None for NaN."""
    if degrees != degrees:
        return None
    return degrees if decimals is None else round(degrees, decimals)
