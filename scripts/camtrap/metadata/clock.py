"""Clocks that lie: pictures at a camera's default date, from the future, outside their deployment, or going back in time.

A flag says why a time is not to be trusted. It takes nothing away: the time stays as the camera wrote it.
"""

import datetime as dt
import re
from bisect import bisect_right
from collections.abc import Sequence

EPOCH = "epoch"
FUTURE = "future"
OUTSIDE = "outside deployment"
BACK = "jumps back"
EITHER = "two deployments"
# Before this day no digital camera trap took a picture; cameras without a date start at 1970, 1980 or 2000.
FIRST_DAY = dt.datetime(2000, 1, 2)
# Later first days that cameras fall back to. A real survey may have pictures on them, but then also on the days before.
DEFAULT_DAYS = (dt.date(2005, 1, 1), dt.date(2010, 1, 1))
# mtime knows no zone and cards keep local time: a day and a bit covers any zone.
ZONES = dt.timedelta(hours=26)
NOISE = dt.timedelta(seconds=60)
# Of eight names in random order fewer than 1 in 100 arrangements have at most one step back (248 of 8!); below that,
# chance and a clock look the same.
FEWEST = 8
_NUMBERS = re.compile(r"(\d+)")


def is_epoch(time: dt.datetime, mtime_ns: int | None = None) -> bool:
    """Say whether a time is a camera's default date, or lies after the file was written.

    Parameters
    ----------
    time : datetime
        The camera's clock.
    mtime_ns : int, optional
        The file's time of change, ns since 1970. One before 2000 is not a witness.
    """
    if is_default(time):
        return True
    if mtime_ns is None:
        return False
    changed = from_ns(mtime_ns)
    return changed > FIRST_DAY and time > changed + ZONES


def is_default(time: dt.datetime) -> bool:
    """Say whether a time is of a day from which cameras count that were never set."""
    return time < FIRST_DAY or time.date() in DEFAULT_DAYS


def is_future(time: dt.datetime, now: dt.datetime) -> bool:
    """Say whether a time is after ``now`` (UTC), by more than zones explain."""
    return time > now + ZONES


def from_ns(mtime_ns: int) -> dt.datetime:
    """A file's time of change, ns since 1970, as a date and time (UTC, without a zone)."""
    return dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=mtime_ns // 1000)


def utc_now() -> dt.datetime:
    """Now, UTC, without a zone."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def jumps_back(
    paths: Sequence[str],
    times: Sequence[dt.datetime | None],
    cameras: Sequence[object],
    noise: dt.timedelta = NOISE,
) -> list[bool]:
    """Find pictures that break the order of time along a camera's file numbers.

    Within a folder, a camera and a file name without its digits, pictures in order of their numbers should not go back
    in time by more than ``noise``. The fewest pictures are flagged whose removal restores the order (the complement of a
    longest non-decreasing subsequence), so one wrong picture does not cast doubt on all that follow. Names whose time
    goes back at more than a tenth of the steps (one step always passes) do not follow the camera's order (they were renamed, or merged from
    several cards) and are left alone; so are counters that ran over (IMG_9999, IMG_0001), and groups of fewer than :data:`FEWEST`.

    Parameters
    ----------
    paths, times, cameras : sequences of equal length
        ``times`` None is passed over. Rows may come in any order, of one shard or of a whole survey.

    Returns
    -------
    list of bool
    """
    return [row is not None for row in contradicted(paths, times, cameras, noise)]


def contradicted(
    paths: Sequence[str],
    times: Sequence[dt.datetime | None],
    cameras: Sequence[object],
    noise: dt.timedelta = NOISE,
) -> list[int | None]:
    """As :func:`jumps_back`; of each picture that is flagged the row of the picture before it (else after it) that it contradicts."""
    groups: dict[tuple, list[tuple[tuple, str, int, dt.datetime]]] = {}
    for row, (path, time) in enumerate(zip(paths, times, strict=True)):
        if time is not None:
            folder, _, name = path.rpartition("/")
            pieces = _NUMBERS.split(name)
            numbers = tuple(int(digits) for digits in pieces[1::2])
            groups.setdefault((folder, cameras[row], tuple(pieces[::2])), []).append((numbers, path, row, time))
    found: list[int | None] = [None] * len(paths)
    for group in groups.values():
        group.sort()
        order = [time for *_, time in group]
        back = [at for at in range(1, len(order)) if order[at] < order[at - 1] - noise]
        if len(order) < FEWEST or not back or len(back) > max(1, len(order) // 10):
            continue
        if len(back) == 1 and _ran_over([numbers for numbers, *_ in group]):
            continue
        kept = _longest_in_order(order, noise)
        order_kept = sorted(kept)
        for at, (_, _, row, _) in enumerate(group):
            if at not in kept:
                found[row] = group[order_kept[max(0, bisect_right(order_kept, at) - 1)]][2]
    return found


def _ran_over(numbers: list[tuple[int, ...]]) -> bool:
    """Of names in order with one step back: did the counter begin again at 0001? Then the clock is right."""
    return bool(numbers[0]) and numbers[-1][-1] >= 9990 and numbers[0][-1] <= 10


def _longest_in_order(times: list[dt.datetime], noise: dt.timedelta) -> set[int]:
    """Positions of a longest subsequence that does not go back by more than ``noise`` from one to the next.

    Patience sorting. A step back within the noise is allowed by lifting the time to the one before.
    """
    lifted: list[dt.datetime] = []
    for time in times:
        noisy = lifted and dt.timedelta(0) < lifted[-1] - time <= noise
        lifted.append(lifted[-1] if noisy else time)
    ends: list[dt.datetime] = []
    tails: list[int] = []
    before: list[int | None] = []
    for at, time in enumerate(lifted):
        place = bisect_right(ends, time)
        before.append(tails[place - 1] if place else None)
        if place == len(ends):
            ends.append(time)
            tails.append(at)
        else:
            ends[place], tails[place] = time, at
    kept: set[int] = set()
    last = tails[-1] if tails else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return kept
