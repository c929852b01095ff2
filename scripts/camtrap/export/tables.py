"""Tables for people: every picture, every species, every species at each station, and lists of what is left to look at.

All are CSV (UTF-8 with a byte order mark, which spreadsheets need). Equal names are one row: case and spaces do not make two.
"""

import csv
import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from camtrap.core.cells import unguarded
from camtrap.core.files import replacing_folder, write_csv
from camtrap.export.privacy import LEFT_OUT, People, rounded
from camtrap.export.records import Crop, Picture, Survey
from camtrap.export.seen import seen
from camtrap.export.species import Names
from camtrap.review.people import is_human

__all__ = ["BY_STATION", "PICTURES", "SPECIES", "write"]

PICTURES = [
    *("path", "category", "names", "station", "datetime", "clock", "crops", "unnamed", "rejected", "unsure"),
    *("event", "latitude", "longitude", "duplicate_of", "why"),
]
_TOLD = ["crops", "pictures", "events", "nights", "first", "last"]
SPECIES = ["name", "scientific", *_TOLD, "stations", "looked_at", "purity_bound"]
BY_STATION = ["name", "scientific", "station", *_TOLD]
# Lists of pictures by category, and of crops by state.
_LISTS = {"empty": "empty", "person": "people", "vehicle": "vehicles", "failed": "failed"}
_CROPS = ["crop_id", "path", "station", "datetime", "who", "at", "suggestion"]


def write(
    survey: Survey,
    named: Mapping[int, str],
    failures: Path,
    out: Mapping[str, Path],
    hidden: People | None = None,
    decimals: int | None = None,
) -> dict[str, int]:
    """Write the tables.

    Parameters
    ----------
    survey : Survey
    named : mapping of int to str
        Names of clusters; they count where there are no decisions.
    failures : Path
        ``tables/failures.csv``.
    out : mapping
        Where to: ``pictures``, ``species``, ``by_station`` (files) and ``lists`` (a folder).
    hidden : People, optional
        Pictures of which only category and station are told, and no species of people (``export.people: leave_out``).
    decimals : int, optional
        Of latitude and longitude.

    Returns
    -------
    dict
        ``pictures``, ``species``, ``hidden``: numbers of rows.
    """
    rows, names = seen(survey, named)
    if hidden is not None:
        rows = rows[~rows["name"].map(is_human)]
    write_csv(out["species"], SPECIES, _species(rows, names), encoding="utf-8-sig")
    write_csv(out["by_station"], BY_STATION, _by_station(rows, names), encoding="utf-8-sig")
    kinds: dict[str, list[list[object]]] = {kind: [] for kind in _LISTS if hidden is None or kind != "person"}
    why = _reasons(failures)
    counts = {"pictures": 0, "species": int(rows["name"].nunique()), "hidden": 0}

    def told() -> Iterator[list[object]]:
        for picture, crops in survey.pictures():
            if picture.category == "removed":
                continue
            counts["pictures"] += 1
            if hidden is not None and picture.path in hidden:
                counts["hidden"] += 1
                yield [
                    {"category": picture.category, "station": picture.station, "why": LEFT_OUT}.get(c) for c in PICTURES
                ]
                continue
            row = _picture(picture, crops, survey, named, names, decimals)
            row.append(why.get(picture.path, picture.error))
            if picture.category in kinds:
                kinds[picture.category].append([picture.path, picture.station, _time(picture), row[-1]])
            yield row

    write_csv(out["pictures"], PICTURES, told(), encoding="utf-8-sig")
    with replacing_folder(out["lists"]) as folder:
        for kind, found in kinds.items():
            header = ["path", "station", "datetime", "why"]
            write_csv(folder / f"{_LISTS[kind]}.csv", header, found, encoding="utf-8-sig")
        for state in ("rejected", "unsure"):
            part = rows[rows["state"].eq(state)]
            if hidden is not None:
                part = part[~part["path"].map(hidden.__contains__).astype(bool)]
            cells = [[_cell(row[name]) for name in _CROPS] for row in part.to_dict("records")]
            write_csv(folder / f"{state}.csv", _CROPS, cells, encoding="utf-8-sig")
    return counts


def _picture(
    picture: Picture,
    crops: list[Crop],
    survey: Survey,
    named: Mapping[int, str],
    names: Names,
    decimals: int | None,
) -> list[object]:
    said: dict[str, None] = {}
    states = {"unnamed": 0, "rejected": 0, "unsure": 0}
    for crop in crops:
        species = crop.species if survey.decided else names.of(named.get(-1 if crop.cluster is None else crop.cluster))
        if species:
            said[species.name] = None
        else:
            states[crop.state or "unnamed"] += 1
    cells = {
        "path": picture.path,
        "category": picture.category,
        "names": "; ".join(said),
        "station": picture.station,
        "datetime": _time(picture),
        "clock": picture.clock,
        "crops": len(crops),
        **states,
        "event": picture.event,
        "latitude": rounded(picture.latitude, decimals),
        "longitude": rounded(picture.longitude, decimals),
        "duplicate_of": picture.duplicate_of,
    }
    return [cells[name] for name in PICTURES[:-1]]


def _time(picture: Picture) -> str | None:
    return _said(picture.time) if picture.time else None


def _said(time: dt.datetime) -> str:
    """The local clock, as every spreadsheet knows it."""
    return time.replace(tzinfo=None).isoformat(" ", "seconds")


def _told(part: pd.DataFrame) -> list[object]:
    """Crops, pictures, independent events, nights (from noon to noon), first and last time."""
    time = part["datetime"].dropna()
    nights = (time - pd.Timedelta(hours=12)).dt.normalize().nunique()
    first, last = (_cell(time.min()), _cell(time.max())) if len(time) else (None, None)
    return [len(part), part["path"].nunique(), part["event"].nunique(), nights, first, last]


def _species(rows: pd.DataFrame, names: Names) -> Iterator[list[object]]:
    known = {one.name: one for one in names.species}
    for name, part in rows.groupby("name", sort=True):
        one = known[name]
        looked = int(part["how"].eq("looked at").sum())
        yield [name, one.scientific, *_told(part), part["station"].nunique(), looked, one.bound]


def _by_station(rows: pd.DataFrame, names: Names) -> Iterator[list[object]]:
    known = {one.name: one for one in names.species}
    for (name, station), part in rows.groupby(["name", "station"], sort=True):
        yield [name, known[name].scientific, station, *_told(part)]


def _reasons(failures: Path) -> dict[str, str]:
    """Of each path why it could not be used, or only in part."""
    found: dict[str, list[str]] = {}
    with open(failures, encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            cells = {key: unguarded(cell) for key, cell in row.items()}
            found.setdefault(cells["path"], []).append(f"{cells['stage']}, {cells['status']}: {cells['reason']}")
    return {path: "; ".join(lines) for path, lines in found.items()}


def _cell(value: object) -> object:
    if value is None or value is pd.NaT or value != value:
        return None
    return _said(value) if isinstance(value, dt.datetime) else value
