"""Every Parquet file that a run leaves: read by the field's readers alike, and documented column by column."""

import re
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

REPO = Path(__file__).resolve().parents[2]
SHARD = re.compile(r"[A-Za-z0-9_]+-[0-9]{5}-[0-9a-f]{8}")


@pytest.fixture(scope="module")
def tables(finished):
    files = sorted((finished / "results").rglob("*.parquet"))
    assert len(files) > 10
    return files


def plain(values):
    """Python values that compare: no NaN, arrays and times as pandas, polars and DuckDB have them in common."""
    out = []
    for value in values:
        if hasattr(value, "tolist"):
            value = value.tolist()
        missing = value is None or value is pd.NaT or value != value
        out.append(None if missing else tuple(value) if isinstance(value, list) else value)
    return out


def test_pandas_polars_and_duckdb_read_the_same(tables):
    for file in tables:
        ours = pq.read_table(file)
        theirs = {
            "pandas": {name: plain(column) for name, column in pd.read_parquet(file).items()},
            "polars": {column.name: plain(column.to_list()) for column in pl.read_parquet(file)},
            "duckdb": {n: plain(c.to_pylist()) for n, c in columns(duckdb.read_parquet(str(file)).to_arrow_table())},
        }
        for reader, found in theirs.items():
            assert list(found) == ours.column_names, (reader, file)
            for name, column in columns(ours):
                assert found[name] == plain(column.to_pylist()), (reader, file, name)


def columns(table):
    """Names and columns of an Arrow table."""
    return zip(table.column_names, table.columns, strict=True)


def test_every_column_is_documented(tables):
    text = (REPO / "docs" / "tables.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^##+ `([^`]+)`(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
    index = sections["index/{shard}.parquet"]
    for file in tables:
        name = SHARD.sub("{shard}", file.as_posix().rpartition("/results/")[2])
        name = re.sub(r"^(clusters|embeddings)/[^/]+", r"\1/{model}", name)
        known = sections[name] + (index if name == "tables/images.parquet" else "")
        words = set(re.findall(r"\w+", known))
        for column in pq.read_schema(file).names:
            assert re.sub(r"^seed_\d+$", "seed_43", column) in words, (name, column)
