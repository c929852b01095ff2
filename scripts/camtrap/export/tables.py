"""Tables for people: every picture, every species, every species at each station, and lists of what is left to look at.

All are CSV (UTF-8 with a byte order mark, which spreadsheets need). Equal names are one row: case and spaces do not make two. What
was named as people, vehicles or nothing is not a species.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path

import pandas as pd

from camtrap.core.cells import records
from camtrap.core.files import replacing_folder, write_csv
from camtrap.export.privacy import LEAVE_OUT, LEFT_OUT, OPEN, Privacy
from camtrap.export.records import Crop, Picture, Survey
from camtrap.export.seen import seen
from camtrap.export.species import Names
from camtrap.export.streams import Writer, table

__all__ = ["BY_STATION", "PICTURES", "SPECIES", "write"]

PICTURES = [
    *("path", "category", "names", "station", "datetime", "clock", "crops", "unnamed", "rejected", "unsure"),
    *("event", "latitude", "longitude", "duplicate_of", "why"),
]
_TOLD = ["crops", "pictures", "events", "nights", "first", "last"]
SPECIES = ["name", "scientific", *_TOLD, "stations", "looked_at", "purity_bound"]
BY_STATION = ["name", "scientific", "station", *_TOLD]
_CSV = "utf-8-sig"
# Lists of pictures by category, and of crops by state.
_LISTS = {"empty": "empty", "person": "people", "vehicle": "vehicles", "failed": "failed"}
_CROPS = ["crop_id", "path", "station", "datetime", "who", "at", "suggestion"]


def write(survey: Survey, failures: Path, out: Mapping[str, Path], private: Privacy = OPEN) -> dict[str, int]:
    """Write the tables.

    Parameters
    ----------
    survey : Survey
    failures : Path
        ``tables/failures.csv``.
    out : mapping
        Where to: ``pictures``, ``species``, ``by_station`` (files) and ``lists`` (a folder).
    private : Privacy
        Of pictures that are hidden only category and station are told, after all others: where a row stands would tell its path.

    Returns
    -------
    dict
        ``pictures``, ``species``, ``hidden``: numbers of rows.
    """
    rows = seen(survey)
    write_csv(out["species"], SPECIES, _species(rows, survey.names), encoding=_CSV)
    write_csv(out["by_station"], BY_STATION, _by_station(rows, survey.names), encoding=_CSV)
    counts = {"pictures": 0, "species": rows["name"].nunique(), "hidden": 0}
    del rows
    why = _reasons(failures)
    kinds = {kind: name for kind, name in _LISTS.items() if private.of_people != LEAVE_OUT or kind != "person"}
    with replacing_folder(out["lists"]) as folder, ExitStack() as stack:

        def listed(name: str, header: Sequence[str]) -> Writer:
            return stack.enter_context(table(folder / f"{name}.csv", header, _CSV))

        of_kind = {kind: listed(name, ["path", "station", "datetime", "why"]) for kind, name in kinds.items()}
        of_state = {state: listed(state, _CROPS) for state in ("rejected", "unsure")}

        def told() -> Iterator[list[object]]:
            hidden: Counter[tuple[str, str]] = Counter()
            for picture, crops in survey.pictures():
                if picture.category == "removed":
                    continue
                counts["pictures"] += 1
                if private.hides(picture.path):
                    counts["hidden"] += 1
                    hidden[picture.category, picture.station] += 1
                    continue
                row = _picture(picture, crops, private)
                row.append(why.get(picture.path, picture.error))
                if picture.category in of_kind:
                    of_kind[picture.category].writerow([picture.path, picture.station, _time(picture), row[-1]])
                for crop in crops:
                    if crop.state in of_state:
                        of_state[crop.state].writerow(_crop(picture, crop))
                yield row
            for (category, station), n in sorted(hidden.items()):
                told_of = {"category": category, "station": station, "why": LEFT_OUT}
                yield from repeat([told_of.get(column) for column in PICTURES], n)

        write_csv(out["pictures"], PICTURES, told(), encoding=_CSV)
    return counts


def _picture(picture: Picture, crops: list[Crop], private: Privacy) -> list[object]:
    said: dict[str, None] = {}
    states = {"unnamed": 0, "rejected": 0, "unsure": 0}
    for crop in crops:
        if crop.species:
            said[crop.species.name] = None
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
        "latitude": private.rounded(picture.latitude),
        "longitude": private.rounded(picture.longitude),
        "duplicate_of": picture.duplicate_of,
    }
    return [cells[name] for name in PICTURES[:-1]]


def _crop(picture: Picture, crop: Crop) -> list[object]:
    when = None if picture.clock else _time(picture)
    at = _said(crop.at) if crop.at else None
    return [crop.crop_id, picture.path, picture.station, when, crop.who, at, crop.suggestion]


def _time(picture: Picture) -> str | None:
    return _said(picture.time) if picture.time else None


def _said(time: dt.datetime) -> str:
    """The local clock, as every spreadsheet knows it."""
    return time.replace(tzinfo=None).isoformat(" ", "seconds")


def _told(part: pd.DataFrame) -> list[object]:
    """Crops, pictures, independent events, nights (from noon to noon), first and last time."""
    time = part["datetime"].dropna()
    nights = (time - pd.Timedelta(hours=12)).dt.normalize().nunique()
    first, last = (_said(time.min()), _said(time.max())) if len(time) else (None, None)
    return [len(part), part["picture"].nunique(), part["event"].nunique(), nights, first, last]


def _species(rows: pd.DataFrame, names: Names) -> Iterator[list[object]]:
    known = {one.name: one for one in names.species}
    for name, part in rows.groupby("name", observed=True):
        one = known[str(name)]
        yield [name, one.scientific, *_told(part), part["station"].nunique(), int(part["looked"].sum()), one.bound]


def _by_station(rows: pd.DataFrame, names: Names) -> Iterator[list[object]]:
    known = {one.name: one for one in names.species}
    for (name, station), part in rows.groupby(["name", "station"], observed=True):
        yield [name, known[str(name)].scientific, station, *_told(part)]


def _reasons(failures: Path) -> dict[str, str]:
    """Of each path why it could not be used, or only in part."""
    found: dict[str, list[str]] = {}
    with open(failures, encoding="utf-8", newline="") as text:
        for row in records(text):
            found.setdefault(row["path"], []).append(f"{row['stage']}, {row['status']}: {row['reason']}")
    return {path: "; ".join(lines) for path, lines in found.items()}
