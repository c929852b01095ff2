import datetime as dt

import pytest

from camtrap.core.errors import ConfigError, TableError
from camtrap.metadata.deployments import read_stations
from camtrap.metadata.stations import compile_station_pattern, station_of, visit_of
from camtrap.metadata.when import day_first, parse_coordinate, parse_offset, parse_when, parse_zone


def table(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "stations.csv"
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize(
    ("text", "kind", "degrees"),
    [
        ("-0.63", "latitude", -0.63),
        ("+12", "latitude", 12),
        ("0.63242S", "latitude", -0.63242),
        ("S 0.63242", "latitude", -0.63242),
        ("76°08'30\"W", "longitude", -(76 + 8 / 60 + 30 / 3600)),
        ("76º 08’ 30.5” O", "longitude", -(76 + 8 / 60 + 30.5 / 3600)),
        ("76 8.5 w", "longitude", -(76 + 8.5 / 60)),
        ("−76,1417", "longitude", -76.1417),
        ("-0°30'", "latitude", -0.5),
        ("180E", "longitude", 180),
        ("0", "latitude", 0),
    ],
)
def test_coordinates(text, kind, degrees):
    assert parse_coordinate(text, kind) == pytest.approx(degrees, abs=1e-8)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "latitude"),
        ("north", "latitude"),
        ("0.6W", "latitude"),
        ("0.6N", "longitude"),
        ("-0.6S", "latitude"),
        ("91", "latitude"),
        ("181", "longitude"),
        ("76 61 0", "longitude"),
        ("76.5 30 0", "longitude"),
        ("1 2 3 4", "longitude"),
        ("1,234,567", "longitude"),
        ("nan", "latitude"),
    ],
)
def test_what_is_no_coordinate(text, kind):
    with pytest.raises(ValueError, match=f"is not a {kind}"):
        parse_coordinate(text, kind)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 0), ("3600", 3600), ("-90.5", -90.5), ("+01:00", 3600), ("-00:00:30", -30), ("1 02:00:00", 93600)],
)
def test_offsets(text, seconds):
    assert parse_offset(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["1h", "01:60", "late", "1:2:3:4"])
def test_what_is_no_offset(text):
    with pytest.raises(ValueError, match="clock offset"):
        parse_offset(text)


def test_deployments_of_a_station(tmp_path):
    stations = read_stations(
        table(
            tmp_path,
            "Station,Latitude,Longitude,Time zone,Clock offset,Start,End,Remark\n"
            "A,0.63242S,76°08'30\"W,America/Guayaquil,0,2019-01-01,2019-02-01,ridge\n"
            "A,-0.7,-76.2,-05:00,+01:00:00,2019-02-02 12:00:00,2019-03-01,moved\n"
            "\n"
            "B,,,,,,,\n",
        )
    )
    first = stations.find("A", dt.datetime(2019, 2, 1, 23, 59))
    assert (first.latitude, first.offset) == (pytest.approx(-0.63242), dt.timedelta(0))
    assert first.timezone == "America/Guayaquil"
    assert not first.distance(dt.datetime(2019, 2, 1, 23, 59))
    # 11:30 by a camera that is an hour late is 12:30: inside the second deployment.
    second = stations.find("A", dt.datetime(2019, 2, 2, 11, 30))
    assert (second.latitude, second.offset) == (-0.7, dt.timedelta(hours=1))
    assert not second.distance(dt.datetime(2019, 2, 2, 11, 30))
    assert second.distance(dt.datetime(2019, 3, 1, 23, 30)) > dt.timedelta(0)
    # Outside both: the nearest.
    assert stations.find("A", dt.datetime(2018, 12, 31)) == first
    assert stations.find("A", dt.datetime(2020, 1, 1)) == second
    # Without a time two places say nothing of where it stood.
    assert stations.find("A", None).latitude is None
    assert stations.find("B", None).latitude is None
    assert stations.find("C", None) is None
    assert stations.find(None, None) is None


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (
            "deploymentID;locationID;latitude;longitude;deploymentStart\nx;A;1,5;-2,5;2019-01-01T00:00:00-0500\n",
            "utf-8",
        ),
        ("STATION\tlat\tlon\nA\t1.5\t2.5W\n", "utf-8-sig"),
        ("site_name,Site,x,y\nnope,A,-2.5,1.5\n", "utf-8"),
    ],
)
def test_headers_of_other_tools(tmp_path, text, encoding):
    found = read_stations(table(tmp_path, text, encoding)).find("A", None)
    assert (found.latitude, found.longitude) == (1.5, -2.5)


def test_each_bad_row_has_its_line(tmp_path):
    path = table(
        tmp_path,
        "station,latitude,longitude,time zone,clock offset,start,end\n"
        "A,95,1,,,,\n"
        "B,1,2,,,2019-01-01,2019-01-31\n"
        "C,1,,,,,\n"
        ",1,2,,,,\n"
        "D,1,2,Mars/Olympus,,,\n"
        "E,1,2,,soon,,\n"
        "F,1,2,,,01/02/2019,\n"
        "G,1,2,,,2019-02-01,2019-01-01\n",
    )
    with pytest.raises(TableError) as caught:
        read_stations(path)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == [f"line {n}" for n in (2, 4, 5, 6, 7, 8, 9)]
    for line, word in zip(
        lines, ["95", "both", "empty", "Mars", "soon", "01/02/2019", "before it starts"], strict=True
    ):
        assert word in line


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("station,latitude\n", "there is nothing below its first line"),
        ("", "no column 'station'"),
        ("name,lat\nA,1\n", "no column 'station'"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, text, word):
    with pytest.raises(TableError, match=word):
        read_stations(table(tmp_path, text))
    with pytest.raises(TableError, match="no such file"):
        read_stations(tmp_path / "gone.csv")


@pytest.mark.parametrize(
    ("path", "station"),
    [
        ("card1/StationA/DCIM/100RECNX/IMG_0001.JPG", "StationA"),
        ("card1/StationA/100_BTCF/IMG_0001.JPG", "StationA"),
        ("card1/StationA/101EK113/a.jpg", "StationA"),
        ("card1/StationA/DCIM/100MEDIA/a.jpg", "StationA"),
        ("card1/StationA/100DSCIM/a.jpg", "StationA"),
        ("card1/StationA/dcim/100cuddy/a.jpg", "StationA"),
        ("card1/StationA/2019-03-16/a.jpg", "StationA"),
        ("StationA/a.jpg", "StationA"),
        ("card1/DCIM/100RECNX/a.jpg", "card1"),
        ("DCIM/100RECNX/a.jpg", None),
        ("a.jpg", None),
        ("card1/HS-B-06/a.jpg", "HS-B-06"),
        ("card1/100/a.jpg", "100"),
        ("card1/CT201/a.jpg", "CT201"),
        ("card1/12345678/a.jpg", "12345678"),
        ("card1/StationA/100_0316/a.jpg", "StationA"),
        ("card1/StationA/DCIM (2)/100EK113/a.jpg", "StationA"),
        ("card1/StationA/DCIM - Copy/a.jpg", "StationA"),
        ("card1/StationA/DCIM - Copia (3)/a.jpg", "StationA"),
        ("card1/StationA/Copy of DCIM/a.jpg", "StationA"),
        ("card1/StationA/DCIM copy 2/a.jpg", "StationA"),
        ("card1/StationA/DCIM_02/101EK113/a.jpg", "StationA"),
        ("card1/StationA/100MEDIA (1)/a.jpg", "StationA"),
        ("card1/StationA/100RECNX (another copy)/a.jpg", "StationA"),
        ("card1/Ridge (2)/a.jpg", "Ridge (2)"),
        ("card1/123NORTH/a.jpg", "123NORTH"),
        ("card1/305SOUTH/DCIM/100RECNX/a.jpg", "305SOUTH"),
        ("card1/StationA/123RECNX/a.jpg", "StationA"),
        ("card1/StationA/105ABCDE/a.jpg", "StationA"),
        ("card1/StationA/DCIM/123ABCDE/a.jpg", "StationA"),
        ("card1/Copy of Ridge/a.jpg", "Copy of Ridge"),
    ],
)
def test_station_from_the_folder(path, station):
    assert station_of(path) == station


def test_station_by_level_and_pattern():
    path = "card1/North/DCIM/100RECNX/NW2_0001.JPG"
    assert [station_of(path, level) for level in range(1, 7)] == ["card1", "North", None, None, None, None]
    pattern = compile_station_pattern(r"/(?P<station>[A-Z]+\d)_\d+\.JPG$")
    assert station_of(path, 2, pattern) == "NW2"
    assert station_of("card1/North/other.jpg", 2, pattern) is None
    with pytest.raises(ConfigError, match="not a regular expression"):
        compile_station_pattern("(?P<station>")
    with pytest.raises(ConfigError, match="named group"):
        compile_station_pattern("([^/]+)/")


def test_a_visit_is_what_was_copied_together():
    same = ["v1/A/DCIM/100RECNX/a.jpg", "v1/A/DCIM/101RECNX/a.jpg"]
    assert len({visit_of(path) for path in same}) == 1
    other = [
        *same,
        "v2/A/DCIM/100RECNX/a.jpg",
        "v1/A/DCIM (2)/100RECNX/a.jpg",
        "v1/123NORTH/a.jpg",
        "v1/305SOUTH/a.jpg",
    ]
    assert len({visit_of(path) for path in other}) == 5


CAMTRAP_DP = (
    "deploymentID,locationID,locationName,latitude,longitude,deploymentStart,deploymentEnd\n"
    "d1,L1,Ridge,42.5,-1.5,2020-05-30T02:57:37Z,2020-07-01T09:41:41+02:00\n"
)
WILDLIFE_INSIGHTS = (
    "project_id,deployment_id,placename,longitude,latitude,start_date,end_date\n"
    "1,d1,Ridge,-1.5,42.5,2020-05-30 00:00:00,2020-07-01 00:00:00\n"
)
CAMTRAPR = (
    "Station,Setup_date,Retrieval_date,Problem1_from,Problem1_to\nRidge,30/05/2020,01/07/2020,05/06/2020,08/06/2020\n"
)


@pytest.mark.parametrize(
    ("text", "names", "start", "end"),
    [
        (CAMTRAP_DP, ["L1", "Ridge", "d1"], (2020, 5, 30, 2, 57, 37), (2020, 7, 1, 9, 41, 41)),
        (WILDLIFE_INSIGHTS, ["Ridge", "d1"], (2020, 5, 30), (2020, 7, 1, 23, 59, 59, 999999)),
        (CAMTRAPR, ["Ridge", "ridge", "RIDGE "], (2020, 5, 30), (2020, 7, 1, 23, 59, 59, 999999)),
    ],
    ids=["Camtrap DP", "Wildlife Insights", "camtrapR"],
)
def test_tables_of_other_programs(tmp_path, text, names, start, end):
    stations = read_stations(table(tmp_path, text))
    for name in names:
        found = stations.find(name, dt.datetime(2020, 6, 1))
        assert (found.start, found.end) == (dt.datetime(*start), dt.datetime(*end))


def test_in_camtrapr_the_camera_did_not_work_between_two_days(tmp_path):
    found = read_stations(table(tmp_path, CAMTRAPR)).find("Ridge", None)
    times = [dt.datetime(2020, 6, day, 12) for day in (4, 5, 6, 7, 8)]
    assert [bool(found.outside(time)) for time in times] == [False, False, True, True, False]
    assert found.outside(times[2]) == (
        "2020-06-06 12:00:00 is in a time when the camera did not work, 2020-06-05 23:59:59 to 2020-06-08 00:00:00"
    )
    assert found.outside(dt.datetime(2020, 7, 2)) == (
        "2020-07-02 00:00:00 is after the end of its deployment, 2020-07-01 23:59:59"
    )


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (["01/02/2019", "16/03/2019"], dt.datetime(2019, 2, 1)),
        (["01/02/2019", "03/16/2019"], dt.datetime(2019, 1, 2)),
        (["1.2.2019", "16.3.2019"], dt.datetime(2019, 2, 1)),
        (["1/2/2019 2:18 PM", "3/16/2019 12:05 AM"], dt.datetime(2019, 1, 2, 14, 18)),
        (["2019/02/01 14:18"], dt.datetime(2019, 2, 1, 14, 18)),
        (["02-02-2019"], dt.datetime(2019, 2, 2)),
    ],
)
def test_dates_of_spreadsheets(dates, first):
    assert parse_when(dates[0], "start", day_first(dates)) == first


def test_a_date_with_two_meanings_is_refused():
    for dates in (["01/02/2019"], ["16/03/2019", "03/16/2019", "01/02/2019"]):
        with pytest.raises(ValueError, match="can be read in two ways"):
            parse_when(dates[-1], "start", day_first(dates))
    assert day_first(["01/02/2019"], camtrapr=True)


def test_a_time_with_an_offset_is_put_into_the_zone_of_its_station():
    assert parse_when("2020-05-30T02:57:37Z", "start", None, parse_zone("-05:00")) == dt.datetime(
        2020, 5, 29, 21, 57, 37
    )


def test_names_that_differ_in_case_and_hyphens_are_one(tmp_path):
    stations = read_stations(table(tmp_path, "station\nSt07\nST08\nA-1\nA1\nB 2\n"))
    assert [stations.known(name) for name in ("St-07", "st08", "a_1", "A1", "b2", "C")] == [
        "St07",
        "ST08",
        None,
        "A1",
        "B 2",
        None,
    ]
    assert stations.without_pictures(["St-07", "A1", None]) == ["ST08", "A-1", "B 2"]


def test_a_folder_that_the_table_names_is_the_station(tmp_path):
    stations = read_stations(table(tmp_path, "station\n123NORTH\nRidge\nCreek\n"))
    assert stations.name_of("visit1", "visit1/123NORTH/a.jpg") == "123NORTH"
    assert stations.name_of("May", "card/Ridge/May/a.jpg") == "Ridge"
    assert stations.name_of("Ridge", "card/Creek/Ridge/a.jpg") == "Ridge"
    assert stations.name_of("May", "Creek/Ridge/May/a.jpg") == "May"


def test_a_row_may_speak_of_one_card(tmp_path):
    text = "station,card,clock offset\nA,visit1,7427 00:00:00\nA,visit2,7527 00:00:00\nB,,60\n"
    stations, time = read_stations(table(tmp_path, text)), dt.datetime(2000, 1, 1)
    assert stations.find("A", time, "visit1/A/a.jpg").offset.days == 7427
    assert stations.find("A", time, "visit2/A/a.jpg").offset.days == 7527
    assert stations.find("B", time, "visit2/B/a.jpg").offset.seconds == 60


@pytest.mark.parametrize("text", ["99999999999 00:00:00", "9" * 400, "-99999999999"])
def test_no_clock_is_wrong_by_more_than_a_century(text):
    with pytest.raises(ValueError, match="clock offset"):
        parse_offset(text)
