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

CONTENTS = "contents.csv"  # what the export wrote: folder, file, name, crop_id
_REJECTED, _NOISE = "rejected", "noise"
_MOST = 0.5  # of the files: if more are gone, it may be a part of a copy


def of_folders(path: str | os.PathLike, deleted: str | None = None) -> tuple[dict[str, Said], list[str]]:
    """What was changed in a copy of ``export/folders``.

    Parameters
    ----------
    path : path
        The folder, with its ``contents.csv``. Files may lie in any of its folders; new folders are new names.
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
        raise UserError(f"{root}: there is no {CONTENTS}, which export.folders writes beside the folders: copy it, too")
    table = read_table(root / CONTENTS, "import")
    at = table.columns({"folder": ["folder"], "file": ["file"], "name": ["name"], "crop": ["cropid"]})
    if len(at) < 4:
        raise UserError(f"{root / CONTENTS}: its first line must have the columns folder, file, name, crop_id")
    crops: dict[tuple[str, str], list[str]] = defaultdict(list)
    names: dict[str, str] = {}
    for _, row in table.cells(at):
        crops[_plain(row["folder"]), _plain(row["file"])].append(row["crop"])
        names[_plain(row["folder"])] = row["name"]
    was: dict[str, set[str]] = defaultdict(set)
    for folder, file in crops:
        was[file].add(folder)
    now, strange = _found(root, was)
    gone = [place for place in crops if place[0] not in now[place[1]]]
    vanished = [place for place in gone if not now[place[1]] - was[place[1]]]
    if deleted is None and len(vanished) > _MOST * len(crops):
        raise UserError(
            f"{root}: {len(vanished)} of {len(crops)} files are gone: were they deleted as no animals, or not copied? "
            "Say --deleted reject or --deleted ignore"
        )
    said: dict[str, Said] = {}
    unclear = 0
    for folder, file in gone:
        new = now[file] - was[file]
        if not now[file]:
            if deleted != "ignore":
                said |= dict.fromkeys(crops[folder, file], Said("reject"))
        elif len(new) == 1 and len(was[file] - now[file]) == 1:
            said |= dict.fromkeys(crops[folder, file], _of_folder(new.pop(), names, root))
        else:
            unclear += 1
    notes = []
    if unclear:
        notes.append(
            f"{unclear} files were in several folders, and where they went is not clear: nothing is decided of them"
        )
    if strange:
        notes.append(f"{strange} files are not of the export, and are passed over")
    return said, notes


def _found(root: Path, was: dict[str, set[str]]) -> tuple[dict[str, set[str]], int]:
    """Of each file of the export the folders in which it lies now; and how many files are others."""
    now: dict[str, set[str]] = defaultdict(set)
    strange = 0
    for folder, _, files in os.walk(root):
        if Path(folder) == root:
            continue
        for file in files:
            known = _plain(to_text(file))
            if known in was:
                now[known].add(_plain(os.path.basename(folder)))
            else:
                strange += not file.startswith((".", "Thumbs.db", "desktop.ini"))
    return now, strange


def _of_folder(folder: str, names: dict[str, str], root: Path) -> Said:
    """What lying in a folder says. ``noise`` and clusters without a name: it is not what it was called."""
    if folder == _REJECTED:
        return Said("reject")
    name = names.get(folder, "" if folder == _NOISE or folder.startswith("cluster_") else folder)
    if not name:
        return Said("unsure")
    if not is_name(name):
        raise UserError(f"{root / folder}: its name cannot be a name of a species")
    return Said("name", name)


def _plain(name: str) -> str:
    """File systems differ in how they spell accents."""
    return unicodedata.normalize("NFC", name).strip()
