"""What fuzzing found in detection files (``make fuzz``), each as small as it can be: one bad entry costs that entry.

The file stays readable, or is refused in words that name it; never another error.
"""

import json
import re

import pytest

from camtrap.core.errors import UserError
from camtrap.detections import dialects

GOOD = {"file": "good.jpg", "detections": [{"category": "1", "conf": 0.9, "bbox": [0.1, 0.1, 0.5, 0.5]}]}
MD = {"detection_categories": {"1": "animal"}}
COCO = {"id": 7, "file_name": "good.jpg"}
ANNOTATION = {"image_id": 7, "category_id": 1, "bbox": [1, 2, 30, 40], "score": 0.9}
NAMES = [{"id": 1, "name": "animal"}]
SPECIESNET = {"filepath": "good.jpg", "detections": GOOD["detections"]}

# Each names one bad entry; good.jpg must come out of all of them.
FOUND = {
    "frames processed is a number": MD | {"images": [GOOD, {"file": "v.mp4", "frames_processed": 3, "detections": []}]},
    "frames processed is text": MD | {"images": [GOOD, {"file": "v.mp4", "frames_processed": "a", "detections": []}]},
    "a frame number is a list": MD | {"images": [GOOD, {"file": "v.mp4", "detections": [{"frame_number": []}]}]},
    "frame numbers of two kinds": MD
    | {"images": [GOOD, {"file": "v.mp4", "detections": [{"frame_number": "1"}, {"frame_number": 2}]}]},
    "detections is a number": MD | {"images": [GOOD, {"file": "bad.jpg", "detections": 0.5}]},
    "detections is an object": MD | {"images": [GOOD, {"file": "bad.jpg", "detections": {"frame_number": 1}}]},
    "detections is a number, categories are missing": {
        "images": [GOOD, {"file": "bad.jpg", "max_detection_conf": "", "detections": 1e308}]
    },
    "detection categories is a list": {"detection_categories": ["animal", "animal"], "images": [GOOD]},
    "class categories is text": MD | {"classification_categories": "1", "images": [GOOD]},
    "class descriptions is a number": MD
    | {"classification_categories": {"0": "x"}, "classification_category_descriptions": 1, "images": [GOOD]},
    "COCO: categories is a number": {"images": [COCO], "annotations": [ANNOTATION], "categories": 0.5},
    "COCO: a category is a number": {"images": [COCO], "annotations": [ANNOTATION], "categories": [1, *NAMES]},
    "COCO: a category's id is a list": {
        "images": [COCO],
        "annotations": [ANNOTATION],
        "categories": [{"id": [1], "name": "x"}, *NAMES],
    },
    "COCO: an image's id is an object": {
        "images": [COCO, {"id": {}, "file_name": "bad.jpg"}],
        "annotations": [ANNOTATION],
        "categories": NAMES,
    },
    "COCO: an annotation's image is a list": {
        "images": [COCO],
        "annotations": [ANNOTATION, {"image_id": [1], "bbox": [1, 2, 3, 4]}],
        "categories": NAMES,
    },
    "COCO: an annotation's category is a list": {
        "images": [COCO],
        "annotations": [ANNOTATION, {"image_id": 7, "category_id": ["animal"]}],
        "categories": NAMES,
    },
    "SpeciesNet: a score is a list": {
        "predictions": [
            SPECIESNET,
            SPECIESNET | {"filepath": "bad.jpg", "classifications": {"classes": ["x"], "scores": [[1]]}},
        ]
    },
    "SpeciesNet: a score is text": {
        "predictions": [SPECIESNET, SPECIESNET | {"filepath": "bad.jpg", "prediction": "x", "prediction_score": "y"}]
    },
    "SpeciesNet: a class without its score": {
        "predictions": [
            SPECIESNET,
            {"filepath": "bad.jpg", "detections": [{"category": "0", "processed_classification": {"class": "x"}}]},
        ]
    },
    "SpeciesNet: a class without scores": {
        "predictions": [SPECIESNET, SPECIESNET | {"filepath": "bad.jpg", "classifications": {"classes": ["x"]}}]
    },
    "SpeciesNet: classifications is a list": {
        "predictions": [SPECIESNET, SPECIESNET | {"filepath": "bad.jpg", "classifications": [1]}]
    },
    "a confidence of 401 digits": MD
    | {"images": [GOOD, {"file": "bad.jpg", "detections": [GOOD["detections"][0] | {"conf": 10**400}]}]},
    "PyTorch-Wildlife: confidences of a box are a number": {
        "annotations": [
            {"img_id": "good.jpg", "bbox": [[1, 2, 30, 40]], "category": [0], "confidence": [0.9]},
            {"img_id": "bad.jpg", "bbox": [[1, 2, 30, 40]], "category": [0], "confidence": [0.9], "clf_category": 0.5},
        ]
    },
    "SpeciesNet: failures is a number": {
        "predictions": [SPECIESNET, {"filepath": "bad.jpg", "failures": 1, "detections": None}]
    },
}


# A list of names is a table too, and a missing class is none; nothing is lost by them.
NOT_LISTED = {"detection categories is a list"}


@pytest.mark.parametrize("name", FOUND)
def test_one_bad_entry_costs_that_entry(tmp_path, name):
    path = tmp_path / "detections.json"
    path.write_text(json.dumps(FOUND[name]))
    found = dialects.read(path)
    good = {record.file: record for record in found.records}["good.jpg"]
    assert [detection.conf for detection in good.detections] == [0.9]
    if name not in NOT_LISTED:
        assert found.problems or [record.failure for record in found.records if record.failure]


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, "nan", '"x"', "[[1]]x", "{}", '{"images": 1}', "\ufeff{}", "\0"]
)
def test_what_is_no_detection_file_is_refused_by_name(tmp_path, text):
    path = tmp_path / "detections.json"
    path.write_text(text)
    with pytest.raises((UserError, ValueError), match=re.escape(str(path))):
        dialects.read(path)
