"""Cells of the table of stations: degrees, clock offsets, dates and time zones as people and other programs write them."""

import datetime as dt
import re
from collections.abc import Iterable

__all__ = ["day_first", "parse_coordinate", "parse_offset", "parse_when", "parse_zone"]

_LONGEST = dt.timedelta(days=36525)  # no clock is wrong by more
_HEMISPHERE = re.compile(r"[NSEWO]", re.IGNORECASE)
_OFFSET = re.compile(r"([+-]?)(?:(\d+)[d ]\s*)?(\d{1,3}):(\d{2})(?::(\d{2}))?")
_ZONE = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?")
# A day as spreadsheets write it, year first or last, and a time of 12 or 24 hours.
_DATE = re.compile(
    r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AP]M)?)?",
    re.IGNORECASE,
)


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
        raise ValueError(
            f"{text!r} is not a {kind} (write it like {'-0.63242' if kind == 'latitude' else '-76.14167'})"
        )
    values = [float(part) for part in parts]
    if any(value >= 60 for value in values[1:]) or any(value % 1 for value in values[:-1]):
        raise ValueError(
            f"{text!r} is not a {kind}: minutes and seconds must be below 60, and only the last has decimals"
        )
    degrees = sum(value / 60**power for power, value in enumerate(values))
    if degrees > (90 if kind == "latitude" else 180):
        raise ValueError(f"{text!r} is not a {kind}: it is beyond {90 if kind == 'latitude' else 180} degrees")
    return round(degrees * (-1 if negative else allowed[letters[0]] if letters else 1), 8)


def parse_offset(text: str) -> dt.timedelta:
    """Read a clock offset: seconds (``-3600``), or ``±HH:MM``, ``±HH:MM:SS``, ``±D HH:MM:SS``; empty is zero."""
    text = text.strip().replace("−", "-")
    if not text:
        return dt.timedelta(0)
    if match := _OFFSET.fullmatch(text):
        days, hours, minutes, seconds = (int(value or 0) for value in match.groups()[1:])
        if minutes < 60 and seconds < 60 and days < _LONGEST.days:
            size = dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            return -size if match[1] == "-" else size
    elif re.fullmatch(r"[+-]?\d+(\.\d+)?", text) and abs(float(text)) < _LONGEST.total_seconds():
        return dt.timedelta(seconds=float(text))
    raise ValueError(f"{text!r} is not a clock offset (seconds, or ±HH:MM:SS, added to the camera's clock)")


def day_first(cells: Iterable[str], camtrapr: bool = False) -> bool | None:
    """Whether the day stands before the month in dates such as 16/03/2019: what the dates of a table tell together.

    Parameters
    ----------
    cells : iterable of str
        All dates of the table.
    camtrapr : bool
        Whether it is a table of camtrapR, which has the day first where nothing tells.

    Returns
    -------
    bool or None
        None where no date tells.
    """
    first = second = False
    for cell in cells:
        match = _DATE.match(cell.strip())
        if match and len(match[3]) == 4:
            first, second = first or int(match[1]) > 12, second or int(match[2]) > 12
    if first != second:
        return first
    return True if camtrapr and not first else None


def parse_when(
    text: str, name: str, day_before_month: bool | None = None, zone: dt.tzinfo | None = None
) -> dt.datetime | None:
    """Read a start or an end: ISO 8601, or a day and a time as spreadsheets write them.

    Parameters
    ----------
    text : str
    name : str
        ``end``: a bare date, or midnight, which programs write for one, is the day's last moment; else its first.
    day_before_month : bool, optional
        Of :func:`day_first`.
    zone : tzinfo, optional
        The station's. A time that has an offset of its own is put into it; without it the offset is dropped.

    Raises
    ------
    ValueError
        It is not a date, or one that can be read in two ways.
    """
    text = text.strip()
    if not text:
        return None
    hint = f"{text!r} as {name} is not a date (write it like 2019-03-16 or 2019-03-16 14:18:19)"
    match = _DATE.fullmatch(text)
    try:
        if match is None:
            time = dt.datetime.fromisoformat(text)
            if time.tzinfo is not None:
                time = (time.astimezone(zone) if zone else time).replace(tzinfo=None)
        else:
            time = dt.datetime.combine(_day(match, day_before_month, hint), _time(match))
    except OverflowError:
        raise ValueError(hint) from None
    except ValueError as error:
        raise ValueError(str(error) if str(error).startswith(repr(text)) else hint) from None
    return dt.datetime.combine(time, dt.time.max) if name == "end" and time.time() == dt.time.min else time


def _day(match: re.Match[str], day_before_month: bool | None, hint: str) -> dt.date:
    one, two, three = match.groups()[:3]
    if len(one) == 4:
        return dt.date(int(one), int(two), int(three))
    if len(three) != 4:
        raise ValueError
    if day_before_month is None and one != two:
        raise ValueError(hint.replace(" is not a date ", " can be read in two ways ", 1))
    day, month = (one, two) if day_before_month else (two, one)
    return dt.date(int(three), int(month), int(day))


def _time(match: re.Match[str]) -> dt.time:
    hour, minute, second = (int(part or 0) for part in match.groups()[3:6])
    if half := match[7]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + 12 * (half.upper() == "PM")
    return dt.time(0 if hour == 24 else hour, minute, second)


def parse_zone(text: str) -> dt.tzinfo:
    """Read a time zone: an IANA name (America/Guayaquil) or an offset (-05:00, UTC+1, Z).

    Raises
    ------
    ValueError
        It is none.
    """
    from zoneinfo import ZoneInfo

    text = text.strip().replace("−", "-")
    if match := _ZONE.fullmatch(text):
        hours, minutes = int(match[2]), int(match[3] or 0)
        if hours <= 14 and minutes < 60:
            size = dt.timedelta(hours=hours, minutes=minutes)
            return dt.timezone(-size if match[1] == "-" else size)
    elif text in ("Z", "UTC", "GMT"):
        return dt.UTC
    else:
        try:
            return ZoneInfo(text)
        except (KeyError, ValueError, OSError):
            pass
    raise ValueError(f"{text!r} is not a time zone (write it like America/Guayaquil or -05:00)") from None
