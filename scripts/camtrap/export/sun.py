"""Hours as angles: by the clock, and by the sun, for which a day is from sunrise to sunset whatever the season.

By the sun: sunrise is π/2 and sunset 3π/2, and the hours between run evenly (Nouvellet et al. 2012, Methods in Ecology and
Evolution 3: 1018-1023; as ``sunTime`` of R's overlap does). Sunrise and sunset are astral's, at sea level.
"""

import datetime as dt
import math
from functools import lru_cache
from itertools import pairwise

__all__ = ["by_clock", "by_sun"]

_DAY = dt.timedelta(days=1)


def by_clock(time: dt.datetime) -> float:
    """The hour of a local time in radians: 0 is midnight, π is noon."""
    seconds = time.hour * 3600 + time.minute * 60 + time.second + time.microsecond / 1e6
    return seconds / 86_400 * 2 * math.pi


def by_sun(time: dt.datetime, latitude: float | None, longitude: float | None) -> float | None:
    """The hour by the sun in radians, in [0, 2π).

    Parameters
    ----------
    time : datetime
        Local, with its offset from UTC.
    latitude, longitude : float or None
        Degrees, WGS 84.

    Returns
    -------
    float or None
        None without an offset or a place, and where the sun does not rise or set on this day or the next to it.
    """
    offset = time.utcoffset()
    if offset is None or latitude is None or longitude is None:
        return None
    zone, today = dt.timezone(offset), time.date()
    edges: list[tuple[dt.datetime, float]] = []
    for day in (today - _DAY, today, today + _DAY):
        sun = _rise_and_set(round(latitude, 4), round(longitude, 4), day, zone)
        if sun is None:
            return None
        edges += [(sun[0], math.pi / 2), (sun[1], 3 * math.pi / 2)]
    edges.sort()
    for (begin, angle), (end, _) in pairwise(edges):
        if begin <= time < end:
            return (angle + math.pi * ((time - begin) / (end - begin))) % (2 * math.pi)
    return None


@lru_cache(maxsize=100_000)
def _rise_and_set(
    latitude: float, longitude: float, day: dt.date, zone: dt.timezone
) -> tuple[dt.datetime, dt.datetime] | None:
    from astral import Observer
    from astral.sun import sunrise, sunset

    place = Observer(latitude, longitude)
    try:
        return sunrise(place, day, tzinfo=zone), sunset(place, day, tzinfo=zone)
    except ValueError:  # polar day or night
        return None
