import json

import pyarrow as pa
import pyarrow.parquet as pq
from test_camtrap_dp import read

from camtrap.crop.geometry import crop_id
from camtrap.detections import dialects
from camtrap.export import suggestions
from camtrap.export.names import read as read_names

BOX = [0.1, 0.2, 0.3, 0.4]
LABEL = "x;mammalia;carnivora;felidae;leopardus;pardalis;ocelot"
COLUMNS = ("cluster", "name", "crop_id", "crops", "with_name", "share", "mean_score", "second", "second_share")


def test_the_name_that_most_crops_of_a_cluster_have(tmp_path):
    classes = {"0": "ocelot", "1": "margay", "2": "blank"}
    said = {
        "a": [["0", 0.9], ["1", 0.1]],
        "b": [["1", 0.3], ["0", 0.7]],
        "c": [["1", 0.8]],
        "d": [["2", 0.9]],
        "e": [],
        "f": [["1", 1.0]],
    }
    images = [
        {
            "file": f"card/{name}.jpg",
            "detections": [{"category": "1", "conf": 0.9, "bbox": BOX, "classifications": given}],
        }
        for name, given in said.items()
    ]
    file = {
        "info": {"format_version": "1.6"},
        "detection_categories": {"1": "animal"},
        "classification_categories": classes,
        "images": images,
    }
    (tmp_path / "s-1.json").write_text(json.dumps(file))
    ids = {name: name * 64 for name in said}
    crops = [crop_id(ids[name], BOX) for name in said]
    pictures = {"path": [f"card/{name}.jpg" for name in said], "image_id": list(ids.values()), "shard": ["s-1"] * 6}
    pq.write_table(pa.table(pictures), tmp_path / "images.parquet")
    # f is noise
    pq.write_table(
        pa.table({"crop_id": crops, "cluster": pa.array([0, 0, 0, 0, 1, -1], pa.int32())}),
        tmp_path / "clusters.parquet",
    )
    near = {
        "cluster": pa.array([0, 1], pa.int32()),
        "role": ["nearest"] * 2,
        "rank": pa.array([0, 0], pa.int32()),
        "crop_id": [crops[1], crops[4]],
    }
    pq.write_table(pa.table(near), tmp_path / "representatives.parquet")
    tables = (tmp_path / f"{name}.parquet" for name in ("images", "clusters", "representatives"))
    assert suggestions.export(*tables, [tmp_path / "s-1.json"], tmp_path / "suggestions.csv") == 1
    (row,) = read(tmp_path / "suggestions.csv")
    row = {name.lstrip("\ufeff"): value for name, value in row.items()}
    assert row == dict(
        zip(COLUMNS, ("0", "ocelot", crops[1], "4", "2", "0.500", "0.800", "margay", "0.250"), strict=True)
    )
    # a copy of it is a table of names
    assert [(one.name, one.crop_id) for one in read_names(tmp_path / "suggestions.csv")] == [("ocelot", crops[1])]


def test_speciesnets_class_of_seven_parts_is_its_common_name(tmp_path):
    said = {"classes": [LABEL], "scores": [0.75]}
    box = {"category": "1", "label": "animal", "conf": 0.9, "bbox": BOX, "raw_classifications": said}
    file = {"info": {"format_version": "20261015"}, "predictions": [{"filepath": "a.jpg", "detections": [box]}]}
    (tmp_path / "speciesnet.json").write_text(json.dumps(file))
    (record,) = dialects.read(tmp_path / "speciesnet.json").records
    assert record.detections[0].classes == ((("ocelot", LABEL), 0.75),)
