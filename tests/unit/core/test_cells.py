"""No cell of a CSV table is a formula, and what is read back is what was there."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camtrap.core.cells import guarded, unguarded
from camtrap.core.files import write_csv
from camtrap.core.tables import read_table

FORMULAS = [
    "=1+2",
    "+1+2",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1",
    "=HYPERLINK('x')",
    "-",
    "--5",
    "-5N",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_gets_an_apostrophe(text):
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize(
    "cell", ["-3.5", "+4", "-1e-05", "-.5", -3.5, -1, None, "", "deer", "a=b", "'", "'quoted'", "x-1"]
)
def test_numbers_and_other_text_stay(cell):
    assert guarded(cell) is cell


@given(st.text(alphabet="'=+-@\t\r\n 1.eE５＝ab", max_size=8))
def test_what_is_read_back_is_what_was_there(text):
    assert unguarded(guarded(text)) == text


def test_the_writer_guards_every_cell_and_the_reader_takes_it_off(tmp_path):
    write_csv(tmp_path / "t.csv", ["name", "=species"], [["=1+2", -3.5], ["'-x", "-3.5"]])
    with (tmp_path / "t.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["name", "'=species"], ["'=1+2", "-3.5"], ["''-x", "-3.5"]]
    table = read_table(tmp_path / "t.csv", "export.names")
    assert table.header == ["name", "=species"]
    assert [cells for _, cells in table.rows] == [["=1+2", "-3.5"], ["'-x", "-3.5"]]
