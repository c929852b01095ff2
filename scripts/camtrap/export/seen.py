"""What was seen, crop by crop, as a table: for the tables and figures that people look at."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from camtrap.core.files import read_parquet
from camtrap.export.records import NOWHERE, Survey
from camtrap.export.species import Names, counted

__all__ = ["NOWHERE", "pictures_of", "seen"]

_COLUMNS = {
    "crop_id": object,
    "path": object,
    "station": object,
    "datetime": "datetime64[us]",
    "burst": object,
    "event": object,
    "category": object,
    "cluster": "Int32",
    "name": object,
    "state": object,
    "how": object,
    "who": object,
    "at": object,
    "sure": float,
    "suggestion": object,
}


def seen(survey: Survey, names: Mapping[int, str]) -> tuple[pd.DataFrame, Names]:
    """Read the crops with their names.

    Parameters
    ----------
    survey : Survey
    names : mapping of int to str
        Names of clusters (``export.names``); they count only where there are no decisions.

    Returns
    -------
    rows : DataFrame
        One row per crop, sorted by path and crop_id: crop_id, path, station, datetime (the camera's corrected clock, NaT where it
        cannot be trusted), burst, event, category, cluster (nullable), and None where nothing was said: name (as
        ``Species.name``, so equal names are one), state (named, rejected, unsure), how, who, at, sure (NaN), suggestion.
    names : Names
        What the names stand for.
    """
    said = survey.names
    if not survey.decided:
        said = Names(counted(names.values()), {})
    rows = []
    for picture, crop in survey.crops():
        time = picture.time.replace(tzinfo=None) if picture.time and not picture.clock else None
        species, state, how = crop.species, crop.state, crop.how
        if not survey.decided and crop.cluster is not None and crop.cluster in names:
            species, state, how = said.of(names[crop.cluster]), "named", "cluster"
        name = species.name if species else None
        where = crop.crop_id, picture.path, picture.station, time, picture.burst, picture.event, crop.category
        rows.append((*where, crop.cluster, name, state, how, crop.who, crop.at, crop.sure, crop.suggestion))
    table = pd.DataFrame(rows, columns=list(_COLUMNS), dtype=object)
    table["datetime"] = pd.to_datetime(table["datetime"])
    return table.astype(_COLUMNS), said


def pictures_of(images: Path) -> pd.DataFrame:
    """One row per picture that counts or failed: station, datetime (NaT where the clock cannot be trusted), category."""
    table = read_parquet(images, columns=["station", "batch", "datetime", "clock", "category"]).to_pandas()
    table = table[~table["category"].isin(["removed", "duplicate"])]
    table["datetime"] = pd.to_datetime(table["datetime"]).where(table["clock"].isna())
    batch = table["batch"].astype(object).where(table["batch"].ne("."), NOWHERE)
    table["station"] = table["station"].astype(object).where(table["station"].notna(), batch)
    return table[["station", "datetime", "category"]]
