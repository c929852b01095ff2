"""Repeat detections from stored crops to the tables and the page: a branch is left out, a standing herd is not."""

import datetime as dt
import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camtrap.collect.run import collect
from camtrap.crop.geometry import cut
from camtrap.crop.run import CROP_SCHEMA, encode
from camtrap.index.run import INDEX_SCHEMA
from camtrap.report import left_out

RULES = {"burst_seconds": 60, "event_minutes": 30, "repeat_detections": True, "repeat_events": 8, "repeat_iou": 0.9}
LOOKS = RULES | {"repeat_look": 0.6, "repeat_days": 3}
CROP = {"shape": "pad", "size": 64, "padding": 0.1}
BRANCH, HERD = (0.1, 0.1, 0.2, 0.15), (0.4, 0.3, 0.5, 0.6)


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """Twelve days of one station: a branch in the wind, seen each day in another light, and another cow each day in one place."""
    folder, random = tmp_path_factory.mktemp("left-out"), np.random.default_rng(3)
    branch = np.kron(random.integers(30, 220, (8, 10, 1)), np.ones((9, 12, 3)))
    index, images, crops = [], [], []
    for day in range(12):
        path, light = f"a/{day:02d}.jpg", random.uniform(0.4, 1.1)
        picture = random.normal(120, 8, (480, 600, 3))
        picture[48:120, 60:180] = branch * light + random.normal(0, 4, branch.shape)
        cow = random.integers(20, 230, (6, 10, 1))
        picture[144:432, 240:540] = np.kron(cow, np.ones((48, 30, 3)))
        picture = picture.clip(0, 255).astype(np.uint8)
        when = dt.datetime(2024, 5, 1 + day, 12)
        row = {"path": path, "image_id": f"i{day:02d}", "status": "ok", "batch": "a", "station": "S", "datetime": when}
        index.append({**row, "width": 600, "height": 480})
        boxes = [tuple(np.add(box, random.uniform(-0.002, 0.002, 4)).tolist()) for box in (BRANCH, HERD)]
        images.append({"file": path, "detections": [{"category": "1", "conf": 0.8, "bbox": list(b)} for b in boxes]})
        for name, box in zip(("branch", "cow"), boxes, strict=True):
            stored = encode(cut(picture, box, "pad", 64, 0.1), "png", 95)
            found = {"crop_id": f"{name}{day:02d}", "image_id": f"i{day:02d}", "path": path, "category": "animal"}
            crops.append({**found, "conf": 0.8, **dict(zip("xywh", box, strict=True)), "image": stored})
    pq.write_table(pa.Table.from_pylist(index, INDEX_SCHEMA), folder / "index.parquet")
    (folder / "one.json").write_text(
        json.dumps({"detection_categories": {"1": "animal"}, "images": images}), encoding="utf-8"
    )
    (folder / "removed.tsv").write_text("path\n", encoding="utf-8")
    table = pa.Table.from_pylist(crops, CROP_SCHEMA).replace_schema_metadata({"failures": "[]"})
    pq.write_table(table, folder / "crops.parquet")
    return folder


def collected(survey, options):
    index, crops = survey / "index.parquet", survey / "crops.parquet"
    # the shard's name is that of its files
    named = [survey / kind / "one.parquet" for kind in ("index", "crops")]
    for source, target in zip((index, crops), named, strict=True):
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(source.read_bytes())
    collect(
        [named[0]], [survey / "one.json"], [named[1]], survey / "removed.tsv", survey / "tables",
        options, 0.2, ["animal"], cut=CROP,
    )  # fmt: skip
    return pq.read_table(survey / "tables" / "crops.parquet").to_pandas().set_index("crop_id")


def test_a_branch_is_left_out_and_cows_in_one_place_are_not(survey):
    crops = collected(survey, RULES)
    assert crops["repeat"].all(), "by place alone all are repeats"
    crops = collected(survey, LOOKS)
    assert set(crops.index[crops["repeat"]]) == {f"branch{day:02d}" for day in range(12)}
    assert (crops["clustered"] == ~crops["repeat"]).all()
    assert set(crops["repeat_place"].dropna()) == {"branch00"}


def test_what_was_left_out_is_listed_and_taken_back(survey):
    collected(survey, LOOKS)
    (place,) = left_out.places(survey / "tables" / "crops.parquet")
    assert (place.name, place.station, place.crops, place.days, place.taken_back) == ("branch00", "S", 12, 12, False)
    assert len(place.shown) == 6
    crops = collected(survey, LOOKS | {"repeat_keep": [place.name]})
    assert crops["clustered"].all()
    (again,) = left_out.places(survey / "tables" / "crops.parquet")
    assert again.taken_back
    assert again.name == place.name


def test_tables_of_an_older_version_list_what_was_left_out(survey):
    table = pq.read_table(survey / "tables" / "crops.parquet") if collected(survey, RULES) is not None else None
    old = survey / "old.parquet"
    pq.write_table(table.drop_columns(["repeat_place"]), old)
    (place,) = left_out.places(old)
    assert (place.name, place.crops) == ("", 24)


def test_the_page_shows_them(survey):
    import jinja2

    collected(survey, LOOKS)
    found = left_out.places(survey / "tables" / "crops.parquet")
    folder = left_out.__file__.rpartition("/")[0]
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True)
    environment.filters["count"] = lambda n, one: f"{n} {one}s"
    macro = environment.get_template("left_out.html").module.left_out
    page = macro(found, {crop: {"uri": "data:,", "width": 9, "height": 9} for crop in found[0].shown})
    assert "branch00" in page
    assert len(re.findall("<img ", page)) == 6
    assert macro([], {}).strip() == ""
