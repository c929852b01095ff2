"""Dates and times as cameras and people write them."""

import datetime as dt

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def month_number(name: str) -> int | None:
    """1 to 12 for an English month's name in any case, of which the first three letters count; None for anything else."""
    start = name.lower()[:3]
    return _MONTHS.index(start) + 1 if start in _MONTHS else None


def moment(year: int, month: int, day: int, hour: int, minute: int, second: int) -> dt.datetime:
    """A date and time, whose hour may be 24: that is the hour after midnight of the same date.

    Cameras that count hours from 1 to 24 write it. Two that people reported (a Nokia 7 plus, whose file's name and time say
    when it was: Piwigo issue 1017; an LG Nexus 4: immich issue 5714) both write the date of the day that has begun.

    Raises
    ------
    ValueError
        There is no such time.
    """
    return dt.datetime(year, month, day, 0 if hour == 24 else hour, minute, second)
