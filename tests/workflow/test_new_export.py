"""An export from outside: its file, a line in the registry, and its rule. All exports of a named survey, and what they keep private."""

import csv
import hashlib
import io
import json
from collections import Counter

import numpy as np
import pyexiv2
import pytest
import yaml
from conftest import CONFIG, Survey
from PIL import Image

from camtrap.crop.geometry import crop_id
from camtrap.detections import megadetector_json as md
from camtrap.export.registry import EXPORTS
from camtrap.review.log import Log

LINE = '    "batches": Export("batches.csv", "one row per memory card"),\n'
RULE = """
rule export_batches:
    input:
        f"{RESULTS}/tables/images.parquet",
    output:
        f"{EXPORT}/batches.csv",
    log:
        f"{RESULTS}/logs/export_batches.log",
    params:
        version=version("export"),
    message:
        "Counting the pictures of each card"
    script:
        "../scripts/export_batches.py"
"""
SCRIPT = """
import pandas as pd

from camtrap.core.files import write_csv
from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads):
    images = pd.read_parquet(snakemake.input[0], columns=["batch"])
    write_csv(snakemake.output[0], ["batch", "pictures"], images.value_counts(sort=False).reset_index().to_numpy())
"""


def test_an_export_is_a_file_a_line_and_its_rule(survey, clone):
    (clone / "scripts" / "export_batches.py").write_text(SCRIPT)
    registry = clone / "scripts" / "camtrap" / "export" / "registry.py"
    registry.write_text(registry.read_text().replace("\n}\n", f"\n{LINE}}}\n", 1))
    rules = clone / "rules" / "export.smk"
    rules.write_text(rules.read_text() + RULE)
    survey.workflow = clone
    assert not survey.dry_run().rules
    survey.settings = {"export": {"batches": True}}
    assert survey.dry_run().rules == Counter(["export_batches"])
    survey.snakemake("--cores", "2", PYTHONPATH=str(clone / "scripts"))
    assert (survey.results / "export" / "batches.csv").read_text() == "batch,pictures\ncard1,6\ncard2,6\n"
    survey.settings = {"export": {"batch": True}}
    assert "did you mean export.batches?" in survey.snakemake("--dry-run", fails=True)


def test_what_science_needs_is_asked_for_before_the_first_job_and_one_export_does_not_hold_up_another(survey):
    survey.settings = {"export": {"camtrap_dp": "event", "r_tables": True, "darwin_core": True}}
    text = survey.snakemake("--dry-run", fails=True)
    assert "export.about.contributors: Camtrap DP requires one at least" in text
    assert "export.about.sampling_design: Camtrap DP requires it" in text
    about = {"sampling_design": "targeted", "contributors": [{"title": "Ana", "role": "contact"}]}
    survey.settings["export"] |= {"about": about, "timezone": "-05:00"}
    text = survey.snakemake("--cores", "2", "--keep-going", fails=True)
    assert "export.about.licenses.data: GBIF needs the licence of the tables" in text
    assert "no picture has a time, so there is nothing that the format can hold" in text  # these have no EXIF
    export = survey.results / "export"
    assert not (export / "camtrap_dp").exists()
    assert (export / "darwin_core.csv").read_text().startswith("occurrenceID,")
    assert len((export / "r" / "left_out.csv").read_text().splitlines()) == 13


# What is private in the survey below: two pictures, and a place (0° 38' 17.6964" S, 76° 8' 59.5428" W).
SECRET = ("secret-named.jpg", "secret-seen.jpg")
EXACT = ("638249", "149873", "17.6964", "59.5428")
BOX, SECOND = [0.25, 0.25, 0.5, 0.5], [0.0, 0.0, 0.2, 0.9]
NAMES = {
    "0.jpg": "ocelot",
    "1.jpg": "Ocelot ",
    SECRET[0]: "Cazador",  # a hunter, as the list of species says
    SECRET[1]: "tapir",
    "4.jpg": "blank",
    "5.jpg": "vehicle",
    "6.jpg": None,
}
EVERYTHING = {
    **dict.fromkeys(
        ("csv", "tables", "figures", "megadetector", "explorer", "yasuni", "r_tables", "darwin_core"), True
    ),
    "suggestions": True,
    "camtrap_dp": "event",
    "folders": "copy",
    "folder_content": "pictures",
    "pictures": "copy",
    "pictures_also": ["unnamed", "empty", "people", "vehicles"],
    "decimals": 1,
    "timezone": "-05:00",
    "species": "species.csv",
    "about": {"sampling_design": "targeted", "contributors": [{"title": "Ana", "role": "contact"}]},
}


def photograph(number):
    """A picture with a time of its own hour and a place."""
    noise = np.random.default_rng(number).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = f"2024:05:01 {2 * number:02d}:00:00"
    exif.get_ifd(0x8825).update({1: "S", 2: (0.0, 38.0, 17.6964), 3: "W", 4: (76.0, 8.0, 59.5428)})
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def handed(tmp_path_factory):
    """A named survey with all exports: one crop was named a person, and the detector saw one beside an animal."""
    survey = Survey(tmp_path_factory.mktemp("handed"))
    Survey.cache = survey.folder / "cache"
    images, drafts = [], []
    for number, (name, called) in enumerate([*NAMES.items(), ("nothing.jpg", None)]):
        data = photograph(number)
        file = survey.pictures / "card" / "Laguna" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        found = [{"category": "1", "conf": 0.9, "bbox": BOX, "classifications": [["7", 0.8]]}] if name in NAMES else []
        if name == SECRET[1]:
            found.append({"category": "2", "conf": 0.9, "bbox": SECOND})
        images.append({"file": f"card/Laguna/{name}", "detections": found})
        if called:
            crop = crop_id(hashlib.sha256(data).hexdigest(), BOX)
            drafts.append({"action": "name", "crops": [crop], "name": " ".join(called.split())})
    found = {"info": {"format_version": "1.4"}, "images": images, "classification_categories": {"7": "jaguar"}}
    found["detection_categories"] = {"1": "animal", "2": "person", "3": "vehicle"}
    (survey.folder / "md.json").write_text(json.dumps(found))
    (survey.folder / "species.csv").write_text("scientific,es\nHomo sapiens,cazador\n")
    Log(survey.folder / "results.review").append("ana", *drafts)
    config = CONFIG | {"detector": {"backend": "json", "json": "md.json"}, "export": EVERYTHING}
    (survey.folder / "survey.yaml").write_text(yaml.safe_dump(config))
    survey.run()
    return survey


def rows_of(file):
    with open(file, encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
def test_no_export_names_a_picture_with_a_person_or_tells_a_place_exactly(handed, export):
    out = handed.results / "export"
    hashes = [hashlib.sha256((handed.pictures / "card/Laguna" / name).read_bytes()).hexdigest() for name in SECRET]
    # a crop's id begins with 16 digits of its picture's hash
    private = [*SECRET, *(name.removesuffix(".jpg") for name in SECRET), *(one[:16] for one in hashes), *EXACT]
    files = [file for name in (export.file, *export.beside) for file in [out / name, *(out / name).rglob("*")]]
    files = [file for file in files if file.is_file()]
    assert files
    for file in files:
        data = file.read_bytes()
        if file.suffix == ".jpg" and data[:2] == b"\xff\xd8":
            with pyexiv2.ImageData(data) as image:
                places = {name: value for name, value in image.read_exif().items() if "GPSInfo" in name}
            data += repr(places).encode()
            assert set(places.values()) <= {"2 3 0 0", "S", "W", "600000/1000000 0/1 0/1", "76100000/1000000 0/1 0/1"}
        told = file.relative_to(out).as_posix() + data.decode("utf-8", "replace")
        assert [one for one in private if one in told] == [], file


def test_all_exports_of_a_named_survey_at_once(handed):
    out = handed.results / "export"
    assert {row["path"].rpartition("/")[2]: row["name"].casefold() for row in rows_of(out / "crops.csv")} == {
        "0.jpg": "ocelot",
        "1.jpg": "ocelot",  # two spellings are one name
        "4.jpg": "blank",
        "5.jpg": "vehicle",
        "6.jpg": "",
    }
    # what is named as a person, a vehicle or nothing is not a species; a species beside a person counts
    assert [
        [row[told].casefold() for told in ("name", "crops", "events", "first")] for row in rows_of(out / "species.csv")
    ] == [
        ["ocelot", "2", "2", "2024-05-01 00:00:00"],
        ["tapir", "1", "1", "2024-05-01 06:00:00"],
    ]
    by_station = rows_of(out / "species_by_station.csv")
    assert [(row["name"].casefold(), row["station"], row["crops"]) for row in by_station] == [
        ("ocelot", "Laguna", "2"),
        ("tapir", "Laguna", "1"),
    ]
    pictures = rows_of(out / "pictures.csv")
    assert Counter(row["path"] == "" for row in pictures) == {False: 6, True: 2}
    records = rows_of(out / "r" / "record_table.csv")
    assert [(row["Species"].casefold(), row["DateTimeOriginal"], row["FileName"]) for row in records] == [
        ("ocelot", "2024-05-01 00:00:00", "0.jpg"),
        ("ocelot", "2024-05-01 02:00:00", "1.jpg"),
        ("tapir", "2024-05-01 06:00:00", "NA"),
    ]
    assert rows_of(out / "r" / "camera_operation.csv") == [{"Station": "Laguna", "2024-05-01": "1"}]
    history = rows_of(out / "r" / "detection_history.csv")
    assert [(row["Species"].casefold(), row["o1"]) for row in history] == [("ocelot", "1"), ("tapir", "1")]
    occurrences = rows_of(out / "darwin_core.csv")
    assert [
        (row["scientificName"].casefold(), row["decimalLatitude"], row["decimalLongitude"]) for row in occurrences
    ] == [
        ("ocelot", "-0.6", "-76.1"),
        ("ocelot", "-0.6", "-76.1"),
        ("tapir", "-0.6", "-76.1"),
    ]
    assert len(rows_of(out / "camtrap_dp" / "media.csv")) == 6
    kinds = Counter(row["observationType"] for row in rows_of(out / "camtrap_dp" / "observations.csv"))
    assert kinds == {"animal": 3, "human": 1, "vehicle": 1, "blank": 2, "unclassified": 1}
    described = json.loads((out / "camtrap_dp" / "datapackage.json").read_text())
    assert (described["coordinatePrecision"], described["spatial"]["coordinates"]) == (0.1, [-76.1, -0.6])
    assert md.validate(out / "megadetector.json") == []
    boxes = json.loads((out / "megadetector.json").read_text())
    assert Counter(len(image["detections"]) for image in boxes["images"]) == {1: 5, 0: 1}
    (place,) = {
        json.dumps(one["metadata"]["other"]["location"]) for one in json.loads((out / "yasuni.json").read_text())
    }
    assert json.loads(place) == {"station": "Laguna", "latitude": -0.6, "longitude": -76.1}
    assert len((out / "yasuni_features.jsonl").read_text().splitlines()) == 5
    folders = {
        row["file"].rpartition("_")[2]: row["folder"].casefold() for row in rows_of(out / "pictures" / "contents.csv")
    }
    assert folders == {
        "0.jpg": "ocelot",
        "1.jpg": "ocelot",
        "4.jpg": "_empty",
        "nothing.jpg": "_empty",
        "5.jpg": "_vehicles",
        "6.jpg": "_unnamed",
    }
    assert len(rows_of(out / "folders" / "contents.csv")) == 5
    assert {row["name"] for row in rows_of(out / "suggestions.csv")} == {"jaguar"}
    assert json.loads((out / "figures" / "figures.json").read_text())["lacking"] == []
    shown = (out / "explorer" / "data.js").read_text()
    assert json.loads(shown.partition("= ")[2].rstrip(";\n"))["crops"] == 5


def test_people_are_told_of_where_it_is_asked(handed):
    handed.settings = {"export": {"people": "keep"}}
    handed.run("results/export/crops.csv", "results/export/megadetector.json", "results/export/yasuni.json")
    for name in ("crops.csv", "megadetector.json", "yasuni.json"):
        assert all(secret in (handed.results / "export" / name).read_text() for secret in SECRET), name
