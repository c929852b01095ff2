"""Pictures are worked on in parts: whole groups at a time, and what comes out does not depend on the size of a part."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camtrap.collect import parts
from camtrap.collect.run import collect
from camtrap.core.files import write_parquet, write_parquet_parts
from camtrap.crop.run import CROP_SCHEMA
from camtrap.index.run import INDEX_SCHEMA

OPTIONS = {"burst_seconds": 60, "event_minutes": 30, "repeat_detections": True, "repeat_events": 2, "repeat_iou": 0.9}


def test_a_part_has_whole_groups_in_their_order(monkeypatch):
    monkeypatch.setattr(parts, "ROWS", 3)
    groups = np.array([2, 0, 1, 0, 2, 1, 0, 3])
    assert [part.tolist() for part in parts.parts(groups)] == [[1, 3, 6], [2, 5, 0, 4], [7]]
    assert [part.tolist() for part in parts.parts(groups[:0])] == [[]]


def test_what_was_found_in_parts_comes_back_to_its_rows():
    found = [pa.table({"x": ["d", "a"]}), pa.table({"x": ["c"]})]
    assert parts.scattered(found, [np.array([3, 0]), np.array([2])], 5)["x"].to_pylist() == ["a", None, "c", "d", None]


def test_a_file_of_parts_is_that_of_the_whole(tmp_path):
    table = pa.table({"x": pa.array(range(10)), "y": [None, "a"] * 5})
    write_parquet(tmp_path / "whole", table, row_group_size=4)
    write_parquet_parts(tmp_path / "parts", (table.slice(start, 4) for start in (0, 4, 8)))
    assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.fixture
def shards(tmp_path):
    """Two shards whose folders, stations and copies cross; half of the pictures have no time."""
    for kind in ("index", "detections", "crops"):
        (tmp_path / kind).mkdir()
    start, box = np.datetime64("2024-05-01T08:00:00", "us"), {"x": 0.1, "y": 0.1, "w": 0.2, "h": 0.3}
    for shard in range(2):
        index, images, crops = [], [], []
        for n in range(shard, 48, 2):
            path, name = f"card{n % 3}/S{n % 4}/{n:03d}.jpg", f"{n % 40:012d}"
            when = (start + np.timedelta64(n * 700, "s")).item() if n % 8 < 4 else None
            batch, station = path.split("/")[:2]
            index.append({"path": path, "image_id": name, "status": "ok", "batch": batch, "datetime": when})
            index[-1] |= {"station": station if n % 5 else None, "width": 64, "height": 48}
            bbox = list(box.values())
            images.append({"file": path, "detections": [{"category": "1", "conf": 0.9, "bbox": bbox}] * (n % 2)})
            if n % 2:
                row = {"crop_id": name, "image_id": name, "path": path, "category": "animal", "conf": 0.9}
                crops.append(row | box)
        pq.write_table(pa.Table.from_pylist(index, INDEX_SCHEMA), tmp_path / "index" / f"s{shard}.parquet")
        text = json.dumps({"detection_categories": {"1": "animal"}, "images": images})
        (tmp_path / "detections" / f"s{shard}.json").write_text(text)
        pq.write_table(pa.Table.from_pylist(crops, CROP_SCHEMA), tmp_path / "crops" / f"s{shard}.parquet")
    return tmp_path


def test_tables_do_not_depend_on_the_size_of_a_part(shards, monkeypatch):
    files = [sorted((shards / kind).iterdir()) for kind in ("index", "detections", "crops")]

    def collected(name):
        counts = collect(*files, shards / "removed.tsv", shards / name, OPTIONS, 0.2, ["animal"])
        return counts, *(pq.read_table(shards / name / f"{kind}.parquet") for kind in ("images", "crops"))

    counts, images, crops = collected("whole")
    assert counts["repeat_detections"] > 0
    assert counts["categories"]["duplicate"] == 8
    monkeypatch.setattr(parts, "ROWS", 1)
    monkeypatch.setattr(parts, "GROUP", 5)
    assert collected("parts") == (counts, images, crops)
    assert images.schema.field("flash").type == pa.bool_(), "no picture says whether it fired"
