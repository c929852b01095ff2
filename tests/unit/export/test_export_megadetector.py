"""The MegaDetector export passes the package's validator and opens in its own postprocessing."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import trapdata

from camtrap.crop.geometry import crop_id
from camtrap.detections import megadetector_json as md
from camtrap.export.megadetector import export

SEEN, COPY, BROKEN, EMPTY, GONE = "a" * 64, "a" * 64, None, "c" * 64, "d" * 64
BOXES = {"first": [0.1, 0.2, 0.3, 0.4], "second": [0.5, 0.5, 0.25, 0.25], "branch": [0.0, 0.6, 0.1, 0.1]}


def images(**videos):
    rows = [
        {"path": "c1/seen.jpg", "image_id": SEEN, "shard": "s1", "category": "animal"},
        {"path": "c1/broken.jpg", "image_id": BROKEN, "shard": "s1", "category": "failed", "error": "no picture"},
        {"path": "c2/copy.jpg", "image_id": COPY, "shard": "s2", "category": "duplicate"},
        {"path": "c2/empty.jpg", "image_id": EMPTY, "shard": "s2", "category": "empty"},
        {"path": "c2/gone.jpg", "image_id": GONE, "shard": "s2", "category": "removed"},
    ]
    kinds = [(k, pa.string()) for k in ("path", "image_id", "shard", "category", "error", "video")]
    return pa.Table.from_pylist(rows, pa.schema([*kinds, ("frame", pa.int32()), ("frame_time", pa.float64())]))


def crops():
    def row(name, repeat=False):
        x, y, w, h = BOXES[name]
        place = {"x": x, "y": y, "w": w, "h": h}
        return {
            "crop_id": crop_id(SEEN, BOXES[name]),
            "image_id": SEEN,
            "category": "animal",
            "conf": 0.9 if name == "first" else 0.8,
            "repeat": repeat,
        } | place

    table = pa.Table.from_pylist([row("first"), row("second"), row("branch", repeat=True)])
    for name in ("conf", "x", "y", "w", "h"):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(pa.float32()))
    return table


def clusters(first=4, second=7):
    return pa.table(
        {
            "crop_id": [crop_id(SEEN, BOXES["first"]), crop_id(SEEN, BOXES["second"])],
            "cluster": pa.array([first, second], pa.int32()),
            "probability": pa.array([0.75, None], pa.float32()),
        }
    )


@pytest.fixture
def detections(tmp_path):
    seen = [
        {"category": "1", "conf": c, "bbox": BOXES[n]} for n, c in (("first", 0.9), ("second", 0.8), ("branch", 0.8))
    ]
    low = {"category": "4", "conf": 0.03, "bbox": [0.7, 0.1, 0.1, 0.1]}
    s1 = [{"file": "c1/seen.jpg", "detections": [*seen, low]}, {"file": "c1/broken.jpg", "failure": "no picture"}]
    s2 = [{"file": f"c2/{n}.jpg", "detections": d} for n, d in (("copy", seen), ("empty", []), ("gone", []))]
    for shard, rows in (("s1", s1), ("s2", s2)):
        data = md.batch_json(rows, {"detector": "md_v5a"}, md.categories_of(["drone"]), None, None, None)
        md.write(tmp_path / "detections" / f"{shard}.json", data)
    return [tmp_path / "detections" / f"{shard}.json" for shard in ("s1", "s2")]


def saved(folder, *tables):
    """Paths of tables of pictures, crops and clusters, which are written here."""
    paths = [folder / f"{name}.parquet" for name in ("images", "crops", "clusters", "labels")]
    for path, table in zip(paths, tables, strict=False):
        pq.write_table(table, path)
    return paths[: len(tables)]


def written(tmp_path, clusters, names, labels=None, **options):
    out = tmp_path / "out.json"
    *tables, said = saved(tmp_path, images(), crops(), clusters, labels or crops())
    counts = export(*tables, names, out, labels=said if labels else None, **options)
    assert md.validate(out) == []
    data = json.loads(out.read_text())
    assert data["info"]["format_version"] == "1.6"
    return data, {image["file"]: image for image in data["images"]}, counts


def test_with_detections(tmp_path, detections):
    data, found, counts = written(tmp_path, clusters(), {4: "ocelot"}, detections=detections)
    assert list(found) == ["c1/broken.jpg", "c1/seen.jpg", "c2/copy.jpg", "c2/empty.jpg"]
    assert data["info"]["detector"] == "md_v5a"
    assert data["detection_categories"] == {"1": "animal", "2": "person", "3": "vehicle", "4": "drone"}
    assert data["classification_categories"] == {"4": "ocelot", "7": "cluster 7"}
    assert data["classification_category_descriptions"] == {"4": "cluster 4: 1 crops", "7": "cluster 7: 1 crops"}
    assert found["c1/broken.jpg"] == {"file": "c1/broken.jpg", "failure": "no picture", "detections": None}
    classified = [
        {"category": "1", "conf": 0.9, "bbox": BOXES["first"], "classifications": [["4", 0.75]]},
        {"category": "1", "conf": 0.8, "bbox": BOXES["second"], "classifications": [["7", 1.0]]},
    ]
    low = {"category": "4", "conf": 0.03, "bbox": [0.7, 0.1, 0.1, 0.1]}
    branch = {"category": "1", "conf": -0.8, "bbox": BOXES["branch"]}
    assert found["c1/seen.jpg"]["detections"] == [*classified, low, branch]
    assert found["c2/copy.jpg"]["detections"] == [*classified, branch]
    assert found["c2/empty.jpg"]["detections"] == []
    assert counts == {"images": 4, "failures": 1, "detections": 7, "classified": 4}


def test_without_detections_crops_are_all(tmp_path):
    _, found, counts = written(tmp_path, clusters(), None)
    first, second, branch = found["c1/seen.jpg"]["detections"]
    assert first == {"category": "1", "conf": 0.9, "bbox": BOXES["first"], "classifications": [["4", 0.75]]}
    assert second["classifications"] == [["7", 1.0]]
    assert branch["conf"] == -0.8
    assert found["c2/copy.jpg"]["detections"] == found["c1/seen.jpg"]["detections"]
    assert counts["classified"] == 4


def test_one_name_for_two_clusters_is_one_class_and_noise_is_none(tmp_path):
    data, _, _ = written(tmp_path, clusters(), {7: "ocelot", 4: "ocelot", 9: "nobody"})
    assert data["classification_categories"] == {"4": "ocelot"}
    assert data["classification_category_descriptions"] == {"4": "clusters 4, 7: 2 crops"}
    data, found, _ = written(tmp_path, clusters(first=-1), None)
    assert data["classification_categories"] == {"7": "cluster 7"}
    assert "classifications" not in found["c1/seen.jpg"]["detections"][0]


def test_with_decisions_each_crop_has_the_class_of_its_own_name(tmp_path):
    ids = [crop_id(SEEN, BOXES[name]) for name in ("first", "second", "branch")]

    def labels(*rows):
        kinds = (pa.string(), pa.string(), pa.float32())
        columns = (pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), kinds, strict=True))
        return pa.table(dict(zip(("crop_id", "state", "name", "sure"), (pa.array(ids), *columns), strict=True)))

    said = labels(("named", "ocelot", 0.5), (None, None, None), ("named", "puma", 1.0))
    data, found, _ = written(tmp_path, clusters(4, 4), {4: "tapir"}, labels=said)
    assert data["classification_categories"] == {"4": "cluster 4", "5": "ocelot", "6": "puma"}
    assert data["classification_category_descriptions"] == {
        "4": "cluster 4: 1 crops",
        "5": "cluster 4: 1 crops",
        "6": "1 crops",
    }
    assert [box["classifications"] for box in found["c1/seen.jpg"]["detections"]] == [
        [["5", 0.5]],
        [["4", 1.0]],
        [["6", 1.0]],
    ]
    said = labels(("rejected", None, 1.0), ("named", "ocelot", 1.0), (None, None, None))
    data, found, _ = written(tmp_path, clusters(), None, labels=said)
    assert data["classification_categories"] == {"7": "ocelot"}
    assert "classifications" not in found["c1/seen.jpg"]["detections"][0]


def test_frames_become_their_video(tmp_path):
    rows = [
        {"path": "c1/v.mp4/frame000000.jpg", "image_id": "e" * 64, "frame": 0, "frame_time": 0.0, "category": "empty"},
        {"path": "c1/v.mp4/frame000050.jpg", "image_id": SEEN, "frame": 50, "frame_time": 2.0, "category": "animal"},
    ]
    rows = [row | {"shard": "s1", "video": "c1/v.mp4", "error": None} for row in rows]
    rows.append(
        rows[0] | {"path": "c1/w.mp4", "image_id": None, "video": None, "category": "failed", "error": "broken"}
    )
    out = tmp_path / "out.json"
    export(*saved(tmp_path, pa.Table.from_pylist(rows, images().schema), crops(), clusters()), None, out)
    assert md.validate(out) == []
    found = {image["file"]: image for image in json.loads(out.read_text())["images"]}
    assert (found["c1/v.mp4"]["frame_rate"], found["c1/v.mp4"]["frames_processed"]) == (25.0, [0, 50])
    assert [d["frame_number"] for d in found["c1/v.mp4"]["detections"]] == [50, 50, 50]
    assert found["c1/w.mp4"]["failure"] == "broken"


def test_postprocessing_makes_its_pages(tmp_path):
    from megadetector.postprocessing.postprocess_batch_results import PostProcessingOptions, process_batch_results

    (tmp_path / "pictures" / "card1").mkdir(parents=True)
    (tmp_path / "pictures" / "card1" / "RCNX0002.JPG").write_bytes(trapdata.day().data)
    one = images().slice(0, 1)
    one = one.set_column(0, "path", pa.array(["card1/RCNX0002.JPG"]))
    export(*saved(tmp_path, one, crops(), clusters()), {4: "ocelot"}, tmp_path / "out.json")
    options = PostProcessingOptions()
    options.md_results_file, options.image_base_dir = str(tmp_path / "out.json"), str(tmp_path / "pictures")
    options.output_dir, options.parallelize_rendering = str(tmp_path / "html"), False
    options.confidence_threshold = 0.2
    page = Path(process_batch_results(options).output_html_file)
    assert "ocelot" in page.read_text(encoding="utf-8", errors="replace")
    assert (page.parent / "class_ocelot.html").is_file()


def test_batch_json_is_deterministic_and_rounds_as_the_package():
    from megadetector.detection.run_detector import CONF_DIGITS, COORD_DIGITS

    boxes = [{"category": "1", "conf": c, "bbox": [0.123456, 0.2, 0.3, 0.4]} for c in (0.12345, 0.98765)]
    rows = [{"file": "b.jpg", "detections": boxes}, {"file": "a.jpg", "failure": "x"}]
    first = md.batch_json(rows, {"detector": "d"})
    again = md.batch_json([rows[1], {"file": "b.jpg", "detections": boxes[::-1]}], {"detector": "d"})
    assert md.dumps(first) == md.dumps(again)
    best = first["images"][1]["detections"][0]
    assert (best["conf"], best["bbox"][0]) == (round(0.98765, CONF_DIGITS), round(0.123456, COORD_DIGITS))


def test_batch_json_refuses_nonsense(tmp_path):
    for wrong in ({"category": "9"}, {"conf": float("nan")}, {"bbox": [0, 0, 1]}):
        row = {"file": "a.jpg", "detections": [{"category": "1", "conf": 0.5, "bbox": [0, 0, 1, 1]} | wrong]}
        with pytest.raises(ValueError, match=r"a\.jpg"):
            md.batch_json([row], {})
    bad = tmp_path / "bad.json"
    bad.write_text('{"info": {"format_version": "1.6"}, "detection_categories": {"x": "animal"}, "images": []}')
    with pytest.raises(ValueError, match="not a valid MegaDetector file"):
        md.validate(bad)
