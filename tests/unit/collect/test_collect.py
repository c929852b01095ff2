import csv
import datetime as dt
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camtrap.collect.run import collect
from camtrap.crop.run import CROP_SCHEMA
from camtrap.index.run import INDEX_SCHEMA
from camtrap.metadata.deployments import Deployment, Stations

OPTIONS = {"burst_seconds": 60, "event_minutes": 30, "repeat_detections": True, "repeat_events": 10, "repeat_iou": 0.9}


class Survey:
    """Files of shards, written by hand."""

    def __init__(self, folder):
        self.folder, self.index, self.detections, self.crops = folder, [], [], []
        self.gone = []

    def shard(self, name, rows, failures=()):
        """Rows of (path, image_id, status, [(category id, conf), ...] or the detector's failure)."""
        index, images, crops = [], [], []
        for path, image_id, status, found in rows:
            error = "broken" if status == "failed" else None
            batch = path.partition("/")[0]
            index.append(
                {"path": path, "image_id": image_id, "status": status, "error": error, "batch": batch, "station": "S"}
            )
            if isinstance(found, str):
                images.append({"file": path, "failure": found, "detections": None})
                continue
            boxes = [[0.1 * number, 0.1, 0.2, 0.3] for number, _ in enumerate(found, 1)]
            detections = [{"category": c, "conf": p, "bbox": box} for (c, p), box in zip(found, boxes, strict=True)]
            images.append({"file": path, "detections": detections})
            for (category, conf), box in zip(found, boxes, strict=True):
                if category == "1" and conf >= 0.2:
                    values = dict(zip("xywh", box, strict=True))
                    number = f"{image_id}-{box[0]:.1f}"
                    crops.append(
                        {
                            "crop_id": number,
                            "image_id": image_id,
                            "path": path,
                            "category": "animal",
                            "conf": conf,
                            **values,
                        }
                    )
        for kind in ("index", "detections", "crops"):
            (self.folder / kind).mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(index, INDEX_SCHEMA), self.folder / "index" / f"{name}.parquet")
        categories = {"1": "animal", "2": "person", "3": "vehicle"}
        (self.folder / "detections" / f"{name}.json").write_text(
            json.dumps({"detection_categories": categories, "images": images})
        )
        table = pa.Table.from_pylist(crops, CROP_SCHEMA).replace_schema_metadata(
            {"failures": json.dumps(list(failures))}
        )
        pq.write_table(table, self.folder / "crops" / f"{name}.parquet")

    def index_file(self, name):
        return self.folder / "index" / f"{name}.parquet"

    def collect(self, reverse=False, stations=None):
        removed = self.folder / "removed.tsv"
        removed.write_text("path\n" + "".join(f"{path}\n" for path in self.gone))
        files = [sorted((self.folder / kind).iterdir(), reverse=reverse) for kind in ("index", "detections", "crops")]
        out = self.folder / "tables"
        counts = collect(*files, removed, out, OPTIONS, 0.2, ["animal"], stations)
        images = {row["path"]: row for row in pq.read_table(out / "images.parquet").to_pylist()}
        return counts, images, pq.read_table(out / "crops.parquet").to_pylist()


@pytest.fixture
def survey(tmp_path):
    survey = Survey(tmp_path)
    survey.shard(
        "one",
        [
            ("a/1.jpg", "i1", "ok", [("1", 0.9), ("2", 0.9)]),
            ("a/2.jpg", "i2", "ok", [("2", 0.8), ("3", 0.9)]),
            ("a/3.jpg", "i3", "ok", [("3", 0.2), ("1", 0.19)]),
            ("a/4.jpg", "i4", "ok", [("1", 0.1)]),
            ("a/5.jpg", None, "failed", "image access failure"),
            ("a/6.jpg", "i6", "damaged", [("1", 0.5)]),
        ],
    )
    survey.shard(
        "two",
        [
            ("b/1.jpg", "i1", "ok", [("1", 0.9)]),
            ("b/2.jpg", "i7", "ok", [("1", 0.7)]),
            ("b/3.jpg", "i8", "ok", "inference failure"),
            ("b/4.jpg", "i9", "ok", []),
        ],
        failures=[["b/4.jpg", "vanished"]],
    )
    return survey


def test_every_picture_is_in_exactly_one_category(survey):
    counts, images, _ = survey.collect()
    found = {path: row["category"] for path, row in images.items()}
    assert found == {
        "a/1.jpg": "animal",
        "a/2.jpg": "person",
        "a/3.jpg": "vehicle",
        "a/4.jpg": "empty",
        "a/5.jpg": "failed",
        "a/6.jpg": "animal",
        "b/1.jpg": "duplicate",
        "b/2.jpg": "animal",
        "b/3.jpg": "failed",
        "b/4.jpg": "failed",
    }
    assert counts["found"] == 10 == sum(counts["categories"].values())
    assert counts["damaged"] == 1


def test_duplicates_point_at_the_copy_that_counts_and_are_cropped_once(survey):
    _, images, crops = survey.collect()
    assert images["b/1.jpg"]["duplicate_of"] == "a/1.jpg"
    assert images["a/1.jpg"]["n_paths"] == images["b/1.jpg"]["n_paths"] == 2
    assert [crop["path"] for crop in crops] == ["a/1.jpg", "a/6.jpg", "b/2.jpg"]
    assert [(crop["shard"], crop["row"]) for crop in crops] == [("one", 0), ("one", 1), ("two", 1)]


def test_a_folder_of_copies_is_no_station(survey):
    survey.shard("three", [("copies/1.jpg", "i1", "ok", [("1", 0.9)]), ("copies/2.jpg", "i7", "ok", [("1", 0.7)])])
    for name in ("one", "two", "three"):
        table = pq.read_table(survey.index_file(name))
        at = table.schema.get_field_index("station")
        pq.write_table(table.set_column(at, "station", table["batch"]), survey.index_file(name))
    counts, images, _ = survey.collect()
    assert images["copies/1.jpg"]["category"] == images["copies/2.jpg"]["category"] == "duplicate"
    assert counts["stations"] == 2


def test_a_removed_picture_is_no_longer_counted_and_its_copy_takes_its_place(survey):
    survey.gone = ["a/1.jpg"]
    counts, images, crops = survey.collect()
    assert counts["found"] == 9 == sum(counts["categories"].values())
    assert counts["removed"] == 1
    assert images["b/1.jpg"]["category"] == "animal"
    assert "a/1.jpg" not in {crop["path"] for crop in crops}


def test_failures_say_stage_and_reason(survey):
    survey.collect()
    rows = list(csv.DictReader((survey.folder / "tables" / "failures.csv").open()))
    assert [tuple(row.values()) for row in rows] == [
        ("a/5.jpg", "index", "failed", "broken"),
        ("a/6.jpg", "index", "damaged", ""),
        ("b/3.jpg", "detect", "failed", "inference failure"),
        ("b/4.jpg", "crop", "failed", "vanished"),
    ]


def test_order_of_shards_does_not_matter(survey):
    def everything():
        return {path.name: path.read_bytes() for path in sorted((survey.folder / "tables").iterdir())}

    survey.collect()
    first = everything()
    survey.collect(reverse=True)
    assert everything() == first


def test_nothing_but_failures(tmp_path):
    survey = Survey(tmp_path)
    survey.shard("one", [("a/1.jpg", None, "failed", "image access failure")])
    counts, _, crops = survey.collect()
    assert counts["categories"]["failed"] == counts["found"] == 1
    assert crops == []


def test_stations_give_places_correct_clocks_and_flag_what_lies_outside(tmp_path):
    survey = Survey(tmp_path)
    times = {
        "a/in.jpg": dt.datetime(2018, 10, 6, 2, 45),
        "a/late.jpg": dt.datetime(2018, 12, 6, 2, 45),
        "a/epoch.jpg": dt.datetime(2000, 1, 1, 0, 0, 10),
        "a/none.jpg": None,
        "b/other.jpg": dt.datetime(2018, 10, 6, 2, 45),
        "a/gps.jpg": dt.datetime(2018, 10, 7),
    }
    survey.shard("one", [(path, path, "ok", []) for path in times])
    rows = pq.read_table(survey.index_file("one")).to_pylist()
    for row in rows:
        row["datetime"] = times[row["path"]]
        row["station"] = "HS-B" if row["path"].startswith("a/") else "unknown"
        row["clock"] = "epoch" if "epoch" in row["path"] else None
        if "gps" in row["path"]:
            row["latitude"], row["longitude"] = 1.0, 2.0
    pq.write_table(pa.Table.from_pylist(rows, INDEX_SCHEMA), survey.index_file("one"))
    deployment = Deployment(
        "HS-B", -0.63, -76.1, None, dt.timedelta(hours=1), *(dt.datetime(2018, m, 1) for m in (10, 11))
    )
    _, images, _ = survey.collect(stations=Stations([deployment]))
    found = {path: (row["datetime"], row["clock"], row["latitude"], row["longitude"]) for path, row in images.items()}
    hour = dt.timedelta(hours=1)
    assert found == {
        "a/in.jpg": (times["a/in.jpg"] + hour, None, -0.63, -76.1),
        "a/late.jpg": (times["a/late.jpg"] + hour, "outside deployment", -0.63, -76.1),
        "a/epoch.jpg": (times["a/epoch.jpg"] + hour, "epoch", -0.63, -76.1),
        "a/none.jpg": (None, None, -0.63, -76.1),
        "b/other.jpg": (times["b/other.jpg"], None, None, None),
        "a/gps.jpg": (times["a/gps.jpg"] + hour, None, 1.0, 2.0),
    }


def test_a_clock_that_jumps_back_is_found_across_shards(tmp_path):
    survey = Survey(tmp_path)
    hours = [0, 1, 2, 3, 4, 5, 2, 7, 8, 9]
    names = [f"a/IMG_{number:04d}.JPG" for number in range(len(hours))]
    for shard, part in (("one", slice(0, 5)), ("two", slice(5, 10))):
        survey.shard(shard, [(name, name, "ok", []) for name in names[part]])
        table = pq.read_table(survey.index_file(shard))
        times = [dt.datetime(2019, 3, 16, hour) for hour in hours[part]]
        at = table.schema.get_field_index("datetime")
        table = table.set_column(at, table.schema.field("datetime"), pa.array(times, pa.timestamp("us")))
        pq.write_table(table, survey.index_file(shard))
    _, images, _ = survey.collect()
    assert [images[name]["clock"] for name in names] == [None] * 6 + ["jumps back"] + [None] * 3
