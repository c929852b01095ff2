"""A package of a whole survey, as frictionless reads it: `make test-handover` installs frictionless below build/handover.

The format's own schemas are addresses, and nothing is fetched here: their types, required fields, values and keys are written down
below, of all columns that the package fills.
"""

import csv
import json
import os

import pytest
import surveytables
from test_camtrap_dp import ABOUT, STATIONS, survey

from camtrap.export import camtrap_dp
from camtrap.export.records import Survey
from camtrap.metadata.deployments import read_stations

if "HANDOVER" in os.environ:
    import frictionless
else:
    frictionless = pytest.importorskip("frictionless")

TIME = {"type": "datetime", "format": "%Y-%m-%dT%H:%M:%S%z", "constraints": {"required": True}}
KEY = {"type": "string", "constraints": {"required": True, "unique": True}}
NEEDED = {"type": "string", "constraints": {"required": True}}
SHARE = {"type": "number", "constraints": {"minimum": 0, "maximum": 1}}
PATH = {"type": "string", "constraints": {"required": True, "pattern": r"^(?=^[^./~])(^((?!\.{2}).)*$).*$"}}


def one_of(*values, required=True):
    return {"type": "string", "constraints": {"required": required, "enum": list(values)}}


FIELDS = {
    "deployments": {
        "deploymentID": KEY,
        "latitude": {"type": "number", "constraints": {"required": True, "minimum": -90, "maximum": 90}},
        "longitude": {"type": "number", "constraints": {"required": True, "minimum": -180, "maximum": 180}},
        "deploymentStart": TIME,
        "deploymentEnd": TIME,
        "timestampIssues": {"type": "boolean"},
    },
    "media": {
        "mediaID": KEY,
        "deploymentID": NEEDED,
        "captureMethod": one_of("activityDetection", "timeLapse", required=False),
        "timestamp": TIME,
        "filePath": PATH,
        "filePublic": {"type": "boolean", "constraints": {"required": True}},
        "fileMediatype": {"type": "string", "constraints": {"required": True, "pattern": "^(image|video|audio)/.*$"}},
    },
    "observations": {
        "observationID": KEY,
        "deploymentID": NEEDED,
        "eventStart": TIME,
        "eventEnd": TIME,
        "observationLevel": one_of("media", "event"),
        "observationType": one_of("animal", "human", "vehicle", "blank", "unknown", "unclassified"),
        "count": {"type": "integer", "constraints": {"minimum": 1}},
        **dict.fromkeys(("bboxX", "bboxY"), SHARE),
        **{
            side: {"type": "number", "constraints": {"minimum": 1e-15, "maximum": 1}}
            for side in ("bboxWidth", "bboxHeight")
        },
        "classificationMethod": one_of("human", "machine", required=False),
        "classificationTimestamp": {"type": "datetime", "format": "%Y-%m-%dT%H:%M:%S%z"},
        "classificationProbability": SHARE,
    },
}
TO_DEPLOYMENT = {"fields": "deploymentID", "reference": {"resource": "deployments", "fields": "deploymentID"}}
TO_MEDIUM = {"fields": "mediaID", "reference": {"resource": "media", "fields": "mediaID"}}
FOREIGN = {"deployments": [], "media": [TO_DEPLOYMENT], "observations": [TO_DEPLOYMENT, TO_MEDIUM]}


def validate(folder):
    """What frictionless finds in a package, with schemas of ours in the place of their addresses."""
    described = json.loads((folder / "datapackage.json").read_text())
    described.pop("profile")
    for resource in described["resources"]:
        name = resource["name"]
        assert resource["schema"].endswith(f"/1.0.2/{name}-table-schema.json")
        columns = {
            "deployments": camtrap_dp.DEPLOYMENTS,
            "media": camtrap_dp.MEDIA,
            "observations": camtrap_dp.OBSERVATIONS,
        }[name]
        fields = [{"name": column, **FIELDS[name].get(column, {"type": "string"})} for column in columns]
        key = columns[0]
        resource["schema"] = {
            "fields": fields,
            "primaryKey": key,
            "foreignKeys": FOREIGN[name],
            "missingValues": ["", "NA"],
        }
    (folder / "inline.json").write_text(json.dumps(described))
    report = frictionless.validate(str(folder / "inline.json"))
    return report.flatten(["type", "rowNumber", "fieldName", "message"])


@pytest.fixture(params=["event", "media"])
def package(request, tmp_path):
    (tmp_path / "stations.csv").write_text(STATIONS)
    more = [
        surveytables.picture(path, "2024-05-03T09:00:00", (surveytables.crop("=1+1"),), station="B")
        for path in ("card3/B/..a=1.jpg", "=card/B/ñ 'x', \"y\".jpg", "~card/B/$HOME.JPG")
    ]
    files = surveytables.write(tmp_path / "tables", survey() + more)
    camtrap_dp.export(
        Survey(**files, zone="-05:00"), read_stations(tmp_path / "stations.csv"), tmp_path / "dp", request.param, ABOUT
    )
    return tmp_path / "dp"


def test_a_package_is_valid(package):
    assert validate(package) == []


@pytest.mark.parametrize(
    ("name", "column", "wrong"),
    [
        ("media", "timestamp", "2024-05-01"),
        ("observations", "deploymentID", "nowhere"),
        ("media", "filePath", "../x.jpg"),
    ],
)
def test_the_validation_sees_what_is_wrong(package, name, column, wrong):
    with open(package / f"{name}.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0][column] = wrong
    with open(package / f"{name}.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert validate(package)


def test_compressed_tables_are_valid_too(package, monkeypatch, tmp_path):
    monkeypatch.setattr(camtrap_dp, "LARGE", 3)
    tables = {name: tmp_path / "tables" / f"{name}.parquet" for name in ("images", "crops", "labels")}
    camtrap_dp.export(
        Survey(**tables, zone="-05:00"), read_stations(tmp_path / "stations.csv"), tmp_path / "gz", "event", ABOUT
    )
    assert (tmp_path / "gz" / "media.csv.gz").exists()
    assert validate(tmp_path / "gz") == []


@pytest.mark.skipif("PACKAGE" not in os.environ, reason="PACKAGE=results/export/camtrap_dp names a package of a survey")
def test_a_package_of_a_survey_is_valid(tmp_path):
    import shutil

    copy = shutil.copytree(os.environ["PACKAGE"], tmp_path / "package")
    assert validate(copy) == []
