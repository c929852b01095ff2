"""Times of the collected pictures: corrected by the table of stations, and why a clock is not to be trusted, with both times."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from camtrap.metadata import clock
from camtrap.metadata.deployments import Deployment, Stations
from camtrap.metadata.stations import visit_of
from camtrap.metadata.when import parse_zone

__all__ = ["plain", "settle"]

# The creation time of these is UTC by their standard.
_IN_UTC = (".mp4", ".mov", ".m4v", ".3gp")
_NUMBERS = re.compile(r"(\d+)")
# A picture and the video of one trigger follow each other this closely.
_TRIGGER = dt.timedelta(minutes=10)
zone_of = lru_cache(parse_zone)


def settle(
    images: pd.DataFrame, stations: Stations | None, written: Callable[[str], Mapping[str, int]], now: dt.datetime
) -> None:
    """Correct times and places by the table of stations, and judge every clock; in place.

    A time that the table corrects is judged after the correction, and not by the file's own time: the camera wrote that by
    the same clock.

    Parameters
    ----------
    images : DataFrame
        All pictures of some visits; columns of the index, ``shard`` and ``visit``. Gets ``clock_reason`` (text), ``timestamp``
        (ISO 8601 with the offset of the station's time zone), ``deployment`` (line of the table, -1) and ``session`` (a number
        that rises where a clock began anew).
    stations : Stations, optional
    written : callable
        Of a shard: the files' own times, ns since 1970, by path.
    now : datetime
        UTC. No picture is from after it.
    """
    times, flags = plain(images["datetime"]), plain(images["clock"])
    paths = [video or path for video, path in zip(plain(images["video"]), images["path"], strict=True)]
    deployments: list[Deployment | None] = [None] * len(images)
    either: dict[int, str] = {}
    if stations is not None:
        images["station"] = pd.Series(
            [stations.name_of(*pair) for pair in zip(plain(images["station"]), paths, strict=True)],
            dtype=object,
            index=images.index,
        )
        deployments, either = _deploy(images, stations, paths, times, flags)
    reasons = _judge(images, deployments, times, flags, either, written, now)
    images["datetime"] = pd.Series(times, dtype="datetime64[us]", index=images.index)
    for name, values in (("clock", flags), ("clock_reason", reasons), ("timestamp", _timestamps(times, deployments))):
        images[name] = pd.Series(values, dtype=object, index=images.index)
    images["deployment"] = [deployment.line if deployment else -1 for deployment in deployments]
    images["session"] = _sessions(images["path"].tolist(), times, flags, images["visit"].tolist())


def plain(column: pd.Series) -> list:
    """Python values, None where there is none."""
    return column.astype(object).where(column.notna(), None).tolist()


def _deploy(
    images: pd.DataFrame,
    stations: Stations,
    paths: Sequence[str],
    times: list[dt.datetime | None],
    flags: list[str | None],
) -> tuple[list[Deployment | None], dict[int, str]]:
    """The deployment of each picture, and rows that fit several; places, times and flags become those after the correction."""
    names = plain(images["station"])
    deployments = [stations.find(name, time, path) for name, time, path in zip(names, times, paths, strict=True)]
    for row in _videos_in_utc(images, paths, times, deployments):
        time, zone = times[row], _zone(deployments[row])
        assert time is not None
        times[row] = time = time.replace(tzinfo=dt.UTC).astimezone(zone).replace(tzinfo=None)
        deployments[row] = stations.find(names[row], time, paths[row])
        if flags[row] != clock.FUTURE:
            flags[row] = clock.EPOCH if clock.is_default(time) else flags[row]
    either = {}
    for row, deployment in enumerate(deployments):
        time = times[row]
        if deployment and time is not None and (lines := stations.equals(names[row], time, paths[row])):
            either[row] = (
                f"{_said(time)} fits lines {' and '.join(map(str, lines))} of the table of stations, whose clock offsets differ; "
                "a column 'card' says of which folder each is"
            )
        if deployment and deployment.offset and time is not None:
            times[row] = time + deployment.offset
            flags[row] = None
    unknown = images["latitude"].isna()
    places = [(found.latitude, found.longitude) if found else (None, None) for found in deployments]
    where = pd.DataFrame(places, columns=["latitude", "longitude"], dtype=np.float64, index=images.index)
    images.loc[unknown, ["latitude", "longitude"]] = where[unknown]
    return deployments, either


def _zone(deployment: Deployment | None) -> dt.tzinfo | None:
    return zone_of(deployment.timezone) if deployment and deployment.timezone else None


def _videos_in_utc(
    images: pd.DataFrame,
    paths: Sequence[str],
    times: Sequence[dt.datetime | None],
    deployments: Sequence[Deployment | None],
) -> list[int]:
    """Rows whose time is UTC: frames of QuickTime videos, of stations whose zone is known.

    Many cameras write their local time there. Where a camera takes a picture and a video at each trigger, the pictures of
    neighbouring numbers tell which it is.
    """
    video = images["video"].notna().to_numpy()
    rows = [
        row
        for row in np.flatnonzero(video).tolist()
        if times[row] is not None and _zone(deployments[row]) and paths[row].lower().endswith(_IN_UTC)
    ]
    folders = {visit_of(paths[row]) for row in rows}
    pictures: dict[tuple[str, int], dt.datetime] = {}
    for row in np.flatnonzero(~video).tolist() if folders else []:
        time = times[row]
        if time is not None and (folder := visit_of(paths[row])) in folders:
            pictures[folder, _number(paths[row])] = time
    local: dict[str, int] = defaultdict(int)
    seconds = images["frame_time"].fillna(0.0).to_numpy(np.float64)
    for row in rows:
        time, zone, folder, number = times[row], _zone(deployments[row]), visit_of(paths[row]), _number(paths[row])
        assert time is not None
        start = time - dt.timedelta(seconds=float(seconds[row]))
        shift = start.replace(tzinfo=zone).utcoffset() or dt.timedelta(0)
        for near in (number - 1, number, number + 1):
            if picture := pictures.get((folder, near)):
                local[folder] += abs(start - picture) <= _TRIGGER
                local[folder] -= abs(start + shift - picture) <= _TRIGGER
    return [row for row in rows if local[visit_of(paths[row])] <= 0]


def _number(path: str) -> int:
    """The last number in a file's name, -9 without one."""
    digits = _NUMBERS.findall(path.rpartition("/")[2].rpartition(".")[0])
    return int(digits[-1]) if digits else -9


def _judge(
    images: pd.DataFrame,
    deployments: Sequence[Deployment | None],
    times: Sequence[dt.datetime | None],
    flags: list[str | None],
    either: Mapping[int, str],
    written: Callable[[str], Mapping[str, int]],
    now: dt.datetime,
) -> list[str | None]:
    """Complete the flags, in place; the reasons."""
    reasons: list[str | None] = [None] * len(times)
    paths, videos, shards = images["path"].tolist(), plain(images["video"]), images["shard"].tolist()
    for row, time in enumerate(times):
        if time is None:
            flags[row] = None
            continue
        if flags[row] not in (clock.EPOCH, clock.FUTURE):
            flags[row] = clock.FUTURE if clock.is_future(time, now) else clock.EPOCH if clock.is_default(time) else None
        deployment = deployments[row]
        if row in either:
            flags[row], reasons[row] = clock.EITHER, either[row]
        elif flags[row] is None and deployment and (why := deployment.outside(time)):
            flags[row], reasons[row] = clock.OUTSIDE, why
        elif flags[row] == clock.FUTURE:
            # without the day of this run: the same pictures give the same table
            reasons[row] = f"{_said(time)} was still to come when this was worked out"
        elif flags[row] == clock.EPOCH:
            ns = written(shards[row]).get(videos[row] or paths[row])
            reasons[row] = _why_epoch(time, clock.from_ns(ns) if ns else None)
    # a shard saw only a part of a folder; here all of it stands
    cameras = list(zip(images["make"], images["model"], images["serial"], strict=True))
    usable = [None if flag else time for flag, time in zip(flags, times, strict=True)]
    for row, other in enumerate(clock.contradicted(paths, usable, cameras)):
        if other is not None:
            flags[row] = clock.BACK
            reasons[row] = (
                f"{_said(times[row])} does not fit {_said(times[other])} of {paths[other].rpartition('/')[2]}"
            )
    return reasons


def _why_epoch(time: dt.datetime, file: dt.datetime | None) -> str:
    if clock.is_default(time):
        why = f"{_said(time)} is of a day from which clocks count that were never set"
        return why if file is None else f"{why}; the file is of {_said(file)}"
    return f"{_said(time)} is after the time of the file itself" + (f", {_said(file)}" if file else "")


def _said(time: dt.datetime | None) -> str:
    return time.isoformat(" ", "seconds") if time else "an unknown time"


def _timestamps(times: Sequence[dt.datetime | None], deployments: Sequence[Deployment | None]) -> list[str | None]:
    """Local times in ISO 8601 with their offset from UTC, where the time zone is known."""
    return [
        time.replace(tzinfo=zone).isoformat(timespec="seconds") if time and (zone := _zone(deployment)) else None
        for time, deployment in zip(times, deployments, strict=True)
    ]


def _sessions(
    paths: Sequence[str], times: Sequence[dt.datetime | None], flags: Sequence[str | None], visits: Sequence[str]
) -> list[int]:
    """Number the runs of a clock that was never set, along the file names of a visit; 0 where a clock was set.

    A clock that begins anew at each change of batteries gives the same times twice, also on one card.
    """
    sessions = [0] * len(paths)
    doubtful = {visit for visit, flag in zip(visits, flags, strict=True) if flag == clock.EPOCH}
    if not doubtful:
        return sessions
    rows = [row for row, visit in enumerate(visits) if visit in doubtful]
    rows.sort(key=lambda row: (visits[row], [int(part) if part.isdecimal() else part for part in _natural(paths[row])]))
    number, before = 0, None
    for row in rows:
        if flags[row] != clock.EPOCH:
            before = None
            continue
        time = times[row]
        assert time is not None
        if before is None or visits[before] != visits[row] or time < (times[before] or time) - clock.NOISE:
            number += 1
        sessions[row], before = number, row
    return sessions


def _natural(path: str) -> list[str]:
    """Text and numbers in turn, so that IMG_2 comes before IMG_10."""
    return _NUMBERS.split(path)
