"""Names that were given elsewhere come back as decisions: Timelapse's table, edited folders, a Camtrap DP."""

import csv
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from surveytables import crop, picture, write

from camtrap.core.errors import UserError
from camtrap.core.paths import Roots
from camtrap.export import by_species, camtrap_dp, folders
from camtrap.export.records import Survey
from camtrap.metadata.deployments import read_stations
from camtrap.review.__main__ import main
from camtrap.review.back import described
from camtrap.review.log import Log

AT = "2024-05-01T10:00:00"
ABOUT = {
    **{name: None for name in ("title", "description", "citation", "project")},
    "sampling_design": "targeted",
    "individual_animals": False,
    "licenses": {"data": None, "media": None},
    "contributors": [{"title": "Ana"}],
}


@pytest.fixture
def results(tmp_path):
    """Five pictures: 1 and 2 an ocelot, 3 a tapir and an ocelot, 4 unnamed, 5 without a crop; each with its file."""
    pictures = [
        picture("card/A/1.jpg", AT, (crop("ocelot", crop_id="c1"),)),
        picture("card/A/2.jpg", "2024-05-02T10:00:00", (crop("ocelot", crop_id="c2"),)),
        picture(
            "card/A/3.jpg",
            "2024-05-03T10:00:00",
            (crop("tapir", crop_id="c3"), crop("ocelot", crop_id="c4", x=0.6, y=0.1)),
        ),
        picture("card/A/4.jpg", "2024-05-04T10:00:00", (crop(crop_id="c5"),)),
        picture("card/A/5.jpg", "2024-05-05T10:00:00"),
    ]
    write(tmp_path / "results" / "tables", pictures)
    for one in pictures:
        path = tmp_path / "images" / one["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one["path"].encode())
    return tmp_path / "results"


def decided(results):
    """What was decided: (action, name, crops)."""
    log = Log(f"{results}.review")
    return sorted((one.action, one.name or "", *one.crops) for one in log.read()) if log.path.exists() else []


def timelapse(results, rows, header="RootFolder,File,RelativePath,DateTime,DeleteFlag,Species"):
    path = results.parent / "timelapse.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return str(path)


def test_timelapse_says_what_is_new_and_nothing_twice(results, capsys):
    rows = [
        "x,1.jpg,card\\A,2024,false,Ocelot",  # as it was
        "x,2.jpg,card\\A,2024,false,Margay",
        "x,4.jpg,card\\A,2024,false,empty",
        "x,5.jpg,card\\A,2024,false,tapir",  # no crop
        "x,3.jpg,card\\A,2024,false,",
    ]
    table = timelapse(results, rows)
    assert main(["import", table, str(results), "--who", "eva"]) == 0
    assert decided(results) == [("name", "Margay", "c2"), ("reject", "", "c5")]
    assert "1 of 4 rows with a name are of no picture with crops" in capsys.readouterr().out
    assert main(["import", table, str(results), "--who", "eva"]) == 0
    assert len(decided(results)) == 2
    assert "nothing new" in capsys.readouterr().out


def test_several_species_of_one_picture_say_nothing(results, capsys):
    table = timelapse(results, ["x,3.jpg,card/A,2024,false,puma", "x,3.jpg,card/A,2024,false,tapir"])
    assert main(["import", table, str(results)]) == 0
    assert decided(results) == []
    assert "1 pictures have several names" in capsys.readouterr().out


def test_a_column_that_nobody_can_guess_is_asked_for(results, capsys):
    table = timelapse(results, ["1.jpg,card/A,puma"], "File,RelativePath,Animal kind")
    assert main(["import", table, str(results)]) == 2
    assert "Say it with --column (File, RelativePath, Animal kind)" in capsys.readouterr().err
    assert main(["import", table, str(results), "--column", "animal KIND"]) == 0
    assert decided(results) == [("name", "puma", "c1")]


def exported(results, content="pictures"):
    """A copy of the folders, as somebody edits them."""
    crops = pq.read_table(results / "tables" / "crops.parquet")
    more = crops.append_column("clustered", pa.array([True] * len(crops)))
    pq.write_table(more, results / "with.parquet")
    ids = crops["crop_id"]
    n = len(ids)
    number = pa.array([0] * n, pa.int32())
    clusters = {"crop_id": ids, "cluster": number, "probability": pa.array([1.0] * n)}
    pq.write_table(
        pa.table(clusters | dict.fromkeys(("suggestion", "coarse", "fine"), number)), results / "clusters.parquet"
    )
    pq.write_table(pa.table({"crop_id": ids, "image": pa.array([b"\xff\xd8"] * n)}), results / "s-1.parquet")
    out = results.parent / "export"
    roots = Roots(str(results.parent / "images"))
    labels = results / "tables" / "labels.parquet"
    tables = (results / "with.parquet", results / "clusters.parquet", [results / "s-1.parquet"])
    folders.export(*tables, roots, {}, out, "copy", content, labels)
    return shutil.copytree(out, results.parent / "edited")


@pytest.mark.parametrize("content", ["pictures", "crops"])
def test_a_moved_file_is_another_species_and_a_deleted_one_is_rejected(results, content):
    edited = exported(results, content)
    name = {"pictures": "card__A__{}.jpg", "crops": "c{}.jpg"}[content]
    (edited / "ocelot" / name.format(1)).rename(edited / "tapir" / name.format(1))
    (edited / "puma").mkdir()
    (edited / "ocelot" / name.format(2)).rename(edited / "puma" / name.format(2))
    (edited / "cluster_000" / name.format({"pictures": 4, "crops": 5}[content])).unlink()
    (edited / "ocelot" / ".DS_Store").touch()
    assert main(["import", str(edited), str(results)]) == 0
    assert decided(results) == [("name", "puma", "c2"), ("name", "tapir", "c1"), ("reject", "", "c5")]


def by_species_of(results):
    """A copy of the pictures by species and station, as somebody edits it."""
    tables = {name: results / "tables" / f"{name}.parquet" for name in ("images", "crops", "labels")}
    out, roots = results.parent / "export", Roots(str(results.parent / "images"))
    by_species.export(Survey(**tables), roots, out, "copy", ["unnamed", "empty"])
    return shutil.copytree(out, results.parent / "edited")


def test_a_picture_that_was_moved_among_species_and_stations_is_another_species(results, capsys):
    edited = by_species_of(results)
    name = "A_2024-05-0{0}_10-00-00_{0}.jpg"
    assert main(["import", str(edited), str(results)]) == 0
    assert decided(results) == []
    (edited / "ocelot/A" / name.format(1)).rename(edited / "tapir/A" / name.format(1))
    (edited / "puma").mkdir()
    (edited / "ocelot/A" / name.format(2)).rename(edited / "puma" / name.format(2))
    # of two species: it is a puma in the place of the ocelot, and stays a tapir
    (edited / "ocelot/A" / name.format(3)).rename(edited / "puma" / name.format(3))
    (edited / "_people/A").mkdir(parents=True)
    (edited / "_empty/A" / name.format(5)).rename(edited / "_people/A" / name.format(5))
    assert main(["import", str(edited), str(results)]) == 0
    assert decided(results) == [("name", "puma", "c2", "c4"), ("name", "tapir", "c1")]
    assert "1 files that were moved or deleted have no crop" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("folder", "decision"),
    [
        *((name, ("reject", "", "c1")) for name in ("_rejected", "_empty")),
        *((name, ("unsure", "", "c1")) for name in ("_unsure", "_unnamed")),
        ("_people", ("name", "person", "c1")),
        ("_vehicles", ("name", "vehicle", "c1")),
        (None, ("reject", "", "c1")),
    ],
)
def test_folders_of_what_is_no_species_say_so(results, folder, decision):
    edited = by_species_of(results)
    file = next((edited / "ocelot/A").glob("*_1.jpg"))
    if folder:
        (edited / folder).mkdir(exist_ok=True)
        file.rename(edited / folder / file.name)
    else:
        file.unlink()
    assert main(["import", str(edited), str(results)]) == 0
    assert decided(results) == [decision]


def test_folders_that_nobody_edited_say_nothing(results):
    edited = exported(results)
    assert main(["import", str(edited), str(results)]) == 0
    assert decided(results) == []


def test_half_a_copy_deletes_nothing(results, capsys):
    edited = exported(results)
    shutil.rmtree(edited / "ocelot")
    assert main(["import", str(edited), str(results)]) == 2
    assert "were they deleted as no animals, or not copied" in capsys.readouterr().err
    assert main(["import", str(edited), str(results), "--deleted", "ignore"]) == 0
    assert decided(results) == []
    assert main(["import", str(edited), str(results), "--deleted", "reject"]) == 0
    # of 3.jpg the tapir is still there: nobody knows what became of the ocelot
    assert decided(results) == [("reject", "", "c1", "c2")]


def test_a_picture_of_two_species_that_is_moved_from_one_folder_says_so_of_that_crop_only(results):
    edited = exported(results)
    (edited / "puma").mkdir()
    (edited / "ocelot" / "card__A__3.jpg").rename(edited / "puma" / "card__A__3.jpg")
    assert main(["import", str(edited), str(results)]) == 0
    assert decided(results) == [("name", "puma", "c4")]


def test_folders_without_their_list_are_refused(results, capsys):
    (results.parent / "somewhere").mkdir()
    assert main(["import", str(results.parent / "somewhere"), str(results)]) == 2
    assert "there is no contents.csv" in capsys.readouterr().err


@pytest.fixture
def package(results):
    """Our own package of media, which somebody corrects."""
    stations = results.parent / "stations.csv"
    stations.write_text("station,lat,lon\nA,-0.5,-76\n")
    tables = {name: results / "tables" / f"{name}.parquet" for name in ("images", "crops", "labels")}
    for level in ("event", "media"):
        camtrap_dp.export(
            Survey(**tables, zone="-05:00"), read_stations(stations), results.parent / level, level, ABOUT
        )
    return results.parent


def correct(path, change):
    """Rewrite observations: ``change`` gets each row."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        change(row)
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_a_camtrap_dp_with_boxes_names_the_crops_of_these_boxes(results, package):
    def puma(row):
        if row["scientificName"] == "tapir":
            row |= {"scientificName": "Puma concolor", "classificationMethod": "human"}

    correct(package / "media" / "observations.csv", puma)
    assert main(["import", str(package / "media"), str(results)]) == 0
    assert decided(results) == [("name", "Puma concolor", "c3")]


def test_events_of_a_camtrap_dp_name_their_pictures_where_one_species_is_there(results, package, capsys):
    def margay(row):
        name = row["scientificName"].replace("ocelot", "margay")
        row |= {"scientificName": name, "classificationMethod": "human"}

    correct(package / "event" / "observations.csv", margay)
    assert main(["import", str(package / "event" / "datapackage.json"), str(results)]) == 0
    assert decided(results) == [("name", "margay", "c1", "c2")]
    assert "1 pictures have several species" in capsys.readouterr().out


def test_what_a_machine_said_is_no_decision(results, package, capsys):
    assert main(["import", str(package / "media"), str(results)]) == 0
    assert decided(results) == []
    assert "classified by a machine" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.csv", "https://example.org/x.csv", None])
def test_a_package_names_no_file_elsewhere(results, package, path):
    file = package / "media" / "datapackage.json"
    said = json.loads(file.read_text())
    said["resources"][1]["path"] = path
    file.write_text(json.dumps(said))
    assert main(["import", str(file), str(results)]) == 2


def test_its_deployments_are_a_table_of_stations(package):
    (row,) = read_stations(package / "event" / "deployments.csv").deployments
    assert (row.station, row.latitude, row.longitude) == ("A", -0.5, -76.0)
    assert row.start.isoformat() == AT


def test_another_json_is_refused_in_one_line(results, capsys):
    other = results.parent / "other.json"
    other.write_text('{"images": []}')
    with pytest.raises(UserError, match="not the datapackage"):
        described(other)
    assert main(["import", str(other), str(results)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
