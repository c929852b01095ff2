"""Edited folders of an export, read back: a file that lies in another folder was another species, one that is gone was rejected."""

import os
import unicodedata
from collections import defaultdict
from pathlib import Path

from camtrap.core.errors import UserError
from camtrap.core.paths import to_text
from camtrap.core.tables import read_table
from camtrap.review.back import Said
from camtrap.review.decisions import is_name

__all__ = ["CONTENTS", "of_folders"]

CONTENTS = (
    "contents.csv"  # what the export wrote: folder, file, name, crop_id; of export/pictures also station, and crop_ids
)
# Folders whose name is not that of a species: of export/folders, and of export/pictures. A cluster without a name is none either.
_REJECT, _UNSURE = Said("reject"), Said("unsure")
_FOLDERS = {"rejected": _REJECT, "noise": _UNSURE}
_PICTURES = {
    **dict.fromkeys(("_rejected", "_empty"), _REJECT),
    **dict.fromkeys(("_unsure", "_unnamed"), _UNSURE),
    "_people": Said("name", "person"),
    "_vehicles": Said("name", "vehicle"),
}
_MOST = 0.5  # of the files: if more are gone, it may be a part of a copy


def of_folders(path: str | os.PathLike, deleted: str | None = None) -> tuple[dict[str, Said], list[str]]:
    """What was changed in a copy of ``export/folders`` or ``export/pictures``.

    Parameters
    ----------
    path : path
        The folder, with its ``contents.csv``. Files may lie in any of its folders; new folders are new names. Of
        ``export/pictures`` the folders of species count, and not those of stations in them.
    deleted : {"reject", "ignore"}, optional
        What a file says that is gone. Without it: rejected, unless more than half are gone.

    Returns
    -------
    said : dict
        By crop; files that lie where they lay say nothing.
    notes : list of str

    Raises
    ------
    UserError
        There is no ``contents.csv``; more than half of the files are gone; a folder's name is none.
    """
    root = Path(path)
    if not (root / CONTENTS).is_file():
        raise UserError(f"{root}: there is no {CONTENTS}, which the export writes beside the folders: copy it, too")
    table = read_table(root / CONTENTS, "import")
    titles = {
        "folder": ["folder"],
        "file": ["file"],
        "name": ["name"],
        "crop": ["cropid", "cropids"],
        "station": ["station"],
    }
    at = table.columns(titles)
    if len(at.keys() - {"station"}) < 4:
        raise UserError(f"{root / CONTENTS}: its first line must have the columns folder, file, name, crop_id")
    crops: dict[tuple[str, str], list[str]] = defaultdict(list)
    names: dict[str, str] = {}
    for _, row in table.cells(at):
        ids = [crop for crop in row["crop"].split("; ") if crop]
        crops[_plain(row["folder"]), _plain(row["file"])].extend(ids)
        names[_plain(row["folder"])] = row["name"]
    was: dict[str, set[str]] = defaultdict(set)
    for folder, file in crops:
        was[file].add(folder)
    by_species = "station" in at
    now, strange = _found(root, was, by_species)
    gone = [place for place in crops if place[0] not in now[place[1]]]
    vanished = [place for place in gone if not now[place[1]] - was[place[1]]]
    if deleted is None and len(vanished) > _MOST * len(crops):
        raise UserError(
            f"{root}: {len(vanished)} of {len(crops)} files are gone: were they deleted as no animals, or not copied? "
            "Say --deleted reject or --deleted ignore"
        )
    said: dict[str, Said] = {}
    unclear = without = 0
    for folder, file in gone:
        new = now[file] - was[file]
        without += not crops[folder, file]
        if not now[file]:
            if deleted != "ignore":
                said |= dict.fromkeys(crops[folder, file], Said("reject"))
        elif len(new) == 1 and len(was[file] - now[file]) == 1:
            said |= dict.fromkeys(crops[folder, file], _of_folder(new.pop(), names, root, by_species))
        else:
            unclear += 1
    notes = []
    if unclear:
        notes.append(
            f"{unclear} files were in several folders, and where they went is not clear: nothing is decided of them"
        )
    if without:
        notes.append(f"{without} files that were moved or deleted have no crop: nothing can be decided of them")
    if strange:
        notes.append(f"{strange} files are not of the export, and are passed over")
    return said, notes


def _found(root: Path, was: dict[str, set[str]], by_species: bool) -> tuple[dict[str, set[str]], int]:
    """Of each file of the export the folders in which it lies now; and how many files are others."""
    now: dict[str, set[str]] = defaultdict(set)
    strange = 0
    for folder, _, files in os.walk(root):
        if Path(folder) == root:
            continue
        for file in files:
            known = _plain(to_text(file))
            if known in was:
                parts = Path(folder).relative_to(root).parts
                now[known].add(_plain(to_text(parts[0 if by_species else -1])))
            else:
                strange += not file.startswith((".", "Thumbs.db", "desktop.ini"))
    return now, strange


def _of_folder(folder: str, names: dict[str, str], root: Path, by_species: bool) -> Said:
    """What lying in a folder says. ``noise`` and clusters without a name: it is not what it was called."""
    if known := (_PICTURES if by_species else _FOLDERS).get(folder):
        return known
    name = names.get(folder, "" if folder.startswith("cluster_") else folder)
    if not name:
        return _UNSURE
    if not is_name(name):
        raise UserError(f"{root / folder}: its name cannot be a name of a species")
    return Said("name", name)


def _plain(name: str) -> str:
    """File systems differ in how they spell accents."""
    return unicodedata.normalize("NFC", name).strip()
