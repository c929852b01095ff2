"""Rows of the table of stations: where a camera stood, from when to when, and how its clock was."""

import datetime as dt
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from camtrap.core.errors import TableError
from camtrap.core.tables import read_table
from camtrap.metadata.when import day_first, parse_coordinate, parse_offset, parse_when, parse_zone

__all__ = ["Deployment", "Stations", "read_stations"]

# Names of the columns here, in Camtrap DP's deployments.csv, in that of Wildlife Insights, and in camtrapR's tables. Of a
# station the first that is there is its name; a folder may have any of them.
_ALIASES = {
    "station": ("station", "stationid", "stationname", "location", "locationid", "locationname", "placename", "site"),
    "deployment": ("deployment", "deploymentid", "deploymentname"),
    "batch": ("batch", "card", "memorycard"),
    "latitude": ("latitude", "lat", "y"),
    "longitude": ("longitude", "lon", "long", "lng", "x"),
    "timezone": ("timezone", "tz", "zone", "utcoffset"),
    "offset": ("clockoffset", "offset", "timeoffset", "clockcorrection"),
    "start": ("start", "startdate", "starttime", "startdatetime", "deploymentstart", "setupdate", "begin", "from"),
    "end": ("end", "enddate", "endtime", "enddatetime", "deploymentend", "retrievaldate", "to"),
}
_PROBLEM = re.compile(r"problem(\d+)(from|to)")


@dataclass(frozen=True)
class Deployment:
    """A row of the table of stations: a station between two dates.

    ``offset`` is added to the camera's clock; ``start`` and ``end`` are of the corrected clock, inclusive; degrees are
    WGS 84. ``names`` are all that a folder of its pictures may be called; ``batch`` is the one folder that it speaks of.
    ``problems`` are times (from, to) in which the camera did not work. ``line`` is that of the file.
    """

    station: str
    latitude: float | None = None
    longitude: float | None = None
    timezone: str | None = None
    offset: dt.timedelta = dt.timedelta(0)
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    names: tuple[str, ...] = ()
    batch: str | None = None
    problems: tuple[tuple[dt.datetime, dt.datetime], ...] = ()
    line: int = 0

    def distance(self, time: dt.datetime) -> dt.timedelta:
        """How far the time of a camera's clock, corrected, lies outside the deployment; zero inside."""
        time = time + self.offset
        if self.start and time < self.start:
            return self.start - time
        if self.end and time > self.end:
            return time - self.end
        return dt.timedelta(0)

    def outside(self, time: dt.datetime) -> str | None:
        """Why a corrected time lies outside the deployment, with both times; None inside."""
        if self.start and time < self.start:
            return f"{_said(time)} is before the start of its deployment, {_said(self.start)}"
        if self.end and time > self.end:
            return f"{_said(time)} is after the end of its deployment, {_said(self.end)}"
        for begin, end in self.problems:
            if begin < time < end:
                return f"{_said(time)} is in a time when the camera did not work, {_said(begin)} to {_said(end)}"
        return None


def _said(time: dt.datetime) -> str:
    return time.isoformat(" ", "seconds")


class Stations:
    """Deployments by station. A station may have several, with different dates, clock offsets and places."""

    def __init__(self, deployments: list[Deployment]):
        self.deployments = list(deployments)
        self._by_station: dict[str, list[Deployment]] = {}
        for deployment in self.deployments:
            for name in dict.fromkeys((deployment.station, *deployment.names)):
                self._by_station.setdefault(name, []).append(deployment)
        plain: dict[str, set[str]] = {}
        for name in self._by_station:
            plain.setdefault(_plain(name), set()).add(name)
        # where two stations differ in these only, they mean it
        self._alike = {key: names.pop() for key, names in plain.items() if key and len(names) == 1}

    def known(self, station: str | None) -> str | None:
        """The table's spelling of a station; case, blanks, ``-`` and ``_`` may differ. None for one that it lacks."""
        if station is None or station in self._by_station:
            return station
        return self._alike.get(_plain(station))

    def name_of(self, station: str | None, path: str) -> str | None:
        """The station of a picture: as its path tells, else the one folder of the path that the table has.

        Parameters
        ----------
        station : str or None
            What the path tells without the table.
        path : str
        """
        if self.known(station):
            return station
        folders = [folder for folder in path.split("/")[:-1] if self.known(folder)]
        return folders[0] if len({self.known(folder) for folder in folders}) == 1 else station

    def find(
        self, station: str | None, time: dt.datetime | None, path: str = "", corrected: bool = False
    ) -> Deployment | None:
        """Return the deployment that a picture belongs to.

        Parameters
        ----------
        station : str or None
        time : datetime or None
            The camera's clock, before any offset.
        path : str
            The picture's: rows that name a ``batch`` are of the pictures below that folder.
        corrected : bool
            The time is that after the offset, as in ``tables/images.parquet``.

        Returns
        -------
        Deployment or None
            The one that holds the time, else the nearest in time; the first in the file among equals. Without a time,
            the only one of the station, or what its several agree upon. None for a station that the table lacks.
        """
        found = self._of(station, path)
        if len(found) < 2:
            return found[0] if found else None
        if time is not None:
            return min(found, key=lambda one: one.distance(time - one.offset if corrected else time))
        first = found[0]
        same = all((d.latitude, d.longitude) == (first.latitude, first.longitude) for d in found)
        return Deployment(first.station, *((first.latitude, first.longitude) if same else (None, None)))

    def equals(self, station: str | None, time: dt.datetime, path: str = "") -> list[int]:
        """Lines of the file that hold a time of the camera's clock, where they are several with different clock offsets."""
        found = self._of(station, path)
        if len(found) > 1 and len({deployment.offset for deployment in found}) > 1:
            fit = [deployment for deployment in found if not deployment.distance(time)]
            if len({deployment.offset for deployment in fit}) > 1:
                return [deployment.line for deployment in fit]
        return []

    def _of(self, station: str | None, path: str) -> list[Deployment]:
        """Deployments of a station; of those that name a batch only the ones of this picture's folders, if there are any."""
        known = self.known(station)
        found = self._by_station.get(known, []) if known else []
        if not path or not any(deployment.batch for deployment in found):
            return found
        folders = path.split("/")[:-1]
        own = [deployment for deployment in found if deployment.batch in folders]
        return own or [deployment for deployment in found if not deployment.batch] or found

    def without_pictures(self, stations: Iterable[str | None]) -> list[str]:
        """Names of the table's stations that none of these is, in the order of the file."""
        seen = {
            id(deployment) for name in stations if (key := self.known(name)) for deployment in self._by_station[key]
        }
        return list(dict.fromkeys(d.station for d in self.deployments if id(d) not in seen))


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def read_stations(path: str | os.PathLike) -> Stations:
    """Read the table of stations: columns station, latitude, longitude, time zone, clock offset, start, end, batch.

    Only the station is required. Headers are known also under the names that Camtrap DP, Wildlife Insights and camtrapR use
    (its ``ProblemN_from`` and ``ProblemN_to``, too); other columns are ignored. See :mod:`camtrap.core.tables` for the
    form of the file. The clock offset is seconds, or ``±HH:MM[:SS]``, added to the camera's clock. A date without a time is
    the whole day. Days may stand first or last; where a date can be read in two ways, another one of the table must tell.

    Raises
    ------
    TableError
        The file is missing, or has no column of stations, or rows are wrong: one line for each.
    """
    table = read_table(path, "metadata.stations")
    columns = table.columns(_ALIASES)
    if "station" not in columns and "deployment" not in columns:
        raise TableError(f"{path}: no column 'station' in its first line ({table.first_line})")
    headers = [re.sub(r"[\W_]+", "", name).lower() for name in table.header]
    names = [headers.index(name) for name in (*_ALIASES["station"], *_ALIASES["deployment"]) if name in headers]
    problems = _problem_columns(headers)
    dates = [columns[name] for name in ("start", "end") if name in columns] + [at for pair in problems for at in pair]
    camtrapr = "setupdate" in headers or "retrievaldate" in headers or bool(problems)
    order = day_first([row[at] for _, row in table.rows for at in dates], camtrapr)
    deployments, wrong = [], []
    for line, row in table.rows:
        cells = {key: row[place] for key, place in columns.items()}
        try:
            called = tuple(dict.fromkeys(row[at] for at in names if row[at]))
            pairs = [(row[begin], row[end]) for begin, end in problems]
            deployments.append(_deployment(cells, called, pairs, order, line))
        except ValueError as error:
            wrong.append(f"{path}: line {line}: {_short(str(error))}")
    if not table.rows:
        wrong.append(f"{path}: there is nothing below its first line")
    if wrong:
        raise TableError("\n".join(wrong))
    return Stations(deployments)


def _short(text: str) -> str:
    """A cell may hold a whole table, where a quotation mark was lost."""
    return text if len(text) <= 300 else f"{text[:150]} … {text[-150:]}"


def _problem_columns(headers: list[str]) -> list[tuple[int, int]]:
    found: dict[str, dict[str, int]] = {}
    for at, name in enumerate(headers):
        if match := _PROBLEM.fullmatch(name):
            found.setdefault(match[1], {})[match[2]] = at
    return [(pair["from"], pair["to"]) for pair in found.values() if len(pair) == 2]


def _deployment(
    cells: dict[str, str], names: tuple[str, ...], problems: list[tuple[str, str]], order: bool | None, line: int
) -> Deployment:
    if not names:
        raise ValueError("the station is empty")
    place = [cells.get(name, "") for name in ("latitude", "longitude")]
    if bool(place[0]) != bool(place[1]):
        raise ValueError("latitude and longitude must both be given, or neither")
    latitude = parse_coordinate(place[0], "latitude") if place[0] else None
    longitude = parse_coordinate(place[1], "longitude") if place[1] else None
    zone = cells.get("timezone") or None
    known = parse_zone(zone) if zone else None
    start, end = (parse_when(cells.get(name, ""), name, order, known) for name in ("start", "end"))
    if start and end and start > end:
        raise ValueError(f"it ends ({cells['end']}) before it starts ({cells['start']})")
    idle = []
    for first, last in problems:
        # the camera still worked on the day on which it stopped
        begin, finish = parse_when(first, "end", order, known), parse_when(last, "start", order, known)
        if begin and finish:
            idle.append((begin, finish))
    offset = parse_offset(cells.get("offset", ""))
    batch = cells.get("batch") or None
    return Deployment(names[0], latitude, longitude, zone, offset, start, end, names, batch, tuple(idle), line)
