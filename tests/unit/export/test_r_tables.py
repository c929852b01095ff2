"""Tables for R on the survey of test_camtrap_dp, by hand: A worked from 30 April to 20 May but for 6 and 7 May."""

import csv
import datetime as dt
import math

import pytest
from surveytables import crop, picture, write
from test_camtrap_dp import ABOUT, STATIONS, read, survey

from camtrap.export import darwin_core, r_tables, walk
from camtrap.export.records import Survey
from camtrap.export.sun import by_clock, by_sun
from camtrap.metadata.deployments import read_stations


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("r")
    (folder / "stations.csv").write_text(STATIONS)
    stations = read_stations(folder / "stations.csv")
    species = folder / "species.csv"
    species.write_text("scientific,eng,rank,class\nLeopardus pardalis,ocelot,species,Mammalia\n")
    files = write(folder / "tables", survey(), bound={"Tapir": 0.9})
    whole = Survey(**files, species=species, zone="-05:00")
    r_tables.export(whole, stations, folder / "r", 7)
    darwin_core.export(whole, stations, folder / "dwc.csv", ABOUT)
    return folder


def test_a_record_is_a_species_in_an_event(made):
    rows = read(made / "r" / "record_table.csv")
    assert [(row["Station"], row["Species"], row["DateTimeOriginal"], row["count"], row["how"]) for row in rows] == [
        ("A", "Ocelot", "2024-05-01 10:00:00", "2", "looked at"),
        ("A", "Tapir", "2024-05-01 10:00:30", "1", "cluster"),
        ("B", "Tapir", "2024-05-01 12:00:00", "2", "cluster"),
    ]
    assert (rows[0]["Directory"], rows[0]["FileName"], rows[0]["scientific"]) == (
        "card1/A",
        "1.jpg",
        "Leopardus pardalis",
    )
    assert float(rows[2]["clock_rad"]) == pytest.approx(math.pi, abs=1e-6)
    assert {row["path"]: row["reason"] for row in read(made / "r" / "left_out.csv")} == {
        "card1/A/5.jpg": "its time is not known",
        "card1/A/6.jpg": "its clock cannot be trusted: epoch",
        "card1/A/7.jpg": "it could not be used",
    }


def test_the_operation_is_by_the_table_where_it_says_so_and_problems_are_kept(made):
    with open(made / "r" / "camera_operation.csv", newline="") as file:
        header, *rows = csv.reader(file)
    days = header[1:]
    assert days == [(dt.date(2024, 4, 30) + dt.timedelta(n)).isoformat() for n in range(21)]
    worked = {station: dict(zip(days, row, strict=True)) for station, *row in rows}
    assert [day for day, value in worked["A"].items() if value != "1"] == ["2024-05-06", "2024-05-07"]
    assert worked["A"]["2024-05-06"] == "0"
    # B by its pictures: the least that is sure
    assert [day for day, value in worked["B"].items() if value == "1"] == ["2024-05-01", "2024-05-02", "2024-05-03"]
    assert worked["B"]["2024-05-04"] == "NA"
    assert sum(value == "1" for value in worked["C"].values()) == 10


def test_effort_and_detection_history(made):
    effort = {row["Station"]: [row["o1"], row["o2"], row["o3"]] for row in read(made / "r" / "effort.csv")}
    # from 30 April: days 1 to 7 with one of the problem's, 8 to 14 with the other, 15 to 21
    assert effort == {"A": ["6", "6", "7"], "B": ["3", "0", "0"], "C": ["6", "4", "0"]}
    history = {
        (row["Species"], row["Station"]): [row["o1"], row["o2"], row["o3"]]
        for row in read(made / "r" / "detection_history.csv")
    }
    assert history == {
        ("Ocelot", "A"): ["1", "0", "0"],
        ("Ocelot", "B"): ["0", "NA", "NA"],
        ("Ocelot", "C"): ["0", "0", "NA"],
        ("Tapir", "A"): ["1", "0", "0"],
        ("Tapir", "B"): ["1", "NA", "NA"],
        ("Tapir", "C"): ["0", "0", "NA"],
    }
    spans = [(row["first"], row["last"]) for row in read(made / "r" / "occasions.csv")]
    assert spans == [("2024-04-30", "2024-05-06"), ("2024-05-07", "2024-05-13"), ("2024-05-14", "2024-05-20")]


def test_deployments_say_who_tells_their_dates(made):
    rows = {row["deployment"]: row for row in read(made / "r" / "deployments.csv")}
    assert (rows["card1/A"]["source"], rows["card1/A"]["days"], rows["card1/A"]["days_with_pictures"]) == (
        "stations table",
        "6",
        "4",
    )
    assert (rows["card1/B"]["source"], rows["card1/B"]["days"], rows["card1/B"]["days_with_pictures"]) == (
        "pictures",
        "3",
        "2",
    )
    assert (rows["C"]["pictures"], rows["card1/A"]["clock_doubtful"]) == ("0", "TRUE")


def test_without_decisions_there_are_no_records_but_the_operation(tmp_path):
    files = write(tmp_path / "t", [picture("card/A/1.jpg", "2024-05-01T10:00:00", (crop(),))], decided=False)
    r_tables.export(Survey(**files), None, tmp_path / "r", 7)
    assert read(tmp_path / "r" / "record_table.csv") == []
    assert read(tmp_path / "r" / "camera_operation.csv") == [{"Station": "A", "2024-05-01": "1"}]
    files = write(tmp_path / "n", [picture("card/A/1.jpg")], decided=False)
    r_tables.export(Survey(**files), None, tmp_path / "r", 7)
    assert read(tmp_path / "r" / "effort.csv") == []


def test_darwin_core_has_a_row_for_each_species_and_event(made):
    rows = read(made / "dwc.csv")
    assert len({row["occurrenceID"] for row in rows}) == len(rows) == 4
    ocelot = next(row for row in rows if row["scientificName"] == "Leopardus pardalis")
    assert (ocelot["vernacularName"], ocelot["class"], ocelot["individualCount"]) == ("ocelot", "Mammalia", "2")
    assert ocelot["eventDate"] == "2024-05-01T10:00:00-05:00/2024-05-01T10:00:30-05:00"
    assert (ocelot["identificationVerificationStatus"], ocelot["identifiedBy"]) == ("verified", "ana")
    doubtful = [row for row in rows if not row["eventDate"]]
    assert [row["identificationRemarks"].rpartition("; ")[2] for row in doubtful] == [
        "the camera's clock cannot be trusted"
    ]


def test_hours_by_the_clock_and_by_the_sun():
    zone = dt.timezone(dt.timedelta(hours=-5))
    assert by_clock(dt.datetime(2024, 5, 1, 6)) == pytest.approx(math.pi / 2)
    # Quito, 20 March 2024: almanacs give sunrise 06:17 and sunset 18:24 (UTC-5)
    rise, noon, fall = (
        by_sun(dt.datetime(2024, 3, 20, hour, minute, tzinfo=zone), -0.18, -78.47)
        for hour, minute in ((6, 17), (12, 21), (18, 24))
    )
    assert rise == pytest.approx(math.pi / 2, abs=0.01)
    assert noon == pytest.approx(math.pi, abs=0.01)
    assert fall == pytest.approx(3 * math.pi / 2, abs=0.01)
    midnight = by_sun(dt.datetime(2024, 3, 20, 0, 21, tzinfo=zone), -0.18, -78.47)
    assert min(midnight, 2 * math.pi - midnight) == pytest.approx(0, abs=0.01)


def test_by_the_sun_the_longest_day_is_as_long_as_any_other():
    zone = dt.timezone(dt.timedelta(hours=2))
    # Berlin, 21 June 2024: sunrise 04:43, sunset 21:33
    assert by_sun(dt.datetime(2024, 6, 21, 4, 43, tzinfo=zone), 52.52, 13.405) == pytest.approx(math.pi / 2, abs=0.01)
    assert by_sun(dt.datetime(2024, 6, 21, 21, 33, tzinfo=zone), 52.52, 13.405) == pytest.approx(
        3 * math.pi / 2, abs=0.01
    )


def test_no_hour_by_the_sun_without_a_zone_a_place_or_a_sunrise():
    time = dt.datetime(2024, 6, 21, 12, tzinfo=dt.UTC)
    assert by_sun(time.replace(tzinfo=None), 0, 0) is None
    assert by_sun(time, None, None) is None
    assert by_sun(time, 78.2, 15.6) is None  # Svalbard in summer


def test_a_station_may_have_rows_with_and_without_a_time_zone(tmp_path):
    (tmp_path / "stations.csv").write_text("station,card,tz\nA,card1,-05:00\nA,card2,\n")
    pictures = [
        picture("card1/A/1.jpg", "2024-05-01T10:00:00", (crop("tapir"),), timestamp="2024-05-01T10:00:00-05:00"),
        picture("card2/A/1.jpg", "2024-05-02T10:00:00", (crop("tapir"),)),
    ]
    files = write(tmp_path / "t", pictures)
    r_tables.export(Survey(**files), read_stations(tmp_path / "stations.csv"), tmp_path / "r", 7)
    rows = read(tmp_path / "r" / "record_table.csv")
    assert [(row["delta.time.hours"], row["utc_offset"]) for row in rows] == [("0.0", "UTC-05:00"), ("24.0", "NA")]


def test_what_is_packed_when_events_are_many_changes_no_table(made, tmp_path, monkeypatch):
    monkeypatch.setattr(walk, "_MOST", 1)
    tables = {name: made / "tables" / f"{name}.parquet" for name in ("images", "crops", "labels")}
    info = made / "tables" / "labels.json"
    whole = Survey(**tables, label_info=info, species=made / "species.csv", zone="-05:00")
    stations = read_stations(made / "stations.csv")
    r_tables.export(whole, stations, tmp_path / "r", 7)
    darwin_core.export(whole, stations, tmp_path / "dwc.csv", ABOUT)
    for path in (*(made / "r").iterdir(), made / "dwc.csv"):
        assert (tmp_path / path.relative_to(made)).read_bytes() == path.read_bytes(), path.name
