"""Tables for R: records of species, when cameras worked, detection histories and effort (camtrapR, unmarked, overlap, activity).

A folder of CSV files; docs/handover.md has the lines of R that read each. A record is the first picture of a species in an event;
events are independent by ``collect.event_minutes``. Only crops with a name count, and only pictures whose clock can be trusted;
what that leaves out is in ``left_out.csv``.

A day on which a camera worked is one between start and end of a deployment (`visits`): by the table of stations, or from the first to the
last picture. Problems of the table are days without work. Days without a camera are NA, and so are occasions without a day of work.
"""

import datetime as dt
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from camtrap.core.files import replacing_folder, write_csv
from camtrap.export.events import Event, Seen
from camtrap.export.packed import pack, unpack
from camtrap.export.privacy import OPEN, Privacy
from camtrap.export.records import Survey
from camtrap.export.species import ANIMAL, Species
from camtrap.export.sun import by_clock, by_sun
from camtrap.export.visits import TABLE, Visit
from camtrap.export.walk import Walk
from camtrap.metadata.deployments import Stations

__all__ = ["Record", "export", "operation", "records"]

_DAY = dt.timedelta(days=1)
RECORD_TABLE = [
    *("Station", "Species", "DateTimeOriginal", "Date", "Time"),
    *("delta.time.secs", "delta.time.mins", "delta.time.hours", "delta.time.days"),
    *(
        "Directory",
        "FileName",
        "n_images",
        "count",
        "scientific",
        "how",
        "sure",
        "event",
        "utc_offset",
        "clock_rad",
        "sun_rad",
    ),
]
DEPLOYMENTS = [
    *("Station", "deployment", "Setup_date", "Retrieval_date", "Longitude", "Latitude", "source", "days"),
    *("days_with_pictures", "pictures", "clock_doubtful"),
]


class Record(NamedTuple):
    """A species in an event: an independent detection."""

    station: str
    species: Species
    time: dt.datetime
    event: str
    seen: Seen
    visit: Visit


def export(
    survey: Survey,
    stations: Stations | None,
    out: str | os.PathLike,
    occasion_days: int,
    private: Privacy = OPEN,
) -> dict[str, int]:
    """Write the tables.

    Parameters
    ----------
    survey : Survey
    stations : Stations, optional
        The table of stations.
    out : path
        The folder; it appears whole.
    occasion_days : int
        Days in an occasion of the detection history; the first occasion begins with the first day of work.
    private : Privacy
        A record whose pictures all show people has no file.

    Returns
    -------
    dict
        ``records``, ``species``, ``stations``, ``left_out``.
    """
    walk = Walk(survey, stations, private)
    for shot in walk.shots():
        if shot.picture.clock and any(subject.kind == ANIMAL for subject in shot.shows):
            walk.leave_out(shot.picture.path, f"its clock cannot be trusted: {shot.picture.clock}")
    visits = walk.deployments()
    worked = operation(visits)
    found = _Records()
    for _, events in groupby(walk.events(apart=True), key=lambda one: one.visit.station):
        found.add(records(events))
    with replacing_folder(out) as folder:
        write_csv(folder / "record_table.csv", RECORD_TABLE, found.rows())
        write_csv(folder / "deployments.csv", DEPLOYMENTS, map(_deployment_row, visits))
        write_csv(folder / "left_out.csv", ["path", "reason"], sorted(walk.left_out))
        days = _days(worked)
        rows = ([name, *(worked[name].get(day, "NA") for day in days)] for name in worked)
        write_csv(folder / "camera_operation.csv", ["Station", *(day.isoformat() for day in days)], rows)
        _histories(folder, found, worked, days, occasion_days)
    species = len(found.species)
    return {"records": found.n, "species": species, "stations": len(worked), "left_out": len(walk.left_out)}


def records(events: Iterable[Event]) -> list[Record]:
    """Independent detections of one station, with a time that can be trusted, by species and time."""
    first: dict[tuple[str, str], Record] = {}
    for event in events:
        if event.doubtful:
            continue
        for subject, seen in event.observed():
            if subject.kind != ANIMAL or subject.species is None:
                continue
            key = (event.id, subject.species.key)
            before = first.get(key)  # an event may go on after the card was changed
            if before is None or _local(seen.first) < _local(before.time):
                first[key] = Record(event.visit.station, subject.species, seen.first, event.id, seen, event.visit)
    return sorted(first.values(), key=lambda one: (one.species.key, _local(one.time)))


def _local(time: dt.datetime) -> dt.datetime:
    """As the clock shows it. Of one station some times may have an offset from UTC and others none."""
    return time.replace(tzinfo=None)


def _apart(first: dt.datetime, second: dt.datetime) -> dt.timedelta:
    known = first.tzinfo is not None and second.tzinfo is not None
    return second - first if known else _local(second) - _local(first)


def operation(visits: Sequence[Visit]) -> dict[str, dict[dt.date, int]]:
    """Of each station the days on which a camera worked (1) or had a problem (0); a day that is not there is unknown.

    Parameters
    ----------
    visits : sequence of Visit
        Of `Visits.close`.
    """
    found: dict[str, dict[dt.date, int]] = {visit.station: {} for visit in sorted(visits, key=lambda one: one.station)}
    for visit in visits:
        days = found[visit.station]
        for begin, end in visit.row.problems if visit.row else ():
            for day in _between(begin.date() + _DAY, end.date() - _DAY):
                days.setdefault(day, 0)
    for visit in visits:
        days = found[visit.station]
        if visit.start and visit.end and (visit.first or visit.source == TABLE):
            days |= dict.fromkeys(_between(visit.start.date(), visit.end.date()), 1)
        days |= dict.fromkeys(visit.days, 1)
    return found


def _between(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + number * _DAY for number in range((last - first).days + 1)]


def _days(worked: dict[str, dict[dt.date, int]]) -> list[dt.date]:
    """All days from the first to the last that any station has."""
    known = [day for days in worked.values() for day in days]
    return _between(min(known), max(known)) if known else []


class _Records:
    """Rows of the record table. They come by station and are written by species, so they are held, packed.

    ``n`` rows; ``species`` by key; ``days`` on which a species was seen at a station.
    """

    def __init__(self) -> None:
        self.n = 0
        self.species: dict[str, Species] = {}
        self.days: dict[tuple[str, str], set[dt.date]] = {}
        self._rows: dict[tuple[str, str], bytes] = {}

    def add(self, found: Iterable[Record]) -> None:
        """Take in the records of one station (:func:`records`)."""
        for species, of_species in groupby(found, key=lambda one: one.species):
            several = list(of_species)
            place = species.key, several[0].station
            self.species[species.key] = species
            self.days[place] = {one.time.date() for one in several}
            self._rows[place] = pack(list(_record_rows(several)))
            self.n += len(several)

    def rows(self) -> Iterator[list[object]]:
        """Take out all rows, by species, station and time."""
        for place in sorted(self._rows):
            yield from unpack(self._rows.pop(place))


def _record_rows(found: Sequence[Record]) -> Iterator[list[object]]:
    """Rows of one species at one station, by time."""
    before: Record | None = None
    for one in found:
        gap = _apart(before.time, one.time).total_seconds() if before else 0.0
        sun = by_sun(one.time, one.visit.latitude, one.visit.longitude)
        directory, _, name = one.seen.path.rpartition("/")
        yield [
            *(
                one.station,
                one.species.name,
                f"{one.time:%Y-%m-%d %H:%M:%S}",
                f"{one.time:%Y-%m-%d}",
                f"{one.time:%H:%M:%S}",
            ),
            *(round(gap), round(gap / 60), round(gap / 3600, 1), round(gap / 86_400, 1)),
            *(directory, name or "NA", one.seen.pictures, one.seen.count, one.species.scientific or "NA"),
            *(
                "looked at" if one.seen.looked_at else "cluster",
                "NA" if one.seen.sure is None else f"{one.seen.sure:.4f}",
            ),
            *(
                one.event,
                str(one.time.tzinfo or "NA"),
                f"{by_clock(one.time):.6f}",
                "NA" if sun is None else f"{sun:.6f}",
            ),
        ]
        before = one


def _deployment_row(visit: Visit) -> list[object]:
    days = len(_between(visit.start.date(), visit.end.date())) if visit.start and visit.end else "NA"
    dates = [f"{time:%Y-%m-%d %H:%M:%S}" if time else "NA" for time in (visit.start, visit.end)]
    place = ["NA" if side is None else side for side in (visit.longitude, visit.latitude)]
    doubtful = "TRUE" if visit.doubtful else "FALSE"
    return [visit.station, visit.id, *dates, *place, visit.source, days, len(visit.days), visit.pictures, doubtful]


def _histories(
    folder: Path, found: _Records, worked: dict[str, dict[dt.date, int]], days: list[dt.date], length: int
) -> None:
    """``effort.csv``, ``detection_history.csv`` and ``occasions.csv``."""
    number = math.ceil(len(days) / length)
    names = [f"o{occasion + 1}" for occasion in range(number)]
    spans = [days[at * length : (at + 1) * length] for at in range(number)]
    effort = {station: [sum(known.get(day, 0) for day in span) for span in spans] for station, known in worked.items()}
    write_csv(
        folder / "occasions.csv",
        ["occasion", "first", "last"],
        [[n, s[0], s[-1]] for n, s in zip(names, spans, strict=True)],
    )
    write_csv(folder / "effort.csv", ["Station", *names], ([station, *done] for station, done in effort.items()))
    seen: dict[str, dict[str, set[int]]] = {}
    for (species, station), dates in sorted(found.days.items()):
        there = seen.setdefault(found.species[species].name, {}).setdefault(station, set())
        there |= {(date - days[0]).days // length for date in dates}
    rows = (
        [species, station, *((1 if at in there.get(station, ()) else 0) if done[at] else "NA" for at in range(number))]
        for species, there in seen.items()
        for station, done in effort.items()
    )
    write_csv(folder / "detection_history.csv", ["Species", "Station", *names], rows)
