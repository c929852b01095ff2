import datetime as dt

import pytest

from camtrap.core.errors import ConfigError
from camtrap.metadata.pattern import PathPattern, Told, parse_date, parse_time

NOTEBOOK = r"(?P<station>[A-Z]+-[A-Z])-(?P<day>\d+)-(?P<month>\d+)-(?P<year>\d+)-(?P<hour>\d+)-(?P<minute>\d+)-(?P<label>[A-Za-z]+)\.JPG"


def test_the_notebooks_file_names():
    told = PathPattern(NOTEBOOK).read("card/HS-B-06-10-18-2-45-Agopac.JPG")
    assert told == Told(station="HS-B", datetime=dt.datetime(2018, 10, 6, 2, 45), label="Agopac")
    assert PathPattern(NOTEBOOK).read("card/IMG_0001.JPG") == Told()
    # The other reading, if the owner says so.
    swapped = NOTEBOOK.replace("day", "D").replace("month", "day").replace("D", "month")
    assert PathPattern(swapped).read("HS-B-06-10-18-2-45-Agopac.JPG").datetime == dt.datetime(2018, 6, 10, 2, 45)


@pytest.mark.parametrize(
    "name",
    [
        "HS-B-31-02-18-2-45-Agopac.JPG",
        "HS-B-06-13-18-2-45-Agopac.JPG",
        "HS-B-06-10-18-24-45-Agopac.JPG",
        "HS-B-06-10-18-2-60-Agopac.JPG",
        "HS-B-06-10-218-2-45-Agopac.JPG",
    ],
)
def test_an_impossible_date_is_no_date(name):
    told = PathPattern(NOTEBOOK).read(name)
    assert (told.station, told.datetime, told.label) == ("HS-B", None, "Agopac")


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2018-10-06", dt.date(2018, 10, 6)),
        ("2018_10_6", dt.date(2018, 10, 6)),
        ("20181006", dt.date(2018, 10, 6)),
        ("25-10-2018", dt.date(2018, 10, 25)),
        ("10.25.2018", dt.date(2018, 10, 25)),
        ("10-10-2018", dt.date(2018, 10, 10)),
        ("06-10-2018", None),
        ("06-10-18", None),
        ("25-13-2018", None),
        ("2018-02-30", None),
        ("18101006", None),
        ("today", None),
    ],
)
def test_a_date_of_two_meanings_is_none(text, date):
    assert parse_date(text) == date


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2-45", dt.time(2, 45)),
        ("0245", dt.time(2, 45)),
        ("024510", dt.time(2, 45, 10)),
        ("02:45:10", dt.time(2, 45, 10)),
        ("05-07-00", dt.time(5, 7)),
        ("245", None),
        ("25:00", None),
        ("12:00:61", None),
        ("noon", None),
    ],
)
def test_times(text, time):
    assert parse_time(text) == time


def test_date_and_time_groups():
    pattern = PathPattern(r"(?P<station>\w+?)__(?P<date>[\d-]+)__(?P<time>[\d-]+)_(?P<sequence>\d+)\.JPG")
    told = pattern.read("StationB/StationB__2009-04-28__17-48-00_3.JPG")
    assert told == Told("StationB", dt.datetime(2009, 4, 28, 17, 48), None, 3)


def test_a_day_without_a_time_or_a_time_without_a_day_is_no_datetime():
    assert PathPattern(r"(?P<date>\d{8})").read("20181006.jpg").datetime is None
    assert PathPattern(r"(?P<hour>\d\d)h(?P<minute>\d\d)").read("12h30.jpg").datetime is None


def test_coordinates_come_in_pairs():
    pattern = PathPattern(r"(?P<latitude>[\d.]+[NS])(?:_(?P<longitude>[\d.]+[EW]))?")
    told = pattern.read("0.63242S_76.1W/a.jpg")
    assert (told.latitude, told.longitude) == (-0.63242, -76.1)
    assert pattern.read("0.63242S/a.jpg") == Told()


def test_month_names():
    pattern = PathPattern(r"(?P<day>\d+)(?P<month>[A-Za-z]+)(?P<year>\d+)_(?P<time>\d+)")
    assert pattern.read("06Oct2018_0245.jpg").datetime == dt.datetime(2018, 10, 6, 2, 45)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?P<station>", "not a regular expression"),
        ("[a-z]+", "no named group"),
        ("(?P<species>[a-z]+)", "'species' is not known; known: date, day"),
    ],
)
def test_wrong_patterns_are_refused(pattern, words):
    with pytest.raises(ConfigError, match=words):
        PathPattern(pattern)
