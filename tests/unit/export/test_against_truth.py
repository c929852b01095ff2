"""Records, effort and detection history of a simulated survey of two cards, counted anew from its plan for each species.

Only the tables are made of the plan, no picture is drawn.
"""

import datetime as dt
from collections import defaultdict

import pandas as pd
import pytest
from surveytables import crop, picture, write
from test_camtrap_dp import read

from camtrap.collect.bursts import group_in_time
from camtrap.export import r_tables
from camtrap.export.records import Survey
from camtrap.simulate import survey

GAP, LENGTH = dt.timedelta(minutes=30), 10


@pytest.fixture(scope="module")
def shots():
    """All pictures of two cards: (card, station, time, kind), by station and time."""
    visits = [one for card in (1, 2) for one in survey.plan(3, card, 4, 400, False, False, 0)]
    found = [
        (one.card, survey.station_name(one.station), one.start + dt.timedelta(seconds=number), one.kind)
        for one in visits
        for number in range(one.shots)
    ]
    return sorted(found, key=lambda shot: (shot[1], shot[2]))


@pytest.fixture(scope="module")
def made(shots, tmp_path_factory):
    folder = tmp_path_factory.mktemp("truth")
    pictures = []
    for number, (card, station, time, kind) in enumerate(shots):
        crops = () if kind is None else (crop(category="person") if kind == "person" else crop(kind),)
        pictures.append(
            picture(f"card{card}/{station}/DCIM/100RECNX/{number:05d}.JPG", time.isoformat(), crops, station=station)
        )
    table = pd.DataFrame(pictures).assign(video=None, sequence=None, camera="")
    table["image_id"] = [f"{number:012d}" for number in range(len(table))]
    events = group_in_time(table, GAP.total_seconds())
    for one, event in zip(pictures, events, strict=True):
        one["event"] = event
    r_tables.export(Survey(**write(folder / "tables", pictures)), None, folder, LENGTH)
    return folder


def independent(shots, kind):
    """Detections of a kind: its first picture after each pause of a station, from the plan alone."""
    found, before, seen = [], None, False
    for _, station, time, what in shots:
        if before is None or before[0] != station or time - before[1] > GAP:
            seen = False
        before = station, time
        if what == kind and not seen:
            found.append((station, f"{time:%Y-%m-%d %H:%M:%S}"))
            seen = True
    return found


def kinds(shots):
    return sorted({kind for *_, kind in shots} - {None, "person"})


def test_the_record_table_has_each_detection_and_no_other(shots, made):
    rows = read(made / "record_table.csv")
    assert len(kinds(shots)) > 5
    for kind in kinds(shots):
        found = [(row["Station"], row["DateTimeOriginal"]) for row in rows if row["Species"] == kind]
        assert found == independent(shots, kind)
    assert {row["Species"] for row in rows} == set(kinds(shots))


def test_effort_is_each_day_between_the_first_and_the_last_picture_of_a_card(shots, made):
    days = defaultdict(set)
    for card in (1, 2):
        for station in {shot[1] for shot in shots}:
            of_card = [time.date() for at, name, time, _ in shots if (at, name) == (card, station)]
            days[station] |= set(pd.date_range(min(of_card), max(of_card)).date)
    first, last = min(map(min, days.values())), max(map(max, days.values()))
    n = -(-((last - first).days + 1) // LENGTH)
    expected = {
        station: [sum((day - first).days // LENGTH == at for day in known) for at in range(n)]
        for station, known in days.items()
    }
    effort = {row.pop("Station"): [int(value) for value in row.values()] for row in read(made / "effort.csv")}
    assert effort == expected
    for kind in kinds(shots):
        at = {
            (station, (dt.date.fromisoformat(time[:10]) - first).days // LENGTH)
            for station, time in independent(shots, kind)
        }
        expected_rows = {
            station: ["NA" if not done[o] else "1" if (station, o) in at else "0" for o in range(n)]
            for station, done in effort.items()
        }
        rows = [row for row in read(made / "detection_history.csv") if row.pop("Species") == kind]
        assert {row.pop("Station"): list(row.values()) for row in rows} == expected_rows
