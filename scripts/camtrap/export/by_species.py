"""Pictures in folders by species and station, with names that say station, date and time. The originals are never touched."""

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from camtrap.core.files import replacing_folder, write_csv
from camtrap.core.paths import Roots, to_native, to_text
from camtrap.export.copies import Change, bring
from camtrap.export.folders import name_folders
from camtrap.export.privacy import BLUR, LEAVE_OUT, People, rounded
from camtrap.export.records import Crop, Picture, Survey
from camtrap.export.species import Names, counted
from camtrap.pictures.frames import is_video
from camtrap.review.people import is_human

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
_CATEGORY = {"empty": "empty", "person": "people", "vehicle": "vehicles"}
CONTENTS = ["folder", "station", "file", "path", "name", "crop_ids"]
_LONGEST = 150  # bytes of a file's own name in the new one


def export(
    survey: Survey,
    named: Mapping[int, str],
    roots: Roots,
    out: Path,
    mode: str,
    also: Collection[str] = (),
    keywords: bool = False,
    people: People | None = None,
    of_people: str = LEAVE_OUT,
    decimals: int | None = None,
) -> dict[str, int]:
    """Fill ``out`` with ``{species}/{station}/{station}_{date}_{time}_{name}``, and ``contents.csv``, which says what lies where.

    Parameters
    ----------
    survey : Survey
    named : mapping of int to str
        Names of clusters; they count where there are no decisions.
    roots : Roots
    mode : {"copy", "hardlink", "symlink"}
    also : collection of str
        Of :data:`ALSO`, which further folders there are. A picture of two species is in both their folders.
    keywords : bool
        Species, station and who named it go into the copies (XMP).
    people : People, optional
        Which pictures show a person; not needed where they are kept.
    of_people : {"leave_out", "blur", "keep"}
        What is done with these. A video cannot be blurred, and is left out.
    decimals : int, optional
        Of the coordinates in copies.

    Returns
    -------
    dict
        ``files``; ``left_out``, pictures with people; ``without_keywords``, files whose format takes none.

    Raises
    ------
    UserError
        As :func:`camtrap.export.copies.bring`.
    """
    names = survey.names if survey.decided else Names(counted(named.values()), {})
    species = {one.name: one for one in names.species if of_people != LEAVE_OUT or not is_human(one.name)}
    folder_of = {name: re.sub("^_", "~_", folder) for name, folder in name_folders(species).items()}
    stations: dict[str, str] = {}
    counts = {"files": 0, "left_out": 0, "without_keywords": 0}
    rows: list[tuple[str, ...]] = []
    done: set[tuple[str, str]] = set()
    with replacing_folder(out) as whole:
        taken: set[tuple[str, str, str]] = set()
        for picture, crops in survey.pictures():
            if not picture.counts:
                continue
            shown = people is not None and (picture.path in people or picture.file in people)
            if shown and (of_people == LEAVE_OUT or (of_people == BLUR and is_video(picture.file))):
                counts["left_out"] += 1
                continue
            places = _places(picture, crops, survey.decided, named, names, also)
            for (name, kind), ids in places.items():
                folder = folder_of.get(name) if kind is None else ALSO[kind]
                if folder is None or (folder, picture.file) in done:
                    continue
                done.add((folder, picture.file))
                station = _station(picture.station, stations)
                target = _free(whole, folder, station, picture, taken)
                target.parent.mkdir(parents=True, exist_ok=True)
                change = None
                if not is_video(picture.file):
                    change = _change(picture, crops, name, keywords, people if of_people == BLUR else None, decimals)
                elif decimals is not None:
                    counts["left_out"] += 1  # a video keeps its coordinates
                    continue
                counts["without_keywords"] += not bring(roots.locate(picture.file), target, mode, change)
                counts["files"] += 1
                rows.append((folder, station, to_text(target.name), picture.file, name, "; ".join(ids)))
        write_csv(whole / "contents.csv", CONTENTS, rows, encoding="utf-8-sig")
    return counts


def _places(
    picture: Picture, crops: list[Crop], decided: bool, named: Mapping[int, str], names: Names, also: Collection[str]
) -> dict[tuple[str, str | None], list[str]]:
    """Where a picture goes: {(name of a species, None) or ("", kind): crop ids}."""
    found: dict[tuple[str, str | None], list[str]] = {}
    for crop in crops:
        one = crop.species if decided else names.of(named.get(-1 if crop.cluster is None else crop.cluster))
        state = crop.state or ("unnamed" if crop.cluster is not None else None)
        if one:
            found.setdefault((one.name, None), []).append(crop.crop_id)
        elif state in also:
            found.setdefault(("", state), []).append(crop.crop_id)
    kind = _CATEGORY.get(picture.category)
    if not found and kind in also:
        found["", kind] = []
    return found


def _change(
    picture: Picture, crops: Iterable[Crop], name: str, keywords: bool, blur: People | None, decimals: int | None
) -> Change:
    who = sorted({crop.who for crop in crops if crop.who and crop.species and crop.species.name == name})
    words = [name, f"station: {picture.station}", *(f"named by: {one}" for one in who)] if keywords and name else []
    latitude, longitude = rounded(picture.latitude, decimals), rounded(picture.longitude, decimals)
    return Change(
        blur=blur.boxes.get(picture.path) if blur else None,
        keywords=tuple(words),
        locate=decimals is not None,
        place=None if latitude is None or longitude is None else (latitude, longitude),
    )


def _station(name: str, known: dict[str, str]) -> str:
    """A folder's name for each station, each another, also where case does not count."""
    if name not in known:
        plain = re.sub(r"[^\w \-]", "_", name)[:60].strip() or "station"
        if plain.casefold() in {folder.casefold() for folder in known.values()}:
            plain = f"{plain}~{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        known[name] = plain
    return known[name]


def _free(whole: Path, folder: str, station: str, picture: Picture, taken: set[tuple[str, str, str]]) -> Path:
    name = file_name(station, picture)
    if (folder, station, name.casefold()) in taken:
        stem, suffix = os.path.splitext(name)
        name = f"{stem}~{hashlib.sha256(os.fsencode(to_native(picture.file))).hexdigest()[:12]}{suffix}"
    taken.add((folder, station, name.casefold()))
    return whole / folder / station / name


def file_name(station: str, picture: Picture) -> str:
    """``Ceiba 3_2024-03-03_20-07-55_IMAG0012.JPG``; ``no-date`` where the time is unknown or cannot be trusted."""
    when = f"{picture.time:%Y-%m-%d_%H-%M-%S}" if picture.time and not picture.clock else "no-date"
    own = to_native(picture.file).rpartition("/")[2]
    stem, suffix = os.path.splitext(own)
    while len(os.fsencode(stem)) > _LONGEST - len(os.fsencode(suffix)):
        stem = stem[:-1]
    return f"{station}_{when}_{stem}{suffix[:20]}"
