"""Every dialect is read as its tool means it. The tools write the files where they are importable here."""

import json

import numpy as np
import pytest
from realdata import REAL, real

from camtrap.core.errors import UserError
from camtrap.detections import dialects
from camtrap.detections.records import to_relative

# Written by PyTorch-Wildlife 1.3.0 (utils/post_process.py) from two sv.Detections, white space removed:
# save_detection_json, save_detection_timelapse_json, save_detection_classification_json, save_detection_json_as_dots.
PW = """{"annotations":[{"img_id":"cam1/IMG_0001.JPG","bbox":[[10,20,110,220],[0,0,640,480]],"category":[0,1],
"confidence":[0.949999988079071,0.25]},{"img_id":"cam1/IMG_0002.JPG","bbox":[],"category":[],"confidence":[]}],
"categories":{"0":"animal","1":"person","2":"vehicle"}}"""
PW_TIMELAPSE = """{"info":{"detector":"megadetector_v5"},"detection_categories":{"0":"animal","1":"person","2":"vehicle"},
"images":[{"file":"cam1/IMG_0001.JPG","max_detection_conf":0.949999988079071,"detections":[{"category":"0",
"conf":0.949999988079071,"bbox":[0.016718748956918716,0.04208333417773247,0.15656250342726707,0.41729165986180305],
"classifications":[]},{"category":"1","conf":0.25,"bbox":[0.0,0.0,1.0,1.0],"classifications":[]}]},
{"file":"cam1/IMG_0002.JPG","max_detection_conf":"","detections":[]}]}"""
PW_CLASSES = """{"annotations":[{"img_id":"a.jpg","bbox":[[10,20,110,220]],"det_category":[0],"det_confidence":[0.5],
"clf_category":[7],"clf_confidence":[0.8]}],"det_categories":{"0":"animal","1":"person"},"clf_categories":{"7":"Agouti"}}"""
PW_DOTS = (
    '{"annotations":[{"img_id":"a.jpg","dot":[[60.0,120.0]],"category":[0],"confidence":[0.9]}],"categories":null}'
)

# Written by SpeciesNet 5.0.6 (ensemble.combine, make_predictions_dict, save_predictions), white space removed.
OCELOT = "5b3e6d1f-0000-0000-0000-000000000000;mammalia;carnivora;felidae;leopardus;pardalis;ocelot"
SPECIESNET = """{"info":{"format_version":"20261015"},"predictions":[{"filepath":"a.jpg","detections":[{"category":"1",
"label":"animal","conf":0.9123,"bbox":[0.1,0.2,0.3,0.4],"raw_classifications":{"classes":["OCELOT",
"f1856211-cfb7-4a5b-9158-c0f72fd09ee6;;;;;;blank"],"scores":[0.8765,0.1]},"processed_classification":{"class":"OCELOT",
"score":0.8765,"source":"classifier"}},{"category":"2","label":"human","conf":0.05,"bbox":[0.5,0.5,0.1,0.2]}],
"model_version":"4.0.3a"},{"filepath":"b.jpg","detections":[],"model_version":"4.0.3a"},{"filepath":"c.jpg",
"failures":["CLASSIFIER","DETECTOR","GEOLOCATION"],"model_version":"4.0.3a"},{"filepath":"w.jpg","detections":[
{"category":"0","label":"whole_image_classification","conf":1.0,"bbox":[0.0,0.0,1.0,1.0],"raw_classifications":{
"classes":["OCELOT"],"scores":[0.8]}},{"category":"1","label":"animal","conf":0.6,"bbox":[0.2,0.2,0.1,0.1]}],
"model_version":"4.0.3b"}]}""".replace("OCELOT", OCELOT)


def read(tmp_path, content, **options):
    path = tmp_path / "any name.txt"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return dialects.read(path, **options)


def plain(record):
    """A record as comparable values."""
    if record.detections is None:
        return record.file, record.failure
    return record.file, [(d.category, -d.conf if d.repeat else d.conf, d.bbox, d.absolute) for d in record.detections]


def test_megadetector_package_writes_and_we_read(tmp_path):
    from megadetector.detection.run_detector_batch import write_results_to_file

    results = [
        {"file": "b/2.JPG", "detections": [{"category": "1", "conf": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4]}]},
        {"file": "a\\1.JPG", "detections": []},
        {"file": "c/3.JPG", "failure": "image access failure"},
    ]
    path = tmp_path / "md.json"
    write_results_to_file(results, str(path), detector_file="md_v5a.0.0.pt")
    found = dialects.read(path)
    assert found.dialect == "megadetector"
    assert found.detector["detector"] == "md_v5a.0.0.pt"
    assert [plain(r) for r in found.records] == [
        ("a/1.JPG", []),
        ("b/2.JPG", [("animal", 0.9, (0.1, 0.2, 0.3, 0.4), False)]),
        ("c/3.JPG", "image access failure"),
    ]


def test_megadetector_oddities(tmp_path):
    images = [
        {"file": "repeat.jpg", "detections": [{"category": "1", "conf": -0.7, "bbox": [0, 0, 0.5, 0.5]}]},
        {"file": "neither.jpg"},
        {"file": "null.jpg", "failure": None, "detections": []},
        {"file": "bad.jpg", "detections": [{"category": "1", "conf": 0.5, "bbox": [0.1, 0.1, 0.0, 0.2]}]},
        {
            "file": "half.jpg",
            "detections": [
                {"category": "2", "conf": float("nan"), "bbox": [0, 0, 1, 1]},
                {"category": "9", "conf": 0.3, "bbox": [0, 0, 1, 1], "classifications": [["0", 0.6], ["1", 0.4]]},
            ],
        },
        {"no file": 1},
    ]
    data = {
        "info": {"format_version": 1.2},
        "detection_categories": {"1": "Animal", "2": "human", "3": "vehicle"},
        "classification_categories": {"0": "ocelot", "1": "puma"},
        "classification_category_descriptions": {"0": "mammalia;ocelot"},
        "images": images,
    }
    found = read(tmp_path, data)
    repeat, neither, null, bad, half = found.records
    assert (repeat.detections[0].conf, repeat.detections[0].repeat) == (0.7, True)
    assert "neither detections nor a failure" in neither.failure
    assert null.detections == []
    assert "no area" in bad.failure
    assert [(d.category, d.classes) for d in half.detections] == [
        ("class 9", ((("ocelot", "mammalia;ocelot"), 0.6), (("puma", ""), 0.4)))
    ]
    assert [file for file, _ in found.problems] == ["bad.jpg", "half.jpg", ""]


def test_what_tools_and_people_make_of_the_format(tmp_path):
    box = [0.3, 0.3, 0.3, 0.3]
    given = {
        "beyond": {"bbox": [0.8, 0.3, 0.21, 0.3]},
        "empty": {"category": "0", "bbox": [0, 0, 0, 0]},
        "empty without a box": {"category": "0", "bbox": []},
        "empty, all of it": {"category": "0", "bbox": [0, 0, 1, 1]},
        "no box": {"bbox": None},
        "class": {"classifications": [["0", float("nan")], ["1", 0.4]]},
        "number": {"category": 1, "conf": "0.93"},
    }
    images = [{"file": k, "detections": [{"category": "1", "conf": 0.9, "bbox": box} | v]} for k, v in given.items()]
    data = {
        "info": {"detector": "md", "detector_metadata": {"typical": [float("nan"), 0.2]}},
        "detection_categories": {"0": "Empty", "1": "animal"},
        "classification_categories": {"0": "deer", "1": "elk"},
        "images": images,
    }
    found = read(tmp_path, data)
    records = {record.file: record for record in found.records}
    assert found.detector == {"detector": "md", "detector_metadata": {"typical": [None, 0.2]}}
    assert [records[name].detections for name in list(given)[1:4]] == [[], [], []]
    assert "not four numbers" in records["no box"].failure
    (kept,) = records["class"].detections
    assert (kept.bbox, kept.classes) == (tuple(box), ((("elk", ""), 0.4),))
    assert (records["number"].detections[0].category, records["number"].detections[0].conf) == ("animal", 0.93)
    assert [file for file, _ in found.problems] == ["no box", "class"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_the_encodings_of_windows(tmp_path, encoding):
    path = tmp_path / "any.json"
    path.write_text(json.dumps([{"file": "ñ.jpg", "detections": []}], ensure_ascii=False), encoding=encoding)
    assert [record.file for record in dialects.read(path).records] == ["ñ.jpg"]


def test_numbers_of_frames_as_text_and_what_is_none(tmp_path):
    box = {"category": "1", "conf": 0.5, "bbox": [0, 0, 0.5, 0.5]}
    numbers = [37, "15", 30.0, "x", -1, None]
    boxes = [box | {"frame_number": number} for number in numbers] + [box]
    data = {"detection_categories": {"1": "animal"}, "images": [{"file": "v.mp4", "detections": boxes}]}
    found = read(tmp_path, data)
    assert [(r.file, len(r.detections)) for r in found.records] == [
        ("v.mp4/frame000015.jpg", 1),
        ("v.mp4/frame000030.jpg", 1),
        ("v.mp4/frame000037.jpg", 1),
    ]
    assert [(file, reason[:45]) for file, reason in found.problems] == [
        ("v.mp4", "a detection without the number of its frame: ")
    ] * 4


def test_video_is_split_into_its_processed_frames(tmp_path):
    boxes = [{"category": "1", "conf": 0.5, "bbox": [0, 0, 0.5, 0.5], "frame_number": 30}]
    video = {"file": "v.mp4", "frame_rate": 30.0, "frames_processed": [0, 30], "detections": boxes}
    data = {"info": {"format_version": "1.6"}, "detection_categories": {"1": "animal"}, "images": [video]}
    found = read(tmp_path, data)
    assert [(r.file, len(r.detections)) for r in found.records] == [
        ("v.mp4/frame000000.jpg", 0),
        ("v.mp4/frame000030.jpg", 1),
    ]


@pytest.mark.parametrize(
    "content", [PW, PW.replace('{"0":"animal","1":"person","2":"vehicle"}', "null"), "\ufeff" + PW]
)
def test_pytorch_wildlife(tmp_path, content):
    found = read(tmp_path, content)
    assert found.dialect == "pytorch-wildlife"
    assert [plain(r) for r in found.records] == [
        (
            "cam1/IMG_0001.JPG",
            [
                ("animal", 0.949999988079071, (10, 20, 100, 200), True),
                ("person", 0.25, (0, 0, 640, 480), True),
            ],
        ),
        ("cam1/IMG_0002.JPG", []),
    ]


@pytest.mark.parametrize("names", ['{"0":"animal","1":"person","2":"vehicle"}', "null"])
def test_pytorch_wildlife_timelapse_agrees_with_its_other_format(tmp_path, names):
    content = PW_TIMELAPSE.replace('{"0":"animal","1":"person","2":"vehicle"}', names)
    found = read(tmp_path, content)
    assert found.dialect == "pytorch-wildlife-timelapse"
    animal, person = found.records[0].detections
    assert (animal.category, person.category) == ("animal", "person")
    # the same boxes before truncation to whole pixels: 10.7, 20.2, 110.9, 220.5 of 640 x 480
    x, y, w, h = animal.bbox
    np.testing.assert_allclose([x * 640, y * 480, (x + w) * 640, (y + h) * 480], [10.7, 20.2, 110.9, 220.5], atol=1e-4)
    assert found.records[1].detections == []


def test_pytorch_wildlife_classes(tmp_path):
    (record,) = read(tmp_path, PW_CLASSES).records
    assert record.detections[0].classes == ((("Agouti", ""), 0.8),)


def test_microsoft_command_line(tmp_path):
    # As _format_detections of microsoft/MegaDetector's src/megadetector_ai/cli.py builds it.
    boxes = [{"category": "animal", "confidence": 0.8123, "bbox": [10.5, 20.0, 110.5, 220.0]}]
    found = read(tmp_path, [{"file": "/x/a.jpg", "detections": boxes}, {"file": "/x/b.jpg", "detections": []}])
    assert found.dialect == "microsoft-megadetector"
    assert plain(found.records[0]) == ("/x/a.jpg", [("animal", 0.8123, (10.5, 20.0, 100.0, 200.0), True)])


def test_speciesnet_agrees_with_the_packages_converter(tmp_path):
    from megadetector.utils.wi_taxonomy_utils import generate_md_results_from_predictions_json

    found = read(tmp_path, SPECIESNET)
    assert found.dialect == "speciesnet"
    theirs = generate_md_results_from_predictions_json(json.loads(SPECIESNET), max_decimals=None)
    assert [r.file for r in found.records] == [image["file"] for image in theirs["images"]]
    labels = theirs["classification_category_descriptions"]
    for record, image in zip(found.records, theirs["images"], strict=True):
        assert (record.detections is None) == ("failure" in image)
        for mine, other in zip(record.detections or [], image["detections"] or [], strict=True):
            assert mine.category == theirs["detection_categories"][other["category"]]
            assert (mine.conf, list(mine.bbox)) == (other["conf"], other["bbox"])
            assert [(label, p) for (_, label), p in mine.classes] == [
                (labels[i], p) for i, p in other.get("classifications", [])
            ]
            names = theirs["classification_categories"]
            assert [name for (name, _), _ in mine.classes] == [names[i] for i, _ in other.get("classifications", [])]


def test_speciesnet_before(tmp_path):
    detections = [{"category": "1", "label": "animal", "conf": 0.9, "bbox": [0.1, 0.1, 0.2, 0.2]}]
    classes = {"classes": [OCELOT], "scores": [0.7]}
    genus = "1;mammalia;carnivora;felidae;leopardus;;"
    predictions = [
        {"filepath": "a.jpg", "classifications": classes, "detections": detections},
        {"filepath": "b.jpg", "detections": detections, "prediction": genus, "prediction_score": 0.6},
        {"filepath": "c.jpg", "failures": ["CLASSIFIER", "DETECTOR"]},
        {"filepath": "d.jpg", "failures": ["CLASSIFIER"], "detections": detections},
    ]
    a, b, c, d = read(tmp_path, {"predictions": predictions}).records
    assert a.detections[0].classes == ((("ocelot", OCELOT), 0.7),)
    assert b.detections[0].classes == ((("leopardus", genus), 0.6),)
    assert c.failure == "SpeciesNet failed: CLASSIFIER, DETECTOR"
    assert len(d.detections) == 1


def test_coco_written_by_the_package_gives_the_boxes_back(tmp_path):
    from megadetector.postprocessing.md_to_coco import md_to_coco

    box = [0.125, 0.25, 0.3125, 0.4375]
    images = [
        {"file": "a.jpg", "width": 1920, "height": 1080, "detections": [{"category": "1", "conf": 0.9, "bbox": box}]},
        {"file": "b.jpg", "width": 640, "height": 480, "detections": []},
        {"file": "c.jpg", "failure": "image access failure", "detections": None},
    ]
    source = tmp_path / "md.json"
    names = {"1": "animal", "2": "person", "3": "vehicle"}
    source.write_text(json.dumps({"info": {"format_version": "1.6"}, "detection_categories": names, "images": images}))
    path = tmp_path / "coco.json"
    md_to_coco(str(source), str(path), confidence_threshold=0.0, precision=None, verbose=False)
    found = dialects.read(path)
    assert found.dialect == "coco"
    a, b, c = found.records
    assert (a.width, a.height, a.detections[0].category, a.detections[0].conf) == (1920, 1080, "animal", 0.9)
    np.testing.assert_allclose(to_relative(a.detections[0].bbox, a.width, a.height), box, rtol=0, atol=1e-12)
    assert b.detections == []
    assert c.failure == "image access failure"


def test_coco_label_without_box_is_no_empty_picture(tmp_path):
    data = {
        "images": [{"id": i, "file_name": f"{i}.jpg"} for i in range(3)],
        "annotations": [
            {"image_id": 0, "category_id": 1},
            {"image_id": 1, "category_id": 0},
            {"image_id": 7, "bbox": [1]},
        ],
        "categories": [{"id": 0, "name": "empty"}, {"id": 1, "name": "deer"}],
    }
    found = read(tmp_path, data)
    assert [plain(r)[1] for r in found.records] == ["labelled deer, but without a box", [], []]
    assert found.problems == [("", "annotations of image_id 7, which 'images' does not list")]


def test_rename(tmp_path):
    data = [
        {
            "file": "a",
            "detections": [{"category": c, "confidence": 1, "bbox": [0, 0, 9, 9]} for c in ("cow", "fox", "human")],
        }
    ]
    (record,) = read(tmp_path, data, rename={"cow": "livestock", "*": "animal"}).records
    assert [d.category for d in record.detections] == ["livestock", "animal", "person"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not json", "not a JSON file"),
        ('[{"x": 1}]', "a list of objects with 'x'; looked for"),
        ("42", "a JSON int"),
        ('{"a": 1}', "an object with 'a'; looked for"),
        ('{"instances": [{"filepath": "a.jpg"}]}', "holds no detections"),
        (PW_DOTS, "points, not boxes"),
        ('{"images": [{"file": "a", "detections": [{"category": "1", "conf": 0.5, "bbox": [0, 0, 1, 1]}]}]}', "add it"),
    ],
)
def test_refused_with_one_line(tmp_path, content, message):
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path, content)
    assert "any name.txt" in str(caught.value)
    assert "\n" not in str(caught.value)


@real
def test_real_files():
    lila = dialects.read(REAL / "lila31" / "expected_output_DRAFT.json")
    assert (lila.dialect, len(lila.records), lila.problems) == ("megadetector", 31, [])
    raw = json.loads((REAL / "lila31" / "expected_output_DRAFT.json").read_text())["images"]
    assert [[list(d.bbox) for d in r.detections] for r in lila.records] == [
        [d["bbox"] for d in i["detections"]] for i in raw
    ]
    coco = dialects.read(REAL / "ena24" / "coco_annotations.json", rename={"*": "animal"})
    assert {d.category for r in coco.records for d in r.detections} == {"animal"}
    for path in (REAL / "edge-cases").glob("*.json"):
        with pytest.raises(UserError, match="holds no detections"):
            dialects.read(path)
