"""Tables as spreadsheets save them: all of them are the same table."""

import os

import pytest

from camtrap.core.errors import TableError
from camtrap.core.tables import read_table

TEXT = "Station Name,Año\nÑandú,2019\n\nEl Niño,2020\n"
NAMES = {"station": ("station", "stationname"), "year": ("año",), "else": ("nothing",)}
FORMS = {
    "comma": TEXT.encode(),
    "semicolon": TEXT.replace(",", ";").encode(),
    "tab": TEXT.replace(",", "\t").encode(),
    "Windows line ends": TEXT.replace("\n", "\r\n").encode(),
    "old Mac's line ends": TEXT.replace("\n", "\r").encode(),
    "byte order mark": TEXT.encode("utf-8-sig"),
    "UTF-16": b"\xff\xfe" + TEXT.encode("utf-16-le"),
    "UTF-16, the other way round": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "Windows-1252": TEXT.encode("cp1252"),
    "blanks": TEXT.replace(",", " , ").encode(),
    "quotes": b'"Station Name","A\xc3\xb1o"\n"\xc3\x91and\xc3\xba", "2019"\n\n"El Ni\xc3\xb1o","2020"\n',
    "blanks around quotes": b'Station Name , "A\xc3\xb1o" \n"\xc3\x91and\xc3\xba" ,2019\n\n "El Ni\xc3\xb1o", 2020 \n',
    "empty cells at the end": TEXT.replace("\n", ",,\n").encode(),
}


def read(tmp_path, data):
    path = tmp_path / "table.csv"
    path.write_bytes(data)
    return read_table(path, "metadata.stations")


@pytest.mark.parametrize("form", FORMS)
def test_a_table_in_any_form(tmp_path, form):
    table = read(tmp_path, FORMS[form])
    columns = table.columns(NAMES)
    assert columns == {"station": 0, "year": 1}
    found = list(table.cells(columns))
    assert found == [(2, {"station": "Ñandú", "year": "2019"}), (4, {"station": "El Niño", "year": "2020"})]


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=;\r"])
def test_a_first_line_that_names_the_separator(tmp_path, first):
    table = read(tmp_path, f"{first}\nname;latitude, longitude\nN;0,5\n".encode())
    assert table.header == ["name", "latitude, longitude"]
    assert table.rows == [(3, ["N", "0,5"])]


def test_the_line_of_a_row_is_that_where_it_begins(tmp_path):
    table = read(tmp_path, b'name,note\na,"two\nlines"\nb,one\n')
    assert table.rows == [(2, ["a", "two\nlines"]), (4, ["b", "one"])]


def test_a_quotation_mark_within_a_text_is_one(tmp_path):
    assert read(tmp_path, b'a,b\n1,5" pipe\n').rows == [(2, ["1", '5" pipe'])]


def test_short_rows_are_filled_up(tmp_path):
    assert read(tmp_path, b"a,b,c\n1\n").rows == [(2, ["1", "", ""])]


def test_of_two_names_for_a_column_the_first_in_the_list_counts(tmp_path):
    assert read(tmp_path, b"station name,station\n").columns(NAMES) == {"station": 1}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a,b\n1,2\n3,tapir, adult\n", r"line 3: it has 3 cells and the first line 2: put quotation marks around"),
        (b'a,b\n1,2\n3,"' + 200_000 * b"x", r"line 3: not a table .*; is a quotation mark missing\?"),
        (b'a,b\n1,2\n3,"puma\n4,5\n', r"line 3: not a table .*; is a quotation mark missing\?"),
        (b'""a"",""b""\n""1"",""2""\n', "line 1: its quotation marks are doubled"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not a table in text"),
        (TEXT.encode("utf-16-le"), "not a table in text"),
    ],
)
def test_what_is_no_table_is_said_in_one_line(tmp_path, data, words):
    with pytest.raises(TableError, match=words) as error:
        read(tmp_path, data)
    assert str(error.value).startswith(str(tmp_path / "table.csv"))
    assert "\n" not in str(error.value)


def test_a_missing_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TableError, match=r"^none\.csv: there is no such file \(export\.names; looked for in /"):
        read_table("none.csv", "export.names")
    with pytest.raises(TableError, match=r"there is no such file \(export\.names\)$"):
        read_table(tmp_path / "none.csv", "export.names")
    with pytest.raises(TableError, match=r"a folder, not a file \(export\.names\)"):
        read_table(tmp_path, "export.names")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TableError, match=r"a pipe or a device, not a file \(export\.names\)"):
        read_table(tmp_path / "pipe", "export.names")


def test_an_empty_table_has_no_columns(tmp_path):
    table = read(tmp_path, b"\n\n")
    assert (table.header, table.rows, table.columns(NAMES), table.first_line) == ([], [], {}, "empty")
