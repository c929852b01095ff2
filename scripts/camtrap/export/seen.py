"""What was seen, as a table of the crops of named animals: for the tables and figures that people look at."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.core.files import open_parquet, read_parquet
from camtrap.export.records import NOWHERE, Survey
from camtrap.export.species import ANIMAL

__all__ = ["NOWHERE", "pictures_of", "seen"]


def seen(survey: Survey) -> pd.DataFrame:
    """Read the crops that have the name of an animal. (People, vehicles and nothing are no species.)

    Returns
    -------
    DataFrame
        One row per crop: name (as ``Species.name``, so equal names are one), station (both categorical, sorted), datetime (the
        camera's corrected clock, NaT where it cannot be trusted), picture and event (integers, equal where these are), looked
        (bool: somebody looked at this very crop). About 30 bytes each.
    """
    code = survey.species_of()
    names = [one.name for one in survey.names.species]
    animal = np.array([*(one.kind == ANIMAL for one in survey.names.species), False])
    rows = np.flatnonzero(animal[code])
    wanted = ["path", *(["how"] if survey.has("how") else [])]
    crops = survey.table(wanted).take(pa.array(rows))
    images = _pictures(survey.images, ["path", "event"])
    at = pc.index_in(crops["path"].combine_chunks(), images["path"].combine_chunks())
    picture = pc.fill_null(at, -1).to_numpy(zero_copy_only=False).astype(np.int32)
    found = {column: images[column].combine_chunks().take(at) for column in ("station", "datetime", "event")}
    looked = (
        pc.equal(crops["how"].cast(pa.string()), "looked at") if "how" in wanted else pa.nulls(len(rows), pa.bool_())
    )
    return pd.DataFrame(
        {
            "name": _sorted(pd.Categorical.from_codes(code[rows], names)),
            "station": _sorted(found["station"].dictionary_encode().to_pandas()),
            "datetime": found["datetime"].to_pandas().astype("datetime64[us]"),
            "picture": picture,
            "event": pd.factorize(found["event"].dictionary_encode().indices.to_numpy(zero_copy_only=False))[0],
            "looked": pc.fill_null(looked, False).to_numpy(zero_copy_only=False),
        }
    )


def _sorted(values: pd.Categorical | pd.Series) -> pd.Series:
    column = pd.Series(values).cat.remove_unused_categories()
    return column.cat.reorder_categories(sorted(column.cat.categories))


def pictures_of(images: Path) -> pd.DataFrame:
    """One row per picture that counts or failed: station, datetime (NaT where the clock cannot be trusted), category."""
    table = _pictures(images, ["category"])
    told = pc.invert(pc.is_in(table["category"], pa.array(["removed", "duplicate"])))
    table = table.filter(told).select(["station", "datetime", "category"])
    found = pd.DataFrame({name: table[name].to_pandas() for name in table.column_names})
    found["datetime"] = found["datetime"].astype("datetime64[us]")
    return found


def _pictures(images: Path, columns: list[str]) -> pa.Table:
    """Columns of the table of pictures, with station and datetime as :class:`camtrap.export.records.Picture` has them."""
    there = set(open_parquet(images).schema_arrow.names)
    table = read_parquet(images, columns=[*({"station", "batch", "datetime", "clock"} & there), *columns])
    card = pc.if_else(pc.is_in(table["batch"], pa.array([".", "", None])), NOWHERE, table["batch"])
    known = pc.fill_null(pc.not_equal(table["station"], ""), False)
    time = table["datetime"]
    if "clock" in there:
        time = pc.if_else(pc.is_null(table["clock"]), time, pa.scalar(None, time.type))
    found = {"station": pc.if_else(known, table["station"], card), "datetime": time}
    return pa.table(found | {name: table[name] for name in columns})
