"""Tables of all pictures in little memory: held by Arrow, worked on by pandas a part at a time.

A text that many rows share is held once (a dictionary), and pandas sees some hundred thousand rows at a time: all rows of a
folder, or of a station, together.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "as_written",
    "codes",
    "distinct",
    "frame_of",
    "joined",
    "order_of",
    "parts",
    "plain",
    "scattered",
    "slices",
    "with_columns",
]

ROWS = 100_000  # of a part, at least, where there are as many
GROUP = 1_048_576  # rows of a row group


def parts(groups: np.ndarray) -> Iterator[np.ndarray]:
    """Yield positions of whole groups, :data:`ROWS` or more of them at a time; those of one group keep their order.

    Parameters
    ----------
    groups : int array, shape (n,)
        The group of each position.
    """
    order = np.argsort(groups, kind="stable")
    start = 0
    for end in (*(np.flatnonzero(np.diff(groups[order])) + 1).tolist(), len(order)):
        if end - start >= ROWS or end == len(order) > start or end == 0 == len(order):
            yield order[start:end]
            start = end


def codes(column: pa.ChunkedArray) -> np.ndarray:
    """A number for each value of a column of text, -1 for null: int32 array, shape (n,)."""
    encoded = column.combine_chunks().dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy()


def plain(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """A column without a dictionary."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def frame_of(table: pa.Table, rows: np.ndarray, columns: Sequence[str]) -> pd.DataFrame:
    """Some rows of some columns for pandas, numbered by ``rows``; integers may be missing."""
    part = table.select(columns).take(pa.array(rows))
    part = pa.table({name: plain(part[name]) for name in columns})
    frame = part.to_pandas(types_mapper=_nullable, date_as_object=False)
    frame.index = pd.Index(rows)
    return frame


def _nullable(kind: pa.DataType) -> pd.api.extensions.ExtensionDtype | None:
    return {pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype()}.get(kind)


def order_of(tables: Sequence[pa.Table], name: str) -> pa.Array:
    """Where the rows of tables below one another are in the order of a column: the row that comes first, and so on."""
    return pc.sort_indices(pa.concat_tables([table.select([name]) for table in tables])[name])


def joined(tables: list[pa.Table], order: pa.Array | None = None) -> pa.Table:
    """Tables below one another, or their rows in an order; each column in one piece, so that rows can be taken from anywhere.

    ``tables`` is emptied, and each column is let go of as it is done: there is no second copy of all.
    """
    rest = pa.concat_tables(tables)
    tables.clear()
    columns = {}
    for name in rest.column_names:
        column, rest = rest[name], rest.drop_columns(name)
        # texts of more than 2 GB need 64-bit offsets
        column = (column.cast(pa.large_string()) if column.type == pa.string() else column).combine_chunks()
        columns[name] = column if order is None else column.take(order)
    return pa.table(columns)


def scattered(tables: list[pa.Table], rows: Sequence[np.ndarray], n: int) -> pa.Table:
    """What was found for some rows, part by part, as columns of all ``n`` rows; null for the others."""
    where = np.full(n, -1)
    where[np.concatenate(rows)] = np.arange(sum(map(len, rows)))
    return joined(tables).take(pa.array(where, mask=where < 0))


def with_columns(table: pa.Table, more: pa.Table) -> pa.Table:
    """A table with more columns; those of a name that it has take the place of its own."""
    columns = {name: table[name] for name in table.column_names} | {name: more[name] for name in more.column_names}
    return pa.table(columns)


def distinct(column: pa.ChunkedArray) -> list[str]:
    """The texts of a column, sorted."""
    return sorted(plain(column.unique().drop_null()).to_pylist())


def slices(table: pa.Table) -> Iterator[pa.Table]:
    """Yield the rows of each row group; one without rows of a table that has none."""
    for start in range(0, max(len(table), 1), GROUP):
        yield table.slice(start, GROUP)


def as_written(table: pa.Table) -> pa.Table:
    """Columns as files have them: no dictionaries, no 64-bit offsets, and no NaN but null."""
    return pa.table({name: _as_written(table[name]) for name in table.column_names})


def _as_written(column: pa.ChunkedArray) -> pa.ChunkedArray:
    column = plain(column)
    if pa.types.is_floating(column.type):
        return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return column.cast(pa.string()) if pa.types.is_large_string(column.type) else column
