"""What came of a run, in the terminal."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camtrap.report.closing import closing

NONE = {"animal": 0, "person": 0, "vehicle": 0, "empty": 0, "failed": 0, "duplicate": 0}


@pytest.fixture
def survey(tmp_path):
    def make(categories, confidences=(), passed=None, scientific=False, **more):
        (tmp_path / "report").mkdir(exist_ok=True)
        (tmp_path / "tables").mkdir(exist_ok=True)
        categories = NONE | categories
        counts = {"found": sum(categories.values()), "categories": categories, "crops": 0, "clustered": 0} | more
        summary = {"k": 3, "names": {"0": "puma"}, "noise": 2, "clustered": counts["clustered"], "failures": 0}
        (tmp_path / "tables" / "counts.json").write_text(json.dumps(counts))
        (tmp_path / "report" / "summary.json").write_text(json.dumps(summary))
        pq.write_table(pa.table({"max_conf": pa.array(confidences, pa.float32())}), tmp_path / "tables/images.parquet")
        return closing(tmp_path, tmp_path / "report.html", 0.2, passed, scientific)

    return make


def test_what_came_of_it(survey, tmp_path):
    said = survey(
        {"animal": 1200, "empty": 3},
        crops=1300,
        clustered=1300,
        passed={"HEIC": 5},
        stations_without_pictures=["A", "B"],
        doubtful_clocks={"epoch": 2, "future": 1},
    )
    assert said == [
        "1,203 pictures: 1,200 animal, 3 empty",
        "passed over, because this format is not read: 5 HEIC (convert them to JPEG)",
        "1,300 crops in 3 groups, 2 in none; 1 of the groups named",
        "doubtful clocks: 2 epoch, 1 future (tables/images.parquet says why, in clock_reason)",
        "no picture is of these stations of the table: A, B",
        f"report: {tmp_path}/report.html",
    ]


def test_species_without_a_scientific_name_are_said_where_gbif_is_to_read_them(survey, tmp_path):
    (tmp_path / "export").mkdir()
    rows = "name,scientific\ndeer,\nocelot,Leopardus pardalis\n'=tapir,\n"
    (tmp_path / "export" / "species.csv").write_text(rows, encoding="utf-8-sig")
    (line,) = [line for line in survey({"animal": 3}, clustered=3, scientific=True) if "scientific" in line]
    assert line == "no scientific name, which GBIF needs (add rows to export.species): deer, '=tapir"
    assert not [line for line in survey({"animal": 3}, clustered=3) if "scientific" in line]


@pytest.mark.parametrize(
    ("categories", "confidences", "more", "why"),
    [
        ({"failed": 4}, [], {}, "no picture could be read"),
        ({"empty": 3}, [0.1, 0.19, 0.01], {}, "the best box of 2 pictures lies between 0.05 and 0.2: lower crop.thr"),
        ({"empty": 3}, [0.0, None, 0.01], {}, "the detector found nothing"),
        ({"person": 3}, [0.9, 0.9, 0.9], {}, "only people and vehicles"),
        ({"animal": 3}, [0.9], {"crops": 3}, "all 3 crops are repeat detections"),
    ],
)
def test_a_survey_without_a_crop_says_why(survey, categories, confidences, more, why):
    (line,) = [line for line in survey(categories, confidences, **more) if line.startswith("NO ANIMAL")]
    assert why in line
