"""What holds for every table that a person may hand in: it is read, or refused in words that name the file."""

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from camtrap.core.errors import UserError
from camtrap.export import names
from camtrap.metadata.deployments import read_stations
from camtrap.metadata.when import parse_coordinate, parse_offset

FIXED = settings(derandomize=True, deadline=None, database=None)
cell = st.text(st.characters(blacklist_categories=("Cs",)), max_size=10) | st.sampled_from(
    [
        "-0.65",
        "76,4 W",
        "0.65 S",
        "America/Guayaquil",
        "+01:00",
        "3600",
        "2019-08-22",
        "2019-08-22 10:00",
        "=1+1",
        '"',
        "",
        "NaN",
    ]
)
plain = st.text(st.characters(whitelist_categories=("L", "N")), min_size=1, max_size=8)


def degrees(limit):
    """As tables have them, with six decimals."""
    return st.integers(-limit * 10**6, limit * 10**6).map(lambda value: value / 10**6)


headers = ["station", "latitude", "longitude", "timezone", "clock_offset", "start", "end"]


def write(path, header, rows, separator=",", encoding="utf-8"):
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator)
    writer.writerows([header, *rows])
    path.write_bytes(buffer.getvalue().encode(encoding, "replace"))
    return path


def refused(read, path):
    """What is said where a file is refused; None where it is read."""
    try:
        read(path)
    except UserError as error:
        return str(error)
    return None


@given(data=st.binary(max_size=200) | st.binary(max_size=80).map(lambda raw: b"station,name,crop_id\n" + raw))
@settings(FIXED, max_examples=150)
def test_any_bytes_are_read_or_refused_by_name(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(data)
    for read in (read_stations, names.read):
        said = refused(read, path)
        assert said is None or str(path) in said


@given(rows=st.lists(st.lists(cell, min_size=7, max_size=7), max_size=4), separator=st.sampled_from(",;\t"))
@settings(FIXED, max_examples=150)
def test_any_cells_are_read_or_each_wrong_line_is_named(tmp_path_factory, rows, separator):
    path = write(tmp_path_factory.getbasetemp() / "stations.csv", headers, rows, separator)
    said = refused(read_stations, path)
    for line in said.splitlines() if said else []:
        assert str(path) in line


@given(
    found=st.lists(st.tuples(plain, degrees(90), degrees(180)), min_size=1, max_size=5),
    separator=st.sampled_from(",;\t"),
    mark=st.booleans(),
)
@settings(FIXED, max_examples=100)
def test_a_good_table_is_read_whatever_separates_it(tmp_path_factory, found, separator, mark):
    path = write(
        tmp_path_factory.getbasetemp() / "good.csv",
        ["Station", "Latitude", "LONGITUDE"],
        [[name, f"{latitude:.6f}", f"{longitude:.6f}"] for name, latitude, longitude in found],
        separator,
        "utf-8-sig" if mark else "utf-8",
    )
    read = read_stations(path).deployments
    assert [(one.station, one.latitude, one.longitude) for one in read] == found


@given(st.text(max_size=12) | cell)
@settings(FIXED, max_examples=300)
def test_a_coordinate_lies_on_the_globe_or_is_refused(text):
    for kind, limit in (("latitude", 90), ("longitude", 180)):
        try:
            value = parse_coordinate(text, kind)
        except ValueError:
            continue
        assert abs(value) <= limit


@given(st.integers(-400 * 86400, 400 * 86400))
@settings(FIXED, max_examples=100)
def test_an_offset_in_seconds_and_as_hours_is_the_same(seconds):
    sign, size = "-" if seconds < 0 else "+", abs(seconds)
    if size < 1000 * 3600:
        clock = f"{sign}{size // 3600:02d}:{size % 3600 // 60:02d}:{size % 60:02d}"
        assert parse_offset(clock) == parse_offset(str(seconds))
    assert parse_offset(str(seconds)).total_seconds() == seconds
