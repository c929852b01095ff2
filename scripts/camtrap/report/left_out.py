"""What was left out as repeat detections, place by place, so that it can be taken back."""

import os
from dataclasses import dataclass

import pandas as pd

from camtrap.core.files import open_parquet, read_parquet

_COLUMNS = ["crop_id", "path", "station", "datetime", "repeat", "repeat_place"]
_SHOWN = 6  # crops of a place


@dataclass(frozen=True)
class Place:
    """Where a box stands again and again.

    Attributes
    ----------
    name : str
        The id for ``collect.repeat_keep``; empty in the tables of an older version, which do not tell places apart.
    station : str
    crops, days : int
        Crops there, and days with one (0 without times).
    taken_back : bool
        Whether they are clustered all the same.
    shown : list of str
        Ids of some crops, spread over all of them.
    """

    name: str
    station: str
    crops: int
    days: int
    taken_back: bool
    shown: list[str]


def places(crops_table: str | os.PathLike) -> list[Place]:
    """The places of ``tables/crops.parquet``, those with most crops first."""
    known = set(open_parquet(crops_table).schema_arrow.names)
    crops = read_parquet(crops_table, columns=[name for name in _COLUMNS if name in known]).to_pandas()
    if "repeat_place" not in crops:
        crops["repeat_place"] = crops["station"].fillna("").where(crops["repeat"])
    found = []
    for (place, station), part in crops.assign(station=crops["station"].fillna("")).groupby(
        ["repeat_place", "station"]
    ):
        part = part.sort_values("path")
        step = max(1, len(part) // _SHOWN)
        found.append(
            Place(
                name=str(place) if "repeat_place" in known else "",
                station=str(station),
                crops=len(part),
                days=int(pd.to_datetime(part["datetime"]).dt.normalize().nunique()),
                taken_back=not part["repeat"].any(),
                shown=part["crop_id"].tolist()[::step][:_SHOWN],
            )
        )
    return sorted(found, key=lambda row: (-row.crops, row.station, row.name))
