"""What was seen, as a table of the crops of named animals: for the tables and figures that people look at."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.export.records import NOWHERE, Survey
from camtrap.export.species import ANIMAL

__all__ = ["NOWHERE", "pictures_of", "seen"]

_PART = 200_000  # pictures that are read at a time


def seen(survey: Survey) -> pd.DataFrame:
    """Read the crops that have the name of an animal. (People, vehicles and nothing are not species.)

    Returns
    -------
    DataFrame
        One row per crop: name (as ``Species.name``, so equal names are one), station (both categorical, sorted), datetime (the
        camera's corrected clock, NaT where it cannot be trusted), picture and event (integers, equal where these are), looked
        (bool: somebody looked at this very crop). About 30 bytes each.
    """
    code = survey.species_of()
    names = [one.name for one in survey.names.species]
    named = np.array([*(one.kind == ANIMAL for one in survey.names.species), False])[code]
    paths = survey.table(["path"])["path"].combine_chunks()
    start, rows, found = 0, [], []
    for part in _pictures(survey, ["path", "event"]):
        at = pc.fill_null(pc.index_in(paths, part["path"].combine_chunks()), -1).to_numpy()
        rows.append(np.flatnonzero((at >= 0) & named))
        place = at[rows[-1]]
        picture = pa.array((start + place).astype(np.int32))
        found.append(
            part.select(["station", "datetime", "event"]).take(pa.array(place)).append_column("picture", picture)
        )
        start += len(part)
    row = np.concatenate(rows)
    order = np.argsort(row)
    row = row[order]
    table = pa.concat_tables(found).unify_dictionaries()
    event = pc.fill_null(table["event"].combine_chunks().dictionary_encode().indices, -1)
    looked = np.zeros(len(row), bool)
    if survey.has("how"):
        how = survey.table(["how"])["how"].combine_chunks()
        said = np.array([*(word == "looked at" for word in how.dictionary.to_pylist()), False])
        looked = said[pc.fill_null(how.indices, -1).to_numpy()[row]]
    return pd.DataFrame(
        {
            "name": _sorted(pd.Categorical.from_codes(code[row], names)),
            "station": _sorted(table["station"].combine_chunks().to_pandas()[order]),
            "datetime": table["datetime"].to_numpy()[order].astype("datetime64[us]"),
            "picture": table["picture"].to_numpy()[order],
            "event": event.to_numpy()[order],
            "looked": looked,
        }
    )


def _sorted(values: pd.Categorical | pd.Series) -> pd.Series:
    column = pd.Series(values).cat.remove_unused_categories().reset_index(drop=True)
    return column.cat.reorder_categories(sorted(column.cat.categories))


def pictures_of(survey: Survey) -> pd.DataFrame:
    """One row per picture that counts or failed: station, category (categorical), datetime (NaT where the clock cannot be trusted)."""
    gone = pa.array(["removed", "duplicate"])
    parts = []
    for part in _pictures(survey, ["category"]):
        told = part.filter(pc.invert(pc.is_in(part["category"], gone)))
        parts.append(
            told.set_column(told.schema.get_field_index("category"), "category", told["category"].dictionary_encode())
        )
    table = pa.concat_tables(parts).unify_dictionaries()
    found = table.select(["station", "datetime", "category"]).to_pandas()
    found["datetime"] = found["datetime"].astype("datetime64[us]")
    return found


def _pictures(survey: Survey, columns: list[str]) -> Iterator[pa.Table]:
    """Parts of the table of pictures, with station (a dictionary) and datetime as :class:`camtrap.export.records.Picture` has them."""
    for batch in survey.parts(["station", "batch", "datetime", "clock", *columns], _PART):
        card = pc.if_else(pc.is_in(batch["batch"], pa.array([".", "", None])), NOWHERE, batch["batch"])
        known = pc.fill_null(pc.not_equal(batch["station"], ""), False)
        time = batch["datetime"]
        if "clock" in batch.schema.names:
            time = pc.if_else(pc.is_null(batch["clock"]), time, pa.scalar(None, time.type))
        found = {"station": pc.if_else(known, batch["station"], card).dictionary_encode(), "datetime": time}
        yield pa.table(found | {name: batch[name] for name in columns})
