"""What the report says of the pictures, counted a part of the table at a time: a survey may have ten million."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import pandas as pd
import pyarrow as pa

from camtrap.core.files import open_parquet

__all__ = ["NO_STATION", "Pictures", "count", "typed"]

NO_STATION = "station unknown"
_ROWS = 250_000
_COLUMNS = ["path", "station", "datetime", "latitude", "longitude", "category", "event", "clock", "clock_reason"]


@dataclass(frozen=True)
class Pictures:
    """The pictures that are still there, counted.

    Attributes
    ----------
    days : DataFrame
        One row per station and day: station, day (NaT where the time is not known or not to be trusted), pictures, animals
        (pictures of them), doubtful (pictures whose clock is not to be trusted).
    places : DataFrame
        One row per station and place: station, latitude, longitude, pictures.
    events : DataFrame
        One row per station and event with animals: station, event.
    clocks : DataFrame
        One row per station and kind of doubtful clock: station, clock, pictures, path of the first picture, its clock_reason.
    doubtful : Series of str
        Paths of the pictures whose clock is not to be trusted.
    """

    days: pd.DataFrame
    places: pd.DataFrame
    events: pd.DataFrame
    clocks: pd.DataFrame
    doubtful: pd.Series


def count(file: str | os.PathLike) -> Pictures:
    """Count the pictures of ``tables/images.parquet``."""
    days, places, events, clocks, doubtful = [], [], [], [], []
    for part in _parts(file):
        part = part.assign(pictures=1, animals=part["category"] == "animal", doubtful=part["clock"].notna())
        day = part["datetime"].dt.normalize().where(~part["doubtful"])
        days.append(_summed(part.assign(day=day), ["station", "day"], ["pictures", "animals", "doubtful"]))
        placed = part.dropna(subset=["latitude", "longitude"])
        places.append(_summed(placed, ["station", "latitude", "longitude"], ["pictures"]))
        events.append(part.loc[part["animals"], ["station", "event"]].dropna().drop_duplicates())
        clocks.append(_kinds(part[part["doubtful"]]))
        doubtful.append(part.loc[part["doubtful"], "path"])
    return Pictures(
        days=_summed(pd.concat(days), ["station", "day"], ["pictures", "animals", "doubtful"]),
        places=_summed(pd.concat(places), ["station", "latitude", "longitude"], ["pictures"]),
        events=pd.concat(events).drop_duplicates(),
        clocks=_kinds(pd.concat(clocks)),
        doubtful=pd.concat(doubtful),
    )


def _parts(file: str | os.PathLike) -> Iterator[pd.DataFrame]:
    """The pictures that are still there; at least one part, which may have no row."""
    table = open_parquet(file)
    # tables that an older version made have no reasons
    columns = [name for name in _COLUMNS if name in table.schema_arrow.names]
    empty = table.schema_arrow.empty_table().select(columns)
    for part in chain([empty], map(pa.table, table.iter_batches(_ROWS, columns=columns))):
        frame = typed(part.to_pandas().reindex(columns=_COLUMNS))
        yield frame[frame["category"] != "removed"]


def _summed(frame: pd.DataFrame, keys: list[str], numbers: list[str]) -> pd.DataFrame:
    return frame.groupby(keys, dropna=False, as_index=False)[numbers].sum()


def _kinds(doubtful: pd.DataFrame) -> pd.DataFrame:
    """One row per station and kind of doubtful clock, that of the first path, with the sum of the pictures."""
    keys = ["station", "clock"]
    doubtful = doubtful.sort_values("path")
    total = doubtful.groupby(keys)["pictures"].transform("sum")
    return doubtful.assign(pictures=total).drop_duplicates(keys)[[*keys, "pictures", "path", "clock_reason"]]


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Pictures or crops of which an all-null column has the type that it would have with values; no station is one, too."""
    frame["datetime"] = pd.to_datetime(frame["datetime"])
    frame["station"] = frame["station"].astype("str").where(frame["station"].notna(), NO_STATION)
    return frame
