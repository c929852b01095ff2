"""A Camtrap DP that was made or corrected elsewhere, read as names of crops. (Its deployments.csv is a table of stations as it is.)"""

import csv
import datetime as dt
import gzip
import io
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from camtrap.core.boxes import overlap
from camtrap.core.cells import records
from camtrap.core.errors import UserError
from camtrap.review.back import Known, Said, described
from camtrap.review.decisions import is_name, key

__all__ = ["of_camtrap_dp"]

_SAME = 0.5  # intersection over union from which two boxes are one
_BOX = ("bboxX", "bboxY", "bboxWidth", "bboxHeight")


def of_camtrap_dp(path: str | os.PathLike, known: Known) -> tuple[dict[str, Said], list[str]]:
    """What people classified: observations of media, by their box where there is one, else of all crops; and those of events.

    What a machine classified says nothing. An event speaks of the crops of its pictures where it has one animal only.

    Parameters
    ----------
    path : path
        ``datapackage.json``, or its folder.
    known : Known

    Returns
    -------
    said : dict
        By crop.
    notes : list of str

    Raises
    ------
    UserError
        A table is missing or cannot be read.
    """
    package = described(path)
    root = Path(path) if Path(path).is_dir() else Path(path).parent
    files = {one.get("name"): one.get("path") for one in package.get("resources", []) if isinstance(one, dict)}
    media = list(_rows(root, files, "media"))
    found, _ = known.pictures([row.get("filePath", "") for row in media])
    picture = {row["mediaID"]: path_ for row, path_ in zip(media, found, strict=True) if path_}
    said: dict[str, Said] = {}
    machine = 0
    per_picture: dict[str, dict[Said, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    per_event: dict[tuple[str, str, str], set[Said]] = defaultdict(set)
    for row in _rows(root, files, "observations"):
        if (one := _meant(row)) is None:
            continue
        if row.get("classificationMethod") != "human":
            machine += 1
        elif row.get("observationLevel") == "event":
            per_event[row["deploymentID"], row["eventStart"], row["eventEnd"]].add(one)
        elif row.get("mediaID") in picture:
            per_picture[picture[row["mediaID"]]][one].append(row)
    unclear = _of_events(per_event, media, picture, known, said)
    for name, several in per_picture.items():
        unclear += _of_picture(known.of_picture[name], several, said)
    notes = []
    if machine:
        notes.append(f"{machine} observations were classified by a machine, and say nothing")
    if unclear:
        notes.append(
            f"{unclear} pictures have several species, and nobody knows which crop is which: nothing is decided of these"
        )
    if len(picture) < len(media):
        notes.append(f"{len(media) - len(picture)} of {len(media)} media are not pictures with crops")
    return said, notes


def _meant(row: dict[str, str]) -> Said | None:
    kind, name = row.get("observationType"), row.get("scientificName", "")
    if kind == "animal":
        return Said("name", name) if is_name(name) else None
    return {"blank": Said("reject"), "unknown": Said("unsure"), "human": Said("name", "human")}.get(kind or "")


def _of_picture(
    crops: list[tuple[str, tuple[float, ...]]], several: dict[Said, list[dict[str, str]]], said: dict[str, Said]
) -> int:
    """What is said of one picture; 1 where it is not clear."""
    boxed = [(one, box) for one, rows in several.items() for row in rows if (box := _box(row))]
    if boxed:
        for crop, own in crops:
            best = max(boxed, key=lambda item: overlap(own, item[1]))  # type: ignore[arg-type]  # four numbers
            if overlap(own, best[1]) >= _SAME:  # type: ignore[arg-type]
                said[crop] = best[0]
        return 0
    meant = {(one.action, one.name and key(one.name)): one for one in several}
    if len(meant) > 1:
        return 1
    said |= {crop: one for one in meant.values() for crop, _ in crops}
    return 0


def _of_events(
    events: dict[tuple[str, str, str], set[Said]],
    media: list[dict[str, str]],
    picture: dict[str, str],
    known: Known,
    said: dict[str, Said],
) -> int:
    by_deployment: dict[str, list[tuple[dt.datetime, str]]] = defaultdict(list)
    if events:
        for row in media:
            if row["mediaID"] in picture and (time := _time(row.get("timestamp", ""))):
                by_deployment[row["deploymentID"]].append((time, picture[row["mediaID"]]))
    unclear = 0
    for (deployment, begin, end), several in events.items():
        first, last = _time(begin), _time(end)
        if not first or not last:
            continue
        inside = [path for time, path in by_deployment[deployment] if first <= time <= last]
        if len(several) > 1:
            unclear += len(inside)
            continue
        (one,) = several
        said |= {crop: one for path in inside for crop, _ in known.of_picture[path]}
    return unclear


def _time(text: str) -> dt.datetime | None:
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None


def _box(row: dict[str, str]) -> tuple[float, float, float, float] | None:
    try:
        x, y, w, h = (float(row.get(name, "")) for name in _BOX)
    except ValueError:
        return None
    return x, y, w, h


def _rows(root: Path, files: dict[Any, Any], name: str) -> Iterator[dict[str, str]]:
    """Rows of a resource, which lies in the package's folder."""
    file = files.get(name)
    if not isinstance(file, str) or "://" in file or file.startswith(("/", "~")) or ".." in Path(file).parts:
        raise UserError(f"{root}: its table of {name} is not a file of this folder ({file})")
    path = root / file
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as raw:  # noqa: SIM117
            with io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
                yield from records(text)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
