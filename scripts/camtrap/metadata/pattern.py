"""What a path says: station, date and a weak label from the named groups of a regular expression.

A date that can be read in two ways, or only in part, is not a date: a wrong one would pass silently.
"""

import datetime as dt
import re
from dataclasses import dataclass

from camtrap.core.dates import month_number
from camtrap.core.errors import ConfigError
from camtrap.metadata.when import parse_coordinate

GROUPS = frozenset(
    [
        "station",
        "date",
        "time",
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "label",
        "sequence",
        "latitude",
        "longitude",
    ],
)


@dataclass(frozen=True)
class Told:
    """What a path tells; None where it does not. ``datetime`` is by the camera's clock; degrees are WGS 84."""

    station: str | None = None
    datetime: dt.datetime | None = None
    label: str | None = None
    sequence: int | None = None
    latitude: float | None = None
    longitude: float | None = None


class PathPattern:
    """A regular expression over paths.

    Groups: ``station``, ``label``; ``date`` with ``time``, or ``year``, ``month``, ``day``, ``hour``, ``minute`` and
    ``second``; ``sequence``; ``latitude``, ``longitude``. The notebooks' ``HS-B-06-10-18-2-45-Agopac.JPG`` is read by
    ``(?P<station>[A-Z]+-[A-Z])-(?P<day>\\d+)-(?P<month>\\d+)-(?P<year>\\d+)-(?P<hour>\\d+)-(?P<minute>\\d+)-(?P<label>\\w+)``
    (or with day and month changed: only the owner knows).

    Parameters
    ----------
    pattern : str
        Searched anywhere in the path.

    Raises
    ------
    ConfigError
        Not a regular expression, no group, or a group that is not known.
    """

    def __init__(self, pattern: str):
        try:
            self.pattern = re.compile(pattern)
        except re.error as error:
            raise ConfigError(f"metadata.path_pattern: not a regular expression ({error})") from None
        groups = set(self.pattern.groupindex)
        if not groups:
            raise ConfigError(f"metadata.path_pattern: it has no named group, as in (?P<station>…); known: {_known()}")
        if unknown := sorted(groups - GROUPS):
            raise ConfigError(f"metadata.path_pattern: group {unknown[0]!r} is not known; known: {_known()}")

    def read(self, path: str) -> Told:
        """Read a path. A path that does not match tells nothing."""
        match = self.pattern.search(path)
        if match is None:
            return Told()
        said = {name: text.strip() for name, text in match.groupdict().items() if text and text.strip()}
        latitude, longitude = (_coordinate(said.get(kind), kind) for kind in ("latitude", "longitude"))
        return Told(
            station=said.get("station"),
            datetime=_datetime(said),
            label=said.get("label"),
            sequence=_whole(said.get("sequence"), 1, 32767),
            latitude=latitude if longitude is not None else None,
            longitude=longitude if latitude is not None else None,
        )


def _known() -> str:
    return ", ".join(sorted(GROUPS))


def _datetime(said: dict[str, str]) -> dt.datetime | None:
    day = parse_date(said["date"]) if "date" in said else _day(said)
    time = parse_time(said["time"]) if "time" in said else _time(said)
    return dt.datetime.combine(day, time) if day and time else None


def _day(said: dict[str, str]) -> dt.date | None:
    number = month_number(said.get("month", "")) or _whole(said.get("month"), 1, 12)
    return _make_date(_year(said.get("year")), number, _whole(said.get("day"), 1, 31))


def _time(said: dict[str, str]) -> dt.time | None:
    hour, minute = _whole(said.get("hour"), 0, 23), _whole(said.get("minute"), 0, 59)
    second = _whole(said["second"], 0, 59) if "second" in said else 0
    return None if hour is None or minute is None or second is None else dt.time(hour, minute, second)


def parse_date(text: str) -> dt.date | None:
    """Read a date that has but one meaning: 2018-10-06, 20181006, 25-10-2018, 10.25.2018; not 06-10-18 nor 06-10-2018."""
    if re.fullmatch(r"\d{8}", text):
        return _make_date(_year(text[:4]), int(text[4:6]), int(text[6:]))
    parts = re.split(r"[-_./: ]", text)
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        return None
    if len(parts[0]) == 4:
        return _make_date(_year(parts[0]), int(parts[1]), int(parts[2]))
    if len(parts[2]) != 4:
        return None
    first, second = int(parts[0]), int(parts[1])
    if first == second or second > 12:
        return _make_date(_year(parts[2]), first, second)
    return _make_date(_year(parts[2]), second, first) if first > 12 else None


def parse_time(text: str) -> dt.time | None:
    """Read a time of day of 24 hours: 2-45, 02:45, 02.45.10, 0245, 024510."""
    parts = (
        re.findall(r"\d\d", text) if re.fullmatch(r"\d{4}|\d{6}", text) else re.split(r"[-_.:hm ]", text.rstrip("s"))
    )
    if len(parts) not in (2, 3):
        return None
    return _time(dict(zip(("hour", "minute", "second"), parts, strict=False)))


def _year(text: str | None) -> int | None:
    """A year of four digits, or of two: digital camera traps are of this century."""
    if text is None or not text.isdecimal() or len(text) not in (2, 4):
        return None
    year = int(text) + (2000 if len(text) == 2 else 0)
    return year if 1990 <= year <= 2099 else None


def _make_date(year: int | None, month: int | None, day: int | None) -> dt.date | None:
    if year is None or month is None or day is None:
        return None
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _whole(text: str | None, low: int, high: int) -> int | None:
    return int(text) if text and text.isdecimal() and low <= int(text) <= high else None


def _coordinate(text: str | None, kind: str) -> float | None:
    try:
        return parse_coordinate(text, kind) if text else None
    except ValueError:
        return None
