"""Pictures in folders by species and station, with names that say station, date and time. The originals are never touched."""

import hashlib
import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from camtrap.core.files import replacing_folder, write_csv
from camtrap.core.paths import Roots, to_native, to_text
from camtrap.export.copies import Change, bring, change_of
from camtrap.export.folders import name_folders
from camtrap.export.privacy import OPEN, Privacy
from camtrap.export.records import Crop, Picture, Survey
from camtrap.export.species import ANIMAL, BLANK, HUMAN, VEHICLE
from camtrap.pictures.frames import is_video

__all__ = ["ALSO", "CONTENTS", "export", "file_name"]

# What has no name of a species, and its folder; of which there are folders is configuration.
ALSO = {
    "unnamed": "_unnamed",
    "unsure": "_unsure",
    "rejected": "_rejected",
    "empty": "_empty",
    "people": "_people",
    "vehicles": "_vehicles",
}
_KIND = {HUMAN: "people", VEHICLE: "vehicles", BLANK: "empty"}
_CATEGORY = {"empty": "empty", "person": "people", "vehicle": "vehicles"}
CONTENTS = ["folder", "station", "file", "path", "name", "crop_ids"]
_LONGEST = 150  # bytes of a file's own name in the new one


def export(
    survey: Survey,
    roots: Roots,
    out: Path,
    mode: str,
    also: Collection[str] = (),
    keywords: bool = False,
    private: Privacy = OPEN,
) -> dict[str, int]:
    """Fill ``out`` with ``{species}/{station}/{station}_{date}_{time}_{name}``, and ``contents.csv``, which says what lies where.

    Parameters
    ----------
    survey : Survey
    roots : Roots
    mode : {"copy", "hardlink", "symlink"}
    also : collection of str
        Of :data:`ALSO`, which further folders there are. A picture of two species is in both their folders.
    keywords : bool
        Species, station and who named it go into the copies (XMP).
    private : Privacy
        Pictures with people are left out or blurred; the coordinates in copies.

    Returns
    -------
    dict
        ``files``; ``left_out``, pictures with people, and videos in which nothing can be hidden; ``without_keywords``, files
        whose format takes none.

    Raises
    ------
    UserError
        As :func:`camtrap.export.copies.bring`.
    """
    species = [one.name for one in survey.names.species if one.kind == ANIMAL]
    folder_of = {name: re.sub("^_", "~_", folder) for name, folder in name_folders(species).items()}
    stations: dict[str, str] = {}
    counts = {"files": 0, "left_out": 0, "without_keywords": 0}
    rows: list[tuple[str, ...]] = []
    done: set[tuple[str, str]] = set()
    with replacing_folder(out) as whole:
        taken: dict[tuple[str, str], str] = {}
        for picture, crops in survey.pictures():
            if not picture.counts:
                continue
            if private.withholds(picture.file):
                counts["left_out"] += 1
                continue
            places = _places(picture, crops, also)
            for (name, kind), ids in places.items():
                folder = folder_of[name] if kind is None else ALSO[kind]
                if (folder, picture.file) in done:
                    continue
                done.add((folder, picture.file))
                station = _station(picture.station, stations)
                target = _free(whole, folder, station, picture, taken)
                target.parent.mkdir(parents=True, exist_ok=True)
                change = None if is_video(picture.file) else _change(picture, crops, name, keywords, private)
                counts["without_keywords"] += not bring(roots.locate(picture.file), target, mode, change)
                counts["files"] += 1
                rows.append((folder, station, to_text(target.name), picture.file, name, "; ".join(ids)))
        write_csv(whole / "contents.csv", CONTENTS, rows, encoding="utf-8-sig")
    return counts


def _places(picture: Picture, crops: list[Crop], also: Collection[str]) -> dict[tuple[str, str | None], list[str]]:
    """Where a picture goes: {(name of a species, None) or ("", kind): crop ids}."""
    found: dict[tuple[str, str | None], list[str]] = {}
    for crop in crops:
        one = crop.species
        state = crop.state or ("unnamed" if crop.cluster is not None else None)
        if one is not None and one.kind == ANIMAL:
            found.setdefault((one.name, None), []).append(crop.crop_id)
        elif (kind := state if one is None else _KIND[one.kind]) in also:
            found.setdefault(("", kind), []).append(crop.crop_id)
    kind = _CATEGORY.get(picture.category)
    if not found and kind in also:
        found["", kind] = []
    return found


def _change(picture: Picture, crops: Iterable[Crop], name: str, keywords: bool, private: Privacy) -> Change | None:
    who = sorted({crop.who for crop in crops if crop.who and crop.species and crop.species.name == name})
    words = [name, f"station: {picture.station}", *(f"named by: {one}" for one in who)] if keywords and name else []
    return change_of(private, picture.path, private.place(picture.latitude, picture.longitude), words)


def _station(name: str, known: dict[str, str]) -> str:
    """A folder's name for each station, each another, also where case does not count."""
    if name not in known:
        plain = re.sub(r"[^\w \-]", "_", name)[:60].strip() or "station"
        if plain.casefold() in {folder.casefold() for folder in known.values()}:
            plain = f"{plain}~{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        known[name] = plain
    return known[name]


def _free(whole: Path, folder: str, station: str, picture: Picture, taken: dict[tuple[str, str], str]) -> Path:
    """Its place. No two pictures of a station have one name, whatever their folders: a file that is moved is known by it."""
    name = file_name(station, picture)
    if taken.setdefault((station, name.casefold()), picture.file) != picture.file:
        stem, suffix = os.path.splitext(name)
        name = f"{stem}~{hashlib.sha256(os.fsencode(to_native(picture.file))).hexdigest()[:12]}{suffix}"
    return whole / folder / station / name


def file_name(station: str, picture: Picture) -> str:
    """``Ceiba 3_2024-03-03_20-07-55_IMAG0012.JPG``; ``no-date`` where the time is unknown or cannot be trusted."""
    when = f"{picture.time:%Y-%m-%d_%H-%M-%S}" if picture.time and not picture.clock else "no-date"
    own = to_native(picture.file).rpartition("/")[2]
    stem, suffix = os.path.splitext(own)
    while len(os.fsencode(stem)) > _LONGEST - len(os.fsencode(suffix)):
        stem = stem[:-1]
    return f"{station}_{when}_{stem}{suffix[:20]}"
