"""Stations: which folder names one, and what ``stations.csv`` says of it."""

import datetime as dt
import os
import re
from dataclasses import dataclass

from camtrap.core.errors import ConfigError, TableError
from camtrap.core.tables import read_table

# Folders that cameras make: DCIM, and the eight characters of the DCF standard (100RECNX, 101EK113, 100_BTCF, 100MEDIA).
CAMERA_FOLDER = re.compile(r"DCIM|MISC|PRIVATE|[1-9]\d\d(?=\d*[A-Z_])[A-Z0-9_]{5}", re.IGNORECASE)
DATE_FOLDER = re.compile(r"(?:19|20)\d\d[-_. ]?[01]\d(?:[-_. ]?[0-3]\d)?")
_ALIASES = {
    "station": ("station", "stationid", "stationname", "location", "locationid", "locationname", "site", "deployment"),
    "latitude": ("latitude", "lat", "y"),
    "longitude": ("longitude", "lon", "long", "lng", "x"),
    "timezone": ("timezone", "tz", "zone", "utcoffset"),
    "offset": ("clockoffset", "offset", "timeoffset", "clockcorrection"),
    "start": ("start", "deploymentstart", "setupdate", "begin", "from"),
    "end": ("end", "deploymentend", "retrievaldate", "to"),
}
_HEMISPHERE = re.compile(r"[NSEWO]", re.IGNORECASE)
_OFFSET = re.compile(r"([+-]?)(?:(\d+)[d ]\s*)?(\d{1,3}):(\d{2})(?::(\d{2}))?")


@dataclass(frozen=True)
class Deployment:
    """A row of ``stations.csv``: a station between two dates.

    ``offset`` is added to the camera's clock; ``start`` and ``end`` are of the corrected clock, inclusive; degrees are
    WGS 84.
    """

    station: str
    latitude: float | None = None
    longitude: float | None = None
    timezone: str | None = None
    offset: dt.timedelta = dt.timedelta(0)
    start: dt.datetime | None = None
    end: dt.datetime | None = None

    def distance(self, time: dt.datetime) -> dt.timedelta:
        """How far the time of a camera's clock, corrected, lies outside the deployment; zero inside."""
        time = time + self.offset
        if self.start and time < self.start:
            return self.start - time
        if self.end and time > self.end:
            return time - self.end
        return dt.timedelta(0)


class Stations:
    """Deployments by station. A station may have several, with different dates, clock offsets and places."""

    def __init__(self, deployments: list[Deployment]):
        self.deployments = list(deployments)
        self._by_station: dict[str, list[Deployment]] = {}
        for deployment in self.deployments:
            self._by_station.setdefault(deployment.station, []).append(deployment)

    def find(self, station: str | None, time: dt.datetime | None) -> Deployment | None:
        """Return the deployment that a picture belongs to.

        Parameters
        ----------
        station : str or None
        time : datetime or None
            The camera's clock, before any offset.

        Returns
        -------
        Deployment or None
            The one that holds the time, else the nearest in time; the first in the file among equals. Without a time,
            the only one of the station, or what its several agree upon. None for a station that the table lacks.
        """
        found = self._by_station.get(station, []) if station else []
        if not found:
            return None
        if time is not None:
            return min(found, key=lambda deployment: deployment.distance(time))
        if len(found) == 1:
            return found[0]
        first = found[0]
        same = all((d.latitude, d.longitude) == (first.latitude, first.longitude) for d in found)
        return Deployment(first.station, *((first.latitude, first.longitude) if same else (None, None)))


def read_stations(path: str | os.PathLike) -> Stations:
    """Read ``stations.csv``: columns station, latitude, longitude, time zone, clock offset, start, end.

    Only the station is required. Headers are known also under the names that Camtrap DP and camtrapR use; other columns are
    ignored. See :mod:`camtrap.core.tables` for the form of the file. The clock offset is
    seconds, or ``±HH:MM[:SS]``, added to the camera's clock. A date without a time is the whole day.

    Raises
    ------
    TableError
        The file is missing, or has no column of stations, or rows are wrong: one line for each.
    """
    table = read_table(path, "metadata.stations")
    columns = table.columns(_ALIASES)
    if "station" not in columns:
        raise TableError(f"{path}: no column 'station' in its first line ({table.first_line})")
    deployments, wrong = [], []
    for line, cells in table.cells(columns):
        try:
            deployments.append(_deployment(cells))
        except ValueError as error:
            wrong.append(f"{path}: line {line}: {error}")
    if wrong:
        raise TableError("\n".join(wrong))
    return Stations(deployments)


def _deployment(cells: dict[str, str]) -> Deployment:
    if not cells["station"]:
        raise ValueError("the station is empty")
    place = [cells.get(name, "") for name in ("latitude", "longitude")]
    if bool(place[0]) != bool(place[1]):
        raise ValueError("latitude and longitude must both be given, or neither")
    latitude = parse_coordinate(place[0], "latitude") if place[0] else None
    longitude = parse_coordinate(place[1], "longitude") if place[1] else None
    start, end = (parse_when(cells.get(name, ""), name) for name in ("start", "end"))
    if start and end and start > end:
        raise ValueError(f"it ends ({cells['end']}) before it starts ({cells['start']})")
    zone = cells.get("timezone") or None
    if zone:
        check_timezone(zone)
    return Deployment(cells["station"], latitude, longitude, zone, parse_offset(cells.get("offset", "")), start, end)


def parse_coordinate(text: str, kind: str) -> float:
    """Read degrees: ``-0.63``, ``0.63242S``, ``76°08'30"W``, ``S 0 37 56.7``, ``0,63`` (a decimal comma).

    Parameters
    ----------
    text : str
    kind : {"latitude", "longitude"}

    Raises
    ------
    ValueError
        Not a coordinate, both a sign and a letter, a letter of the other kind, or beyond 90 or 180 degrees.
    """
    letters = [letter.upper() for letter in _HEMISPHERE.findall(text)]
    bare = _HEMISPHERE.sub(" ", text).strip()
    if bare.count(",") == 1 and "." not in bare:
        bare = bare.replace(",", ".")
    negative = bare.startswith(("-", "−"))
    parts = re.split(r"[\s°º:'’′\"”″]+", bare.lstrip("+-−").strip(" °º'’′\"”″"))
    allowed = {"latitude": {"N": 1, "S": -1}, "longitude": {"E": 1, "W": -1, "O": -1}}[kind]
    good = all(re.fullmatch(r"\d+(\.\d*)?|\.\d+", part) for part in parts) and 1 <= len(parts) <= 3
    if not good or len(letters) > 1 or (letters and (negative or letters[0] not in allowed)):
        raise ValueError(f"{text!r} is no {kind} (write it like {'-0.63242' if kind == 'latitude' else '-76.14167'})")
    values = [float(part) for part in parts]
    if any(value >= 60 for value in values[1:]) or any(value % 1 for value in values[:-1]):
        raise ValueError(f"{text!r} is no {kind}: minutes and seconds must be below 60, and only the last has decimals")
    degrees = sum(value / 60**power for power, value in enumerate(values))
    if degrees > (90 if kind == "latitude" else 180):
        raise ValueError(f"{text!r} is no {kind}: it is beyond {90 if kind == 'latitude' else 180} degrees")
    return round(degrees * (-1 if negative else allowed[letters[0]] if letters else 1), 8)


def parse_offset(text: str) -> dt.timedelta:
    """Read a clock offset: seconds (``-3600``), or ``±HH:MM``, ``±HH:MM:SS``, ``±D HH:MM:SS``; empty is zero."""
    text = text.strip().replace("−", "-")
    if not text:
        return dt.timedelta(0)
    if match := _OFFSET.fullmatch(text):
        days, hours, minutes, seconds = (int(value or 0) for value in match.groups()[1:])
        if minutes < 60 and seconds < 60:
            size = dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            return -size if match[1] == "-" else size
    elif re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        return dt.timedelta(seconds=float(text))
    raise ValueError(f"{text!r} is no clock offset (seconds, or ±HH:MM:SS, added to the camera's clock)")


def parse_when(text: str, name: str) -> dt.datetime | None:
    """Read a start or an end in ISO 8601; a bare date is the day's first or last moment; a zone is dropped."""
    text = text.strip()
    if not text:
        return None
    try:
        if len(text) == 10:
            day = dt.date.fromisoformat(text)
            return dt.datetime.combine(day, dt.time.max if name == "end" else dt.time.min)
        return dt.datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise ValueError(f"{text!r} is no {name} (write it like 2019-03-16 or 2019-03-16 14:18:19)") from None


def check_timezone(text: str) -> None:
    """Raise ValueError unless it is an IANA name (America/Guayaquil) or an offset (-05:00, UTC, Z)."""
    from zoneinfo import ZoneInfo

    if re.fullmatch(r"(?:UTC|GMT)?[+-]\d{1,2}(:?\d{2})?|Z|UTC|GMT", text):
        return
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{text!r} is no time zone (write it like America/Guayaquil or -05:00)") from None


def compile_station_pattern(pattern: str) -> re.Pattern:
    """Compile ``metadata.station_pattern``; ConfigError says what is wrong with it."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"metadata.station_pattern: not a regular expression ({error})") from None
    if "station" not in compiled.groupindex:
        raise ConfigError("metadata.station_pattern: it needs a named group, as in '^(?P<station>[^/]+)/'")
    return compiled


def station_of(path: str, level: int | None = None, pattern: re.Pattern | None = None) -> str | None:
    """Name the station that a picture's path tells.

    Parameters
    ----------
    path : str
        As the tables spell it: folders from the batch down, then the file.
    level : int, optional
        The folder below the picture root that names the station; 1 is the first.
    pattern : re.Pattern, optional
        Searched in the path; its group ``station`` is the station. Goes before ``level``.

    Returns
    -------
    str or None
        Without level and pattern: the last folder that is neither made by a camera (:data:`CAMERA_FOLDER`) nor a bare
        date. None where the rule gives none; a camera's folder is never a station.
    """
    if pattern is not None:
        match = pattern.search(path)
        return (match["station"] or None) if match else None
    folders = path.split("/")[:-1]
    if level is not None:
        folder = folders[level - 1] if 1 <= level <= len(folders) else None
        return folder if folder and not CAMERA_FOLDER.fullmatch(folder) else None
    for folder in reversed(folders):
        if not CAMERA_FOLDER.fullmatch(folder) and not DATE_FOLDER.fullmatch(folder):
            return folder
    return None
