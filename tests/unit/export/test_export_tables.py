"""Tables for people, worked out by hand; and what they tell of pictures with people."""

import csv
import json

import pytest
from surveytables import crop, picture, write

from camtrap.export import tables
from camtrap.export.privacy import KEEP, LEAVE_OUT, Privacy, find_people
from camtrap.export.records import Survey

FORMULA = "=cmd()"


def detections(folder, boxes):
    """A file of detections: {path: [(category, confidence)]}."""
    found = [
        {"file": path, "detections": [{"category": c, "conf": conf, "bbox": [0.1, 0.1, 0.2, 0.2]} for c, conf in rows]}
        for path, rows in boxes.items()
    ]
    categories = {"1": "animal", "2": "person", "3": "vehicle"}
    file = folder / "s-1.json"
    file.write_text(
        json.dumps({"info": {"format_version": "1.6"}, "detection_categories": categories, "images": found})
    )
    return [file]


def read(path):
    with open(path, encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


@pytest.fixture
def survey(tmp_path):
    """Two stations, two nights, names in three spellings, and all that can be wrong with a picture."""
    place = {"latitude": -0.638249, "longitude": -76.149873}
    files = write(
        tmp_path,
        [
            picture(
                "c/A/1.jpg", "2024-05-01T23:50:00", (crop("Puma", how="looked at"), crop("puma")), event="e1", **place
            ),
            picture("c/A/2.jpg", "2024-05-02T00:10:00", (crop("PUMA "), crop("Puma")), event="e1"),
            picture(
                "c/B/3.jpg", "2024-05-02T12:10:00", (crop("Puma"), crop(state="rejected", how="cluster", who="ana"))
            ),
            picture("c/B/4.jpg", "2024-05-09T10:00:00", (crop(FORMULA), crop(state="unsure"), crop()), clock="epoch"),
            picture("c/B/5.jpg"),
            picture("c/B/6.jpg", category="failed", error="broken"),
            picture("c/B/7.jpg", category="vehicle"),
            picture("c/B/8.jpg", category="person"),
            picture("c/B/9.jpg", None, (crop("deer"),)),
            picture("c/B/10.jpg", None, (crop("Person"), crop("deer"))),
            picture("c/B/11.jpg", category="duplicate", duplicate_of="c/B/8.jpg"),
            picture("c/B/12.jpg", category="removed"),
        ],
        bound={"puma": 0.9},
    )
    failures = tmp_path / "failures.csv"
    failures.write_text("path,stage,status,reason\nc/B/6.jpg,index,failed,'=broken\nc/A/1.jpg,index,damaged,cut\n")

    def run(hide, decimals=None):
        survey = Survey(**files)
        boxes = {"c/B/9.jpg": [("1", 0.9), ("2", 0.5)], "c/B/5.jpg": [("2", 0.1)]}
        people = find_people(survey, detections(tmp_path, boxes), 0.2)
        names = {"pictures": "pictures.csv", "species": "species.csv", "by_station": "stations.csv", "lists": "lists"}
        out = {key: tmp_path / name for key, name in names.items()}
        counts = tables.write(survey, failures, out, Privacy(people, LEAVE_OUT if hide else KEEP, decimals))
        return {key: read(path) for key, path in out.items() if key != "lists"}, out["lists"], counts

    return run


def test_every_picture_found_is_a_row_with_its_names_and_why_it_failed(survey):
    found, _, counts = survey(hide=False)
    rows = {row["path"]: row for row in found["pictures"]}
    assert counts["pictures"] == len(rows) == 11
    assert rows["c/A/1.jpg"]["names"] == "Puma"
    assert rows["c/A/1.jpg"]["why"] == "index, damaged: cut"
    assert rows["c/B/6.jpg"]["why"] == "index, failed: =broken"
    assert rows["c/B/10.jpg"]["names"] == "Person; deer"
    assert rows["c/B/4.jpg"]["names"] == f"'{FORMULA}"
    columns = ("crops", "unnamed", "rejected", "unsure", "clock")
    assert [rows["c/B/4.jpg"][name] for name in columns] == ["3", "1", "0", "1", "epoch"]
    assert (rows["c/A/1.jpg"]["latitude"], rows["c/B/11.jpg"]["duplicate_of"]) == ("-0.638249", "c/B/8.jpg")


def test_equal_names_are_one_row_and_a_night_goes_from_noon_to_noon(survey):
    found, _, _ = survey(hide=False)
    puma = next(row for row in found["species"] if row["name"] == "Puma")
    told = ("crops", "pictures", "events", "nights", "stations", "looked_at", "purity_bound")
    assert [puma[name] for name in told] == ["5", "3", "2", "2", "2", "1", "0.9"]
    assert (puma["first"], puma["last"]) == ("2024-05-01 23:50:00", "2024-05-02 12:10:00")
    assert [row["name"] for row in found["species"]] == [f"'{FORMULA}", "Puma", "deer"]
    by_station = {(row["name"], row["station"]): (row["crops"], row["events"]) for row in found["by_station"]}
    assert by_station[("Puma", "A")] == ("4", "1")
    assert by_station[("Puma", "B")] == ("1", "1")
    formula = next(row for row in found["species"] if row["name"] == f"'{FORMULA}")
    assert (formula["first"], formula["nights"]) == ("", "0")  # its clock cannot be trusted


def test_what_is_left_to_look_at_is_listed(survey):
    _, lists, _ = survey(hide=False)
    found = {path.stem: [row["path"] for row in read(path)] for path in lists.iterdir()}
    assert found == {
        "empty": ["c/B/5.jpg"],
        "failed": ["c/B/6.jpg"],
        "vehicles": ["c/B/7.jpg"],
        "people": ["c/B/8.jpg"],
        "rejected": ["c/B/3.jpg"],
        "unsure": ["c/B/4.jpg"],
    }
    assert read(lists / "rejected.csv")[0]["who"] == "ana"


def test_people_are_left_out_and_the_sum_is_the_same(survey):
    found, lists, counts = survey(hide=True)
    assert counts["hidden"] == 4  # by category, its copy, by the detector beside an animal, by name
    assert counts["pictures"] == len(found["pictures"]) == 11
    told = {row["path"] for row in found["pictures"]}
    assert not told & {"c/B/8.jpg", "c/B/9.jpg", "c/B/10.jpg", "c/B/11.jpg"}
    assert "c/B/5.jpg" in told  # the box is below the threshold
    hidden = [row for row in found["pictures"] if not row["path"]]
    assert {value for row in hidden for key, value in row.items() if key not in ("category", "station", "why")} == {""}
    assert not (lists / "people.csv").exists()


def test_coordinates_have_as_many_decimals_as_are_asked_for(survey):
    found, _, _ = survey(hide=False, decimals=2)
    rows = [(row["latitude"], row["longitude"]) for row in found["pictures"] if row["path"] == "c/A/1.jpg"]
    assert rows == [("-0.64", "-76.15")]
