"""The collected pictures: their times, their categories, their bursts and events; a folder or a station at a time."""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.collect.bursts import group_in_time
from camtrap.collect.clocks import settle
from camtrap.collect.parts import codes, frame_of, parts, plain, scattered, with_columns
from camtrap.collect.shards import Failure
from camtrap.core.categories import ALL, SHOWN
from camtrap.metadata.clock import utc_now
from camtrap.metadata.deployments import Stations

__all__ = ["categorised", "grouped", "settled", "that_count"]

_CATEGORIES = (*ALL, "removed")
_FAILED, _REMOVED = _CATEGORIES.index("failed"), _CATEGORIES.index("removed")
_CLOCK = [
    "path",
    "station",
    "datetime",
    "clock",
    "latitude",
    "longitude",
    "make",
    "model",
    "serial",
    "video",
    "frame_time",
]
_GROUP = ["image_id", "path", "batch", "station", "datetime", "clock", "video", "sequence", "trigger", "camera"]


def settled(images: pa.Table, stations: Stations | None, written: Callable[[str], Mapping[str, int]]) -> pa.Table:
    """The pictures with their places and times after :func:`camtrap.collect.clocks.settle`, a few visits at a time."""
    now = utc_now()
    found, rows = [], []
    for part in parts(codes(images["visit"])):
        frame = frame_of(images, part, [*_CLOCK, "shard", "visit"])
        settle(frame, stations, written, now)
        of_part = {
            "station": _text(frame["station"]).dictionary_encode(),
            "datetime": pa.array(frame["datetime"], pa.timestamp("us"), from_pandas=True),
            "latitude": pa.array(frame["latitude"], pa.float64(), from_pandas=True),
            "longitude": pa.array(frame["longitude"], pa.float64(), from_pandas=True),
            "clock": _text(frame["clock"]).dictionary_encode(),
            "clock_reason": _text(frame["clock_reason"]),
            "timestamp": _text(frame["timestamp"]),
            "deployment": pa.array(frame["deployment"], pa.int32()),
            "session": pa.array(frame["session"], pa.int32()),
        }
        found.append(pa.table(of_part))
        rows.append(part)
    return with_columns(images, scattered(found, rows, len(images)))


def categorised(images: pa.Table, gone: Collection[str], failures: Sequence[Failure]) -> pa.Table:
    """The pictures with category, n_paths and duplicate_of.

    Of copies with the same content the first by path counts; the others point at it.

    Parameters
    ----------
    images : Table
    gone : collection of str
        Planned pictures and videos that are gone from the disk.
    failures : sequence
    """
    paths = images["path"]
    # a frame goes with its video
    removed = pc.is_in(pc.coalesce(images["video"], paths), pa.array(gone, paths.type))
    failed = pc.is_in(paths, pa.array([path for path, *_ in failures], paths.type))
    failed = pc.or_(failed, pc.equal(plain(images["status"]), "failed"))
    shown = pc.index_in(plain(images["found"]), pa.array(_CATEGORIES)).fill_null(_CATEGORIES.index("empty"))
    category = shown.to_numpy().astype(np.int8)
    category[failed.to_numpy()] = _FAILED
    category[removed.to_numpy()] = _REMOVED
    present = np.flatnonzero((category < _FAILED) & images["image_id"].is_valid().to_numpy())
    content = codes(images["image_id"])
    first = np.zeros(content.max(initial=-1) + 1, np.int64)
    content = content[present]
    first[content[::-1]] = present[::-1]
    n_paths, original = np.ones(len(images), np.int32), np.arange(len(images))
    n_paths[present], original[present] = np.bincount(content)[content], first[content]
    copy = original != np.arange(len(images))
    category[copy] = _CATEGORIES.index("duplicate")
    columns = {
        "category": pa.DictionaryArray.from_arrays(category, pa.array(_CATEGORIES)),
        "n_paths": n_paths,
        "duplicate_of": paths.take(pa.array(original, mask=~copy)),
    }
    return with_columns(images, pa.table(columns))


def that_count(images: pa.Table) -> np.ndarray:
    """Rows of the pictures that count: what they show is known, and they are not copies."""
    return np.flatnonzero(pc.is_in(plain(images["category"]), pa.array(SHOWN)).to_numpy())


def grouped(images: pa.Table, options: Mapping) -> pa.Table:
    """The pictures with their bursts and events, a few stations at a time; without a station the batch is one."""
    counting = that_count(images)
    station = codes(pc.coalesce(plain(images["station"]), plain(images["batch"])))[counting]
    found, rows = [], []
    for part in parts(station):
        valid = frame_of(images, counting[part], [*_GROUP, "visit", "deployment", "session"])
        valid["station"] = valid["station"].fillna(valid["batch"])
        burst = group_in_time(valid, options["burst_seconds"], sequences=True, apart=_triggers(valid))
        event = group_in_time(valid, options["event_minutes"] * 60, apart=_clocks(valid))
        found.append(pa.table({"burst": _text(burst), "event": _text(event)}))
        rows.append(counting[part])
    return with_columns(images, scattered(found, rows, len(images)))


def _triggers(pictures: pd.DataFrame) -> pd.Series:
    """What no burst crosses: a visit, a deployment, a clock that began anew; and time lapse is not part of a trigger's series."""
    lapse = pictures["trigger"].fillna("") == "time lapse"
    return pictures.assign(lapse=lapse).groupby(["visit", "deployment", "session", "lapse"], sort=False).ngroup()


def _clocks(pictures: pd.DataFrame) -> pd.Series:
    """What no event crosses: pictures whose clocks cannot be trusted are together within their own visit only."""
    doubtful = pictures.groupby(["visit", "session"], sort=False).ngroup()
    return doubtful.where(pictures["clock"].notna(), -1)


def _text(column: pd.Series) -> pa.Array:
    return pa.array(column, pa.string(), from_pandas=True)
