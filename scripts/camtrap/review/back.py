"""What other programs and people say of pictures, as decisions: Timelapse's table, edited folders, a Camtrap DP.

Only what differs from what is known becomes a decision, of listed crops (``looked at``). What is not clear is told, never guessed.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.compute as pc

from camtrap.core.errors import UserError
from camtrap.core.files import read_parquet
from camtrap.core.tables import Table, read_table
from camtrap.detections.match import match
from camtrap.review.decisions import LONGEST, is_name, key
from camtrap.review.fold import fold
from camtrap.review.label import read
from camtrap.review.log import Log

__all__ = ["Known", "Said", "kind_of", "of_timelapse", "save"]

_NOTHING = {"blank", "empty", "none", "nothing", "no animal"}
_SPECIES = ("species", "name", "label", "animal")


class Said(NamedTuple):
    """What is said of a crop: ``name`` (with a name), ``reject`` or ``unsure``."""

    action: str
    name: str | None = None


class Known:
    """The crops of a survey by picture, and what is known of each.

    Parameters
    ----------
    results : path
        The results folder.
    """

    def __init__(self, results: str | os.PathLike):
        tables = Path(results) / "tables"
        if not (tables / "crops.parquet").exists():
            raise UserError(f"{tables / 'crops.parquet'}: there is no such file: is {results} a results folder?")
        columns = ["crop_id", "path", "category", "x", "y", "w", "h"]
        table = read_parquet(tables / "crops.parquet", columns=columns)
        self.ids = table["crop_id"].combine_chunks()
        rows = zip(*(table[name].to_pylist() for name in columns), strict=True)
        self.of_picture: dict[str, list[tuple[str, tuple[float, ...]]]] = defaultdict(list)
        for crop_id, path, category, *box in rows:
            if category not in ("person", "vehicle"):
                self.of_picture[path].append((crop_id, tuple(box)))
        self.label: dict[str, Said] = {}
        labels = tables / "labels.parquet"
        if labels.exists():
            self._note(read_parquet(labels, columns=["crop_id", "state", "name"]).to_pylist())

    def _note(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            if row["state"] is not None:
                action = {"named": "name", "rejected": "reject"}.get(row["state"], row["state"])
                self.label[row["crop_id"]] = Said(action, row["name"] and key(row["name"]))

    def decided(self, folder: str | os.PathLike) -> None:
        """Take in what was decided since the tables were made."""
        decisions, fits, _ = read(folder)
        if decisions:
            table = fold(decisions, fits, self.ids)
            self._note(table.filter(pc.is_valid(table["state"])).select(["crop_id", "state", "name"]).to_pylist())

    def pictures(self, files: list[str]) -> tuple[list[str | None], dict[str, int]]:
        """Of each file, as another program spells it, the path of the picture that has crops; and how they were found."""
        paths = list(self.of_picture)
        found = match(files, {"path": paths})
        return [paths[row] if row >= 0 else None for row in found.picture.tolist()], found.counts()


def save(said: Mapping[str, Said], known: Known, folder: str | os.PathLike, who: str) -> int:
    """Make decisions of what is said of crops and is not known yet; their number."""
    known.decided(folder)
    together: dict[Said, list[str]] = defaultdict(list)
    spelled: dict[Said, str | None] = {}
    for crop, one in said.items():
        plain = Said(one.action, one.name and key(one.name))
        if known.label.get(crop) != plain:
            together[plain].append(crop)
            spelled.setdefault(plain, one.name)
    drafts: list[dict[str, Any]] = []
    for plain, crops in sorted(together.items(), key=lambda item: (item[0].action, item[0].name or "")):
        draft: dict[str, Any] = {"action": plain.action, "crops": sorted(crops)}
        drafts.append(draft | ({"name": " ".join(str(spelled[plain]).split())} if plain.name else {}))
    if drafts:
        Log(folder).append(who, *drafts)
    return len(drafts)


def kind_of(path: str | os.PathLike) -> str:
    """What a file or folder is: ``folders``, ``camtrap dp``, ``timelapse``, or ``table`` (of names of clusters)."""
    path = Path(path)
    if path.is_dir():
        return "camtrap dp" if (path / "datapackage.json").exists() else "folders"
    if path.suffix.lower() == ".json":
        return "camtrap dp"
    header = {name.casefold() for name in read_table(path, "import").header}
    return "timelapse" if {"file", "relativepath"} <= header else "table"


def of_timelapse(path: str | os.PathLike, known: Known, column: str | None = None) -> tuple[dict[str, Said], list[str]]:
    """What a table that Timelapse exported says: the species of a picture is that of all its crops.

    Parameters
    ----------
    path : path
        CSV with the columns File, RelativePath, and one with the species.
    known : Known
    column : str, optional
        The title of the column with the species; else the first that is called Species, Name, Label or Animal.

    Returns
    -------
    said : dict
        By crop. A picture with several names in several rows says nothing, as nobody knows which crop is meant.
    notes : list of str

    Raises
    ------
    UserError
        There is no such column, or a name is none. One line.
    """
    table = read_table(path, "import")
    at = _columns(table, column)
    files, names = [], []
    for line, row in table.rows:
        name = " ".join(row[at["name"]].split())
        if not name:
            continue
        if not is_name(name):
            raise UserError(f"{path}: line {line}: not a name (one line, up to {LONGEST} characters)")
        folder = row[at["folder"]].replace("\\", "/").strip("/")
        files.append(f"{folder}/{row[at['file']]}" if folder else row[at["file"]])
        names.append(name)
    found, _ = known.pictures(files)
    of_picture: dict[str, dict[str, str]] = defaultdict(dict)
    for picture, name in zip(found, names, strict=True):
        if picture:
            of_picture[picture].setdefault(key(name), name)
    said: dict[str, Said] = {}
    several = 0
    for picture, called in of_picture.items():
        if len(called) > 1:
            several += 1
            continue
        ((plain, name),) = called.items()
        one = Said("reject") if plain in _NOTHING else Said("name", name)
        said |= {crop: one for crop, _ in known.of_picture[picture]}
    notes = []
    if lost := sum(picture is None for picture in found):
        notes.append(f"{lost} of {len(found)} rows with a name are of no picture with crops")
    if several:
        notes.append(
            f"{several} pictures have several names, and nobody knows which animal each is: nothing is decided of them"
        )
    return said, notes


def _columns(table: Table, column: str | None) -> dict[str, int]:
    headers = [name.casefold() for name in table.header]
    wanted = [column.casefold()] if column else [name for name in _SPECIES if name in headers]
    if not wanted or wanted[0] not in headers:
        raise UserError(
            f"{table.path}: which column has the species? Say it with --column ({', '.join(table.header)[:200]})"
        )
    return {"file": headers.index("file"), "folder": headers.index("relativepath"), "name": headers.index(wanted[0])}


def described(path: str | os.PathLike) -> dict[str, Any]:
    """The content of datapackage.json (a path to it, or to its folder)."""
    path = Path(path)
    path = path / "datapackage.json" if path.is_dir() else path
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as the description of a Camtrap DP ({error})") from None
    if not isinstance(found, dict) or "camtrap-dp" not in str(found.get("profile")):
        raise UserError(f"{path}: not the datapackage.json of a Camtrap DP (its profile is another)")
    return found
