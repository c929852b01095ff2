"""The notebooks' record: one record per content, one vector per detection."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camtrap.crop.geometry import crop_id
from camtrap.detections import megadetector_json as md
from camtrap.export.yasuni import export

A, B, C = "a" * 64, "b" * 64, "c" * 64
BOXES = [[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.25, 0.25], [0.0, 0.0, 0.1, 0.1]]


@pytest.fixture
def survey(tmp_path):
    """Two shards: a picture with two crops and a low box, its copy in the other shard, an empty and a failed one."""
    place = {"station": "S1", "latitude": -0.63242, "longitude": None, "label": None, "error": None, "n_paths": 1}
    rows = [
        {"path": "c2/a copy.jpg", "image_id": A, "shard": "s2", "category": "duplicate", "n_paths": 3},
        {"path": "c1/a.jpg", "image_id": A, "shard": "s1", "category": "animal", "n_paths": 3, "label": "ocelot"},
        {"path": "c2/a gone.jpg", "image_id": A, "shard": "s2", "category": "removed", "n_paths": 1},
        {"path": "c1/b.jpg", "image_id": B, "shard": "s1", "category": "failed"},
        {"path": "c2/ñ.jpg", "image_id": C, "shard": "s2", "category": "empty"},
    ]
    images = pa.Table.from_pylist([place | row for row in rows])
    index = {
        "s1": {"c1/a.jpg": '{"Make": "RECONYX"}', "c1/b.jpg": None},
        "s2": {"c2/a copy.jpg": "{}", "c2/ñ.jpg": "{}"},
    }
    ids = [crop_id(A, box) for box in BOXES[:2]]
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(3, 8)).astype(np.float32)
    boxes = [{"category": "1", "conf": c, "bbox": b} for c, b in zip((0.95, 0.9, 0.05), BOXES, strict=True)]
    rows1 = [{"file": "c1/a.jpg", "detections": boxes}, {"file": "c1/b.jpg", "failure": "no picture"}]
    # the other shard's file numbers its categories in another way
    rows2 = [
        {"file": "c2/a copy.jpg", "detections": []},
        {"file": "c2/ñ.jpg", "detections": [boxes[2] | {"category": "5"}]},
    ]
    detections = {
        "s1": md.batch_json(rows1, {}, {"1": "animal", "4": "drone"}),
        "s2": md.batch_json(rows2, {}, {"1": "animal", "4": "boat", "5": "drone"}),
    }
    for shard in ("s1", "s2"):
        for folder in ("index", "embeddings"):
            (tmp_path / folder).mkdir(exist_ok=True)
        table = pa.table({"path": list(index[shard]), "exif": pa.array(index[shard].values(), pa.string())})
        pq.write_table(table, tmp_path / "index" / f"{shard}.parquet")
        md.write(tmp_path / "detections" / f"{shard}.json", detections[shard])
    values = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 8)
    pq.write_table(pa.table({"crop_id": [*ids, "other"], "embedding": values}), tmp_path / "embeddings" / "s1.parquet")
    nothing = pa.FixedSizeListArray.from_arrays(pa.array([], pa.float32()), 8)
    table = pa.table({"crop_id": pa.array([], pa.string()), "embedding": nothing})
    pq.write_table(table, tmp_path / "embeddings" / "s2.parquet")
    pq.write_table(images, tmp_path / "images.parquet")
    pq.write_table(pa.table({"crop_id": ids, "image_id": [A, A], "shard": ["s1", "s1"]}), tmp_path / "crops.parquet")

    def run():
        paths = [sorted((tmp_path / d).iterdir()) for d in ("index", "detections", "embeddings")]
        tables = tmp_path / "images.parquet", tmp_path / "crops.parquet"
        outs = tmp_path / "yasuni.json", tmp_path / "yasuni_features.jsonl"
        counts = export(*tables, *paths, *outs)
        lines = outs[1].read_text(encoding="utf-8").splitlines()
        return json.loads(outs[0].read_text(encoding="utf-8")), [json.loads(line) for line in lines], counts

    return run, vectors


def test_record_is_the_notebooks(survey):
    run, _ = survey
    records, _, counts = run()
    assert counts == {"records": 3, "features_records": 1, "vectors": 2}
    assert [r["id_sha_256"] for r in records] == [A, B, C]
    a, b, c = records
    assert a == {
        "id_sha_256": A,
        "paths": ["c1/a.jpg", "c2/a copy.jpg"],
        "metadata": {
            "image": {"Make": "RECONYX"},
            "other": {"location": {"station": "S1", "latitude": -0.63242, "longitude": None}},
        },
        "detectors": {
            "megadetectorV5": {
                "researcher": "",
                "output": {
                    "file": "c1/a.jpg",
                    "detections": [
                        {"category": "1", "conf": conf, "bbox": box}
                        for conf, box in zip((0.95, 0.9, 0.05), BOXES, strict=True)
                    ],
                },
            },
            "another_detector": {},
            "ground_truth": {"label": "ocelot"},
        },
        "segmentation_masks": [],
    }
    assert b["detectors"]["megadetectorV5"]["output"] == {
        "file": "c1/b.jpg",
        "failure": "no picture",
        "detections": None,
    }
    assert b["detectors"]["ground_truth"] == {}
    assert c["paths"] == ["c2/ñ.jpg"]


def test_one_vector_a_detection_unrounded(survey):
    run, vectors = survey
    records, features, _ = run()
    (line,) = features
    found = line["detectors"]["megadetectorV5"]["output"]["detections"]
    assert [d["crop_id"] for d in found] == [crop_id(A, box) for box in BOXES[:2]]
    np.testing.assert_array_equal(np.array([d["features"] for d in found], dtype=np.float32), vectors[:2])
    rest = ("id_sha_256", "paths", "metadata", "segmentation_masks")
    assert {k: line[k] for k in rest} == {k: records[0][k] for k in rest}


def test_categories_keep_their_meaning_whatever_their_number(survey):
    run, _ = survey
    records, _, _ = run()
    (a, *_), (c, *_) = (records[i]["detectors"]["megadetectorV5"]["output"]["detections"] for i in (0, 2))
    assert (a["category"], c["category"]) == ("1", "drone")
