"""The package against the rules that its readers have beyond the schema (camtrapdp, camtrapR), on a survey written down by hand."""

import csv
import datetime as dt
import gzip
import json
import re
from collections import defaultdict

import pytest
from surveytables import crop, picture, write

from camtrap.core.errors import UserError
from camtrap.export import camtrap_dp
from camtrap.export.about import missing, required
from camtrap.export.observations import file_path
from camtrap.export.privacy import LEAVE_OUT, LEFT_OUT, People, Privacy
from camtrap.export.records import Survey
from camtrap.metadata.deployments import read_stations

ABOUT = {
    "title": "Waterholes",
    "description": None,
    "citation": None,
    "project": None,
    "sampling_design": "targeted",
    "individual_animals": False,
    "licenses": {"data": "CC0-1.0", "media": "CC-BY-4.0"},
    "contributors": [{"title": "Ana Andi", "role": "rightsHolder"}],
}
# The format's own pattern of filePath, and its form of times.
PATTERN = re.compile(r"^(?=^[^./~])(^((?!\.{2}).)*$).*$")
TIME = "%Y-%m-%dT%H:%M:%S%z"
PEOPLE = People({"card1/B/1.jpg": []})
LOOKED = {"how": "looked at", "sure": 1.0}
# Station A worked from 30 April to 20 May and stood still from 5 to 8 May; B says nothing; C has no picture.
STATIONS = """station,lat,lon,start,end,timezone,Problem1_from,Problem1_to
A,-0.5,-76.0,2024-04-30,2024-05-20,America/Guayaquil,2024-05-05,2024-05-08
B,-0.6,-76.1,,,-05:00,,
C,-0.7,-76.2,2024-05-01,2024-05-10,-05:00,,
"""


def survey():
    """Two visits to A, one to B: an event of two species, an unnamed animal, blanks, people, a video, a doubtful clock, failures."""
    first, video = "card1/A/1.jpg", "card1/B/v.mp4/frame000001.jpg"
    return [
        picture(first, "2024-05-01T10:00:00.750", (crop("Ocelot", **LOOKED), crop("ocelot "))),
        picture("card1/A/2.jpg", "2024-05-01T10:00:30", (crop("Tapir"), crop("ocelot")), event=first),
        picture("card1/A/3.jpg", "2024-05-02T10:00:00", (crop(),)),
        picture("card1/A/4.jpg", "2024-05-03T10:00:00"),
        picture("card1/A/5.jpg", None, (crop("Tapir"),)),
        picture("card1/A/6.jpg", "2000-01-01T00:00:30", (crop("Tapir"),), clock="epoch"),
        picture("card1/A/7.jpg", "2024-05-03T11:00:00", category="failed", event=None, burst=None),
        picture("card1/A/8.jpg", "2024-05-03T10:00:00", category="duplicate", duplicate_of="card1/A/4.jpg"),
        picture("card1/A/9.jpg", "2024-05-04T10:00:00", (crop(state="rejected"), crop(repeat=True))),
        picture("card2/A/1.jpg", "2024-05-10T10:00:00", (crop(state="unsure", who="eva", **LOOKED),)),
        picture("card1/B/1.jpg", "2024-05-01T10:00:00", (crop(category="person", conf=0.5),)),
        picture("card1/B/2.jpg", "2024-05-03T10:00:00", category="vehicle", max_conf=0.75),
        picture(video, "2024-05-01T12:00:00", (crop("Tapir"),), video="card1/B/v.mp4", station="B"),
        picture(
            *("card1/B/v.mp4/frame000031.jpg", "2024-05-01T12:00:01", (crop("Tapir"), crop("Tapir"))),
            video="card1/B/v.mp4",
            station="B",
            event=video,
        ),
    ]


@pytest.fixture(scope="module", params=["event", "media"])
def made(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "stations.csv").write_text(STATIONS)
    files = write(folder / "tables", survey(), bound={"Tapir": 0.9})
    stations = read_stations(folder / "stations.csv")
    counts = camtrap_dp.export(
        Survey(**files, zone="-05:00"), stations, folder / "dp", request.param, ABOUT, "MDV5A", Privacy(PEOPLE)
    )
    return Package(folder / "dp", request.param, counts)


class Package:
    """What was written, as rows of text."""

    def __init__(self, folder, level, counts):
        self.folder, self.level, self.counts = folder, level, counts
        self.described = json.loads((folder / "datapackage.json").read_text())
        for name in ("deployments", "media", "observations"):
            setattr(self, name, read(folder / f"{name}.csv"))
        self.left_out = {row["path"]: row["reason"] for row in read(folder / "left_out.csv")}


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def when(text):
    return dt.datetime.strptime(text, TIME)


def test_deployments_are_visits_with_true_gaps(made):
    found = {
        row["deploymentID"]: (row["locationID"], row["deploymentStart"], row["deploymentEnd"])
        for row in made.deployments
    }
    assert found == {
        # from the table's start to the day on which the camera stopped
        "card1/A": ("A", "2024-04-30T00:00:00-0500", "2024-05-05T23:59:59-0500"),
        # from the day on which it worked again to the table's end
        "card2/A": ("A", "2024-05-08T00:00:00-0500", "2024-05-20T23:59:59-0500"),
        # no dates in the table: the first and the last picture
        "card1/B": ("B", "2024-05-01T10:00:00-0500", "2024-05-03T10:00:00-0500"),
        "C": ("C", "2024-05-01T00:00:00-0500", "2024-05-10T23:59:59-0500"),
    }
    assert {row["deploymentID"] for row in made.deployments if row["timestampIssues"] == "true"} == {"card1/A"}
    assert [row["deploymentComments"] for row in made.deployments if row["locationID"] == "C"] == ["no pictures"]


def test_ids_are_unique_and_lead_to_each_other(made):
    for rows, name in (
        (made.deployments, "deploymentID"),
        (made.media, "mediaID"),
        (made.observations, "observationID"),
    ):
        assert len({row[name] for row in rows}) == len(rows)
    deployments = {row["deploymentID"] for row in made.deployments}
    assert {row["deploymentID"] for row in made.media + made.observations} <= deployments
    assert {row["mediaID"] for row in made.observations} - {""} <= {row["mediaID"] for row in made.media}


def test_media_are_what_counts_and_has_a_time_a_video_once(made):
    paths = {row["filePath"]: row for row in made.media}
    assert sorted(paths) == [
        *(f"card1/A/{number}.jpg" for number in (1, 2, 3, 4, 6, 9)),
        *("card1/B/1.jpg", "card1/B/2.jpg", "card1/B/v.mp4", "card2/A/1.jpg"),
    ]
    assert made.left_out == {"card1/A/5.jpg": "its time is not known", "card1/A/7.jpg": "it could not be used"}
    assert paths["card1/B/v.mp4"]["fileMediatype"] == "video/mp4"
    assert {path for path, row in paths.items() if row["filePublic"] == "false"} == {"card1/B/1.jpg"}
    assert all(PATTERN.match(path) for path in paths)
    assert paths["card1/A/1.jpg"]["timestamp"] == "2024-05-01T10:00:00-0500"


def test_a_reader_that_joins_media_to_events_by_time_finds_each_once(made):
    if made.level != "event":
        pytest.skip("events only")
    spans = defaultdict(set)
    for row in made.observations:
        spans[row["eventID"]].add((row["deploymentID"], when(row["eventStart"]), when(row["eventEnd"])))
    assert {len(several) for several in spans.values()} == {1}  # species of one event share start and end
    for row in made.media:
        time = when(row["timestamp"])
        holding = [
            event for event, ((of, start, end),) in spans.items() if of == row["deploymentID"] and start <= time <= end
        ]
        assert len(holding) == 1, row


def test_observations_are_of_one_level(made):
    assert {row["observationLevel"] for row in made.observations} == {made.level}
    assert made.described["project"]["observationLevel"] == [made.level]
    assert made.described.get("gbifIngestion") == ({"observationLevel": "media"} if made.level == "media" else None)


def test_verified_is_only_what_somebody_looked_at(made):
    verified = [
        row
        for row in made.observations
        if (row["classificationMethod"], row["classificationProbability"]) == ("human", "1")
    ]
    assert [(row["scientificName"], row["classifiedBy"]) for row in verified] == [("Ocelot", "ana")]
    tapirs = [row for row in made.observations if row["scientificName"] == "Tapir"]
    assert {(row["classificationMethod"], row["classificationProbability"]) for row in tapirs} == {
        ("machine", "0.9000")
    }
    assert all("at least 90.0% of its bursts are right" in row["observationComments"] for row in tapirs)
    assert all(row["classificationTimestamp"] == "2026-01-02T03:04:05+0000" for row in tapirs)


def test_events_by_hand(made):
    if made.level != "event":
        pytest.skip("events only")
    found = sorted(
        (row["eventStart"][:16], row["deploymentID"], row["observationType"], row["scientificName"], row["count"])
        for row in made.observations
    )
    assert found == [
        ("2000-01-01T00:00", "card1/A", "animal", "Tapir", "1"),
        ("2024-05-01T10:00", "card1/A", "animal", "Ocelot", "2"),
        ("2024-05-01T10:00", "card1/A", "animal", "Tapir", "1"),
        ("2024-05-01T10:00", "card1/B", "human", "", "1"),
        ("2024-05-01T12:00", "card1/B", "animal", "Tapir", "2"),
        ("2024-05-02T10:00", "card1/A", "unclassified", "", "1"),
        ("2024-05-03T10:00", "card1/A", "blank", "", ""),
        ("2024-05-03T10:00", "card1/B", "vehicle", "", ""),
        ("2024-05-04T10:00", "card1/A", "blank", "", ""),
        ("2024-05-10T10:00", "card2/A", "unknown", "", "1"),
    ]
    assert made.counts == {"deployments": 4, "media": 10, "observations": 10, "left_out": 2}


def test_media_with_boxes_by_hand(made):
    if made.level != "media":
        pytest.skip("media only")
    boxes = defaultdict(list)
    for row in made.observations:
        box = [row[name] for name in ("bboxX", "bboxY", "bboxWidth", "bboxHeight")]
        boxes[row["mediaID"].removesuffix("#id")].append((row["observationType"], row["count"], box))
    full, none = ["0.2500", "0.5000", "0.2500", "0.1250"], [""] * 4
    assert boxes["card1/A/1.jpg"] == [("animal", "1", full)] * 2
    assert boxes["card1/A/4.jpg"] == [("blank", "", none)]
    # the frames of a video show the same animals: at most two at once
    assert boxes["card1/B/v.mp4/frame000001.jpg"] == [("animal", "2", none)]


def test_the_package_says_where_when_and_which_species(made):
    said = made.described
    assert said["temporal"] == {"start": "2024-04-30", "end": "2024-05-20"}
    assert said["spatial"]["bbox"] == [-76.2, -0.7, -76.0, -0.5]
    assert [taxon["scientificName"] for taxon in said["taxonomic"]] == ["Ocelot", "Tapir"]
    assert said["licenses"] == [{"name": "CC0-1.0", "scope": "data"}, {"name": "CC-BY-4.0", "scope": "media"}]
    assert {one["schema"].rpartition("/")[0] for one in said["resources"]} == {said["profile"].rpartition("/")[0]}


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("card/a.jpg", "card/a.jpg"),
        (".hidden/a.jpg", "%2Ehidden/a.jpg"),
        ("~x/a.jpg", "%7Ex/a.jpg"),
        ("a..b/..jpg", "a%2E%2Eb/%2E%2Ejpg"),
        ("=1+1/a.jpg", "%3D1+1/a.jpg"),
        ("-1.jpg", "%2D1.jpg"),
    ],
)
def test_every_path_is_one_that_the_format_allows(path, written):
    assert file_path(path) == written
    assert PATTERN.match(written)


def test_large_tables_are_compressed_and_the_same_rows_are_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(camtrap_dp, "LARGE", 3)
    (tmp_path / "stations.csv").write_text(STATIONS)
    files, stations = write(tmp_path / "tables", survey()), read_stations(tmp_path / "stations.csv")
    packed = []
    for _ in range(2):
        camtrap_dp.export(Survey(**files, zone="-05:00"), stations, tmp_path / "dp", "event", ABOUT)
        packed.append((tmp_path / "dp" / "media.csv.gz").read_bytes())
    assert packed[0] == packed[1]
    assert len(gzip.decompress(packed[0]).decode().splitlines()) == 11
    described = json.loads((tmp_path / "dp" / "datapackage.json").read_text())
    assert [one["path"] for one in described["resources"]] == ["deployments.csv", "media.csv.gz", "observations.csv.gz"]


def test_what_the_format_requires_and_only_the_user_knows_is_asked_for(tmp_path):
    files = write(
        tmp_path / "tables",
        [picture("card/A/1.jpg", "2024-05-01T10:00:00"), picture("card/B/1.jpg", "2024-05-01T10:00:00")],
    )
    with pytest.raises(
        UserError, match=r"latitude and longitude of A, B are not known: add them(.|\n)*time zone of A, B is not known"
    ):
        camtrap_dp.export(Survey(**files), None, tmp_path / "dp", "event", ABOUT)
    files = write(tmp_path / "none", [picture("card/A/1.jpg")])
    with pytest.raises(UserError, match="no picture has a time"):
        camtrap_dp.export(Survey(**files), None, tmp_path / "dp", "event", ABOUT)
    assert not (tmp_path / "dp").exists()


def test_each_thing_that_gbif_needs_is_named():
    nothing = ABOUT | {"licenses": {"data": None, "media": None}, "contributors": [], "sampling_design": None}
    assert [line.partition(":")[0] for line in required({"about": nothing})] == [
        "export.about.contributors",
        "export.about.sampling_design",
    ]
    assert [line.partition(":")[0] for line in missing({"about": nothing, "species": None})] == [
        *("export.about.licenses.data", "export.about.licenses.media", "export.about.contributors"),
        *("export.about.contributors", "export.about.description", "export.species"),
    ]
    good = ABOUT | {
        "description": "x",
        "contributors": [{"title": "A", "role": "rightsHolder"}, {"title": "B", "role": "contact"}],
    }
    assert list(missing({"about": good, "species": "species.csv"})) == []
    odd = good | {"licenses": {"data": "all rights reserved", "media": "x"}}
    assert [line.partition(":")[0] for line in missing({"about": odd, "species": "x"})] == [
        "export.about.licenses.data"
    ]


def test_events_that_overlap_where_clocks_lie_are_one(tmp_path):
    """A clock that jumped back puts a picture into the middle of another event of the same folder."""
    first = "card/A/1.jpg"
    pictures = [
        picture(first, "2024-05-01T10:00:00", (crop("tapir"),)),
        picture("card/A/2.jpg", "2024-05-01T10:10:00.900", (crop("tapir"), crop("tapir")), event=first),
        picture(
            "card/A/3.jpg", "2024-05-01T10:05:00", (crop("tapir"), crop("puma", how="looked at")), clock="jumps back"
        ),
        picture("card/A/4.jpg", "2024-05-01T10:10:00.950"),
        picture("card/A/5.jpg", "2024-05-01T10:10:01"),
    ]
    (tmp_path / "stations.csv").write_text("station,lat,lon\nA,1,2\n")
    stations = read_stations(tmp_path / "stations.csv")
    camtrap_dp.export(Survey(**write(tmp_path / "t", pictures), zone="UTC"), stations, tmp_path / "dp", "event", ABOUT)
    rows = read(tmp_path / "dp" / "observations.csv")
    assert [
        (row["scientificName"], row["eventID"], row["eventStart"][11:19], row["eventEnd"][11:19], row["count"])
        for row in rows
    ] == [
        ("puma", first, "10:00:00", "10:10:00", "1"),
        ("tapir", first, "10:00:00", "10:10:00", "2"),
        ("", "card/A/5.jpg", "10:10:01", "10:10:01", ""),
    ]
    assert json.loads((tmp_path / "dp" / "datapackage.json").read_text())["spatial"] == {
        "type": "Point",
        "coordinates": [2.0, 1.0],
    }


@pytest.mark.parametrize("level", ["event", "media"])
def test_pictures_of_people_are_left_out_and_places_rounded_where_it_is_asked(tmp_path, level):
    (tmp_path / "stations.csv").write_text(STATIONS.replace("-0.6,-76.1", "-0.61234,-76.16789"))
    files, stations = write(tmp_path / "tables", survey()), read_stations(tmp_path / "stations.csv")
    people = {"card1/B/1.jpg", "card1/B/v.mp4"}
    shown = People({"card1/B/1.jpg": [], "card1/B/v.mp4/frame000031.jpg": []})
    camtrap_dp.export(
        Survey(**files, zone="-05:00"), stations, tmp_path / "dp", level, ABOUT, "x", Privacy(shown, LEAVE_OUT, 2)
    )
    found = Package(tmp_path / "dp", level, None)
    assert not people & {row["filePath"] for row in found.media}
    rows = read(tmp_path / "dp" / "left_out.csv")
    assert not people & {row["path"] for row in rows}
    assert [row["path"] for row in rows if row["reason"] == LEFT_OUT] == ["", ""]
    # an event tells of people and of the animals with them, without a picture
    assert sum(row["observationType"] == "human" for row in found.observations) == (level == "event")
    assert {(row["latitude"], row["longitude"]) for row in found.deployments if row["locationID"] == "B"} == {
        ("-0.61", "-76.17")
    }
    assert found.described["coordinatePrecision"] == 0.01
