"""Clocks as the collected pictures show them: corrected, flagged with both times, and never joined across visits."""

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

from camtrap.collect.clocks import plain, settle
from camtrap.metadata.deployments import Deployment, Stations
from camtrap.metadata.stations import visit_of

NOW = dt.datetime(2026, 11, 26)
DAY = dt.datetime(2020, 5, 1, 10)
HOUR = dt.timedelta(hours=1)


def collected(*rows, stations=None, written=None):
    """Rows of (path, datetime, clock by the index, extra columns)."""
    columns = {"station": "A", "latitude": None, "longitude": None, "make": None, "model": None, "serial": None}
    table = pd.DataFrame(
        [
            {"path": path, "datetime": time, "clock": flag, "shard": "s", "video": None, "frame_time": None}
            | columns
            | (extra[0] if extra else {})
            for path, time, flag, *extra in rows
        ]
    )
    table["datetime"] = table["datetime"].astype("datetime64[us]")
    table["visit"] = [visit_of(video or path) for video, path in zip(plain(table["video"]), table["path"], strict=True)]
    settle(table, Stations(stations) if stations else None, lambda shard: written or {}, NOW)
    return table.set_index("path")


def test_a_corrected_time_is_judged_after_the_correction():
    set_never, wrong = Deployment("A", offset=dt.timedelta(days=7427, hours=8)), Deployment("A", offset=-20 * HOUR)
    start = dt.datetime(2000, 1, 1)
    found = collected(("v/A/a.jpg", start, "epoch"), stations=[set_never]).loc["v/A/a.jpg"]
    assert (found["datetime"], found["clock"], found["clock_reason"]) == (dt.datetime(2020, 5, 2, 8), None, None)
    found = collected(("v/A/a.jpg", start + 5 * HOUR, "epoch"), stations=[wrong]).loc["v/A/a.jpg"]
    assert (found["datetime"], found["clock"]) == (start - 15 * HOUR, "epoch")
    found = collected(("v/A/a.jpg", NOW + 2000 * HOUR, "future"), stations=[Deployment("A", offset=-3000 * HOUR)])
    assert found["clock"].tolist() == [None]
    found = collected(("v/A/a.jpg", DAY, None), stations=[Deployment("A", offset=100_000 * HOUR)])
    assert found["clock"].tolist() == ["future"]


@pytest.mark.parametrize(
    ("time", "flag", "mtime", "clock", "reason"),
    [
        (DAY, None, None, None, None),
        (
            dt.datetime(2034, 5, 1, 10),
            None,
            None,
            "future",
            "2034-05-01 10:00:00 was still to come when this was worked out",
        ),
        (
            dt.datetime(2000, 1, 1, 0, 0, 10),
            "epoch",
            dt.datetime(2020, 7, 26, 4),
            "epoch",
            "2000-01-01 00:00:10 is of a day from which clocks count that were never set; the file is of 2020-07-26 04:00:00",
        ),
        (
            DAY,
            "epoch",
            dt.datetime(2019, 1, 1),
            "epoch",
            "2020-05-01 10:00:00 is after the time of the file itself, 2019-01-01 00:00:00",
        ),
        (DAY, "epoch", None, "epoch", "2020-05-01 10:00:00 is after the time of the file itself"),
    ],
)
def test_a_doubtful_clock_says_why_with_both_times(time, flag, mtime, clock, reason):
    ns = {"v/A/a.jpg": int((mtime - dt.datetime(1970, 1, 1)).total_seconds()) * 10**9} if mtime else {}
    found = collected(("v/A/a.jpg", time, flag), written=ns).loc["v/A/a.jpg"]
    assert (found["clock"], found["clock_reason"]) == (clock, reason)


def test_a_picture_outside_its_deployment_says_of_which_bound():
    found = collected(("v/A/a.jpg", DAY, None), stations=[Deployment("a", start=DAY + HOUR)]).loc["v/A/a.jpg"]
    assert (found["clock"], found["clock_reason"]) == (
        "outside deployment",
        "2020-05-01 10:00:00 is before the start of its deployment, 2020-05-01 11:00:00",
    )


def test_a_jump_names_the_picture_that_it_contradicts():
    hours = [0, 1, 2, 3, 4, 5, 2, 7, 8, 9]
    found = collected(*((f"v/A/I_{n:04d}.jpg", DAY + hour * HOUR, None) for n, hour in enumerate(hours)))
    flagged = found[found["clock"].notna()]
    assert flagged["clock"].to_dict() == {"v/A/I_0006.jpg": "jumps back"}
    assert flagged["clock_reason"].tolist() == ["2020-05-01 12:00:00 does not fit 2020-05-01 15:00:00 of I_0005.jpg"]


def test_a_clock_that_began_anew_on_one_card_is_two_sessions():
    start, second = dt.datetime(2000, 1, 1), dt.timedelta(seconds=1)
    times = [
        start,
        start + 90 * second,
        DAY,
        start + second,
        start + 2 * second,
        start + 500 * second,
        start + 3 * second,
    ]
    rows = [(f"v/A/I_{n}.jpg", time, "epoch" if time < DAY else None) for n, time in enumerate(times, 8)]
    assert collected(*reversed(rows))["session"].tolist()[::-1] == [1, 1, 0, 2, 2, 2, 3]


def test_a_time_that_fits_two_corrections_is_not_trusted():
    """A clock that begins anew at each visit, and a table that says by how much it was wrong at each."""
    day = dt.timedelta(days=1)
    start, first, second = dt.datetime(2000, 1, 1, 8), dt.datetime(2020, 5, 1), dt.datetime(2020, 8, 1)
    rows = [
        Deployment("A", offset=begin - start, start=begin, end=begin + 30 * day, batch=batch, line=line)
        for line, begin, batch in ((2, first, "v1"), (3, second, "v2"))
    ]
    pictures = [(f"v{n}/A/a.jpg", start + day, "epoch") for n in (1, 2)]
    found = collected(*pictures, stations=rows)
    assert found["datetime"].tolist() == [first + day, second + day]
    assert found["clock"].tolist() == [None, None]
    found = collected(*pictures, stations=[replace(row, batch=None) for row in rows])
    assert found["clock"].tolist() == ["two deployments"] * 2
    assert (
        found["clock_reason"].tolist()[1].startswith("2000-01-02 08:00:00 fits lines 2 and 3 of the table of stations")
    )


def video(path, start, number=0):
    return (
        f"{path}/frame{number:06d}.jpg",
        start + dt.timedelta(seconds=number),
        None,
        {"video": path, "frame_time": float(number)},
    )


def test_times_of_videos_are_utc_where_the_zone_is_known():
    utc = DAY + 5 * HOUR
    rows = [video("v/A/x.MP4", utc), video("v/A/x.MP4", utc, 3), video("v/A/y.AVI", utc), ("v/A/a.jpg", DAY, None)]
    found = collected(*rows, stations=[Deployment("A", timezone="America/Guayaquil")])
    assert found["datetime"].tolist() == [DAY, DAY + dt.timedelta(seconds=3), utc, DAY]
    assert found["timestamp"].tolist() == [
        "2020-05-01T10:00:00-05:00",
        "2020-05-01T10:00:03-05:00",
        "2020-05-01T15:00:00-05:00",
        "2020-05-01T10:00:00-05:00",
    ]
    found = collected(*rows, stations=[Deployment("A")])
    assert found["datetime"].tolist()[0] == utc
    assert found["timestamp"].tolist() == [None] * 4


@pytest.mark.parametrize(("written", "local"), [(DAY, DAY), (DAY + 5 * HOUR, DAY)], ids=["local time", "UTC"])
def test_pictures_of_the_same_triggers_tell_whether_videos_are_local(written, local):
    minute = dt.timedelta(minutes=1)
    rows = [
        row
        for n in (1, 3)
        for row in ((f"v/A/I_{n}.JPG", DAY + n * minute, None), video(f"v/A/I_{n + 1}.MP4", written + n * minute))
    ]
    found = collected(*rows, stations=[Deployment("A", timezone="-05:00")])
    assert found["datetime"].tolist() == [local + n * minute for n in (1, 1, 3, 3)]


def test_an_offset_counts_for_videos_after_their_zone():
    found = collected(
        video("v/A/x.mov", DAY + 5 * HOUR), stations=[Deployment("A", timezone="-05:00", offset=2 * HOUR)]
    )
    assert found["datetime"].tolist() == [DAY + 2 * HOUR]
    assert found["timestamp"].tolist() == ["2020-05-01T12:00:00-05:00"]


def test_summer_time_counts_by_the_date():
    rows = [("v/A/a.jpg", dt.datetime(2020, 1, 1), None), ("v/A/b.jpg", dt.datetime(2020, 7, 1), None)]
    found = collected(*rows, stations=[Deployment("A", timezone="Europe/Berlin")])
    assert found["timestamp"].tolist() == ["2020-01-01T00:00:00+01:00", "2020-07-01T00:00:00+02:00"]


def test_an_hour_that_the_clock_had_twice_or_never_has_the_offset_before_the_change():
    """25 October 2020, 2:30 twice; 29 March 2020, 2:30 never, in Berlin."""
    twice, never = dt.datetime(2020, 10, 25, 2, 30), dt.datetime(2020, 3, 29, 2, 30)
    rows = [("v/A/a.jpg", never, None), ("v/A/b.jpg", twice, None), ("v/A/c.jpg", twice + HOUR, None)]
    found = collected(*rows, stations=[Deployment("A", timezone="Europe/Berlin")])
    assert found["timestamp"].tolist() == [
        "2020-03-29T02:30:00+01:00",
        "2020-10-25T02:30:00+02:00",
        "2020-10-25T03:30:00+01:00",
    ]
