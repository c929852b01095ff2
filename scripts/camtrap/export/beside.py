"""Columns of the tables of crops beside each other, in little memory: what repeats is held once."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from camtrap.core.files import read_parquet

__all__ = ["beside", "in_order", "read", "values"]

# Columns of text in which few values repeat.
_REPEATING = {"batch", "category", "how", "name", "shard", "state", "station", "suggestion", "who"}


def read(path: str | Path, columns: Sequence[str]) -> pa.Table:
    """Columns of a table; of text that repeats each value is held once (a dictionary of Arrow's)."""
    return read_parquet(path, columns=columns, repeating=_REPEATING.intersection(columns))


def beside(table: pa.Table, path: str | Path, columns: Sequence[str], called: Sequence[str] | None = None) -> pa.Table:
    """Add columns of another table that has crop_id; null where it lacks a crop. (A join would hold both tables twice.)

    Parameters
    ----------
    table : pyarrow.Table
        It has crop_id.
    path : path
        Of the other table, which has each crop once at most.
    columns : sequence of str
    called : sequence of str, optional
        What they are called then.
    """
    ids = read_parquet(path, columns=["crop_id"])["crop_id"]
    rows = None
    if not ids.equals(table["crop_id"]):
        rows = pc.index_in(table["crop_id"].combine_chunks(), ids.combine_chunks())
    del ids
    other = read(path, columns).unify_dictionaries()
    for name, new in zip(columns, called or columns, strict=True):
        column = other[name]
        table = table.append_column(new, column if rows is None else column.combine_chunks().take(rows))
    return table


def in_order(table: pa.Table, keys: list[str], size: int) -> Iterator[pa.Table]:
    """Yield the rows sorted by these columns, ``size`` at a time; the table is not held twice. Its chunks are one."""
    plain = [table[key].cast(pa.string()) if pa.types.is_dictionary(table[key].type) else table[key] for key in keys]
    order = pc.sort_indices(pa.table(plain, names=keys), sort_keys=[(key, "ascending") for key in keys])
    del plain
    for start in range(0, len(order), size):
        yield table.take(order.slice(start, size))


def values(table: pa.Table) -> dict[str, list[Any]]:
    """The values of each column; those that repeat are one object."""
    return {name: _values(table[name]) for name in table.column_names}


def _values(column: pa.ChunkedArray) -> list[Any]:
    if not pa.types.is_dictionary(column.type):
        return column.to_pylist()
    coded = column.combine_chunks()
    words = coded.dictionary.to_pylist()
    return [None if code is None else words[code] for code in coded.indices.to_pylist()]
