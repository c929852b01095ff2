"""The same boxes, written by each package's own writer, become the same crops of a survey.

PyTorch-Wildlife and SpeciesNet are not dependencies: `make test-writers` installs them below build/writers.
"""

import importlib.util
import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from conftest import Survey

from camtrap.networks import torchvision_ops

SIZE = (640, 480)
NAMES = {"1": "animal", "2": "person", "3": "vehicle"}
# picture, then its boxes in pixels (corners), MegaDetector's category and confidence
FOUND = {
    "card1/Norte/IMG 1.JPG": [((40, 60, 200, 180), "1", 0.91)],
    "card1/Norte/IMG 2.JPG": [],
    "card1/Norte/IMG 3.JPG": [((100, 80, 220, 300), "2", 0.85)],
    "card1/Sur/IMG 2.JPG": [((60, 60, 180, 240), "1", 0.95), ((400, 300, 600, 420), "1", 0.45)],
    "card1/Sur/IMG 1.JPG": [((0, 0, 100, 470), "1", 0.75), ((300, 100, 420, 340), "2", 0.5)],
    "card2/niño/IMG 1.JPG": [((320, 200, 640, 480), "3", 0.62), ((10, 20, 110, 220), "1", 0.3)],
}


def needs(package):
    """Skip without it; one that is there but cannot be imported fails, and so does one that make test-writers wants."""
    if importlib.util.find_spec(package) is None and "WRITERS" not in os.environ:
        pytest.skip(f"{package} is not installed: make test-writers")


def relative(box):
    """Corner and size, as parts of the picture."""
    left, top, right, bottom = box
    return [left / SIZE[0], top / SIZE[1], (right - left) / SIZE[0], (bottom - top) / SIZE[1]]


def megadetector_images():
    """What MegaDetector's loop hands to its writers."""
    return [
        {"file": path, "detections": [{"category": c, "conf": p, "bbox": relative(box)} for box, c, p in boxes]}
        for path, boxes in FOUND.items()
    ]


def by_megadetector(path):
    from megadetector.detection.run_detector_batch import write_results_to_file

    write_results_to_file(megadetector_images(), str(path), detector_file="md_v5a.0.0.pt")


def by_megadetector_as_coco(path):
    from megadetector.postprocessing.md_to_coco import md_to_coco

    images = [image | {"width": SIZE[0], "height": SIZE[1]} for image in megadetector_images()]
    source = path.with_suffix(".source")
    content = {"info": {"format_version": "1.6"}, "detection_categories": NAMES, "images": images}
    source.write_text(json.dumps(content))
    md_to_coco(str(source), str(path), confidence_threshold=0.0, precision=None, verbose=False)


def wildlife():
    """PyTorch-Wildlife's writers and what its detectors hand to them (importing the package itself loads all its models)."""
    needs("PytorchWildlife")
    import supervision as sv

    package = importlib.util.find_spec("PytorchWildlife").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("post_process", Path(package, "utils", "post_process.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    results = []
    for path, boxes in FOUND.items():
        corners = np.array([box for box, _, _ in boxes], np.float32).reshape(-1, 4)
        detections = sv.Detections(
            xyxy=corners,
            confidence=np.array([p for _, _, p in boxes], np.float32),
            class_id=np.array([int(c) - 1 for _, c, _ in boxes], int),
        )
        normalized = (corners / np.array(SIZE * 2, np.float32)).tolist()
        results.append({"img_id": path, "detections": detections, "normalized_coords": normalized})
    return module, results, {str(int(key) - 1): name for key, name in NAMES.items()}


def by_wildlife(path):
    module, results, categories = wildlife()
    module.save_detection_json(results, str(path), categories=categories)


def by_wildlife_for_timelapse(path):
    module, results, categories = wildlife()
    module.save_detection_timelapse_json(results, str(path), categories=categories)


def by_speciesnet(path):
    needs("speciesnet")
    torchvision_ops.ensure()
    from speciesnet.ensemble import SpeciesNetEnsemble
    from speciesnet.utils import make_predictions_dict, save_predictions

    labels = {"1": "animal", "2": "human", "3": "vehicle"}
    results = {image["file"]: {"detections": image["detections"]} for image in megadetector_images()}
    for result in results.values():
        for detection in result["detections"]:
            detection["label"] = labels[detection["category"]]
    ensemble = object.__new__(SpeciesNetEnsemble)  # its own way in downloads the taxonomy; only the classifier needs it
    ensemble.model_info = SimpleNamespace(version="4.0.3a")
    save_predictions(make_predictions_dict(ensemble.combine(list(results), {}, results, {})), path)


WRITERS = {
    "megadetector": by_megadetector,
    "coco": by_megadetector_as_coco,
    "pytorch-wildlife": by_wildlife,
    "pytorch-wildlife-timelapse": by_wildlife_for_timelapse,
    "speciesnet": by_speciesnet,
}


# `make test` has one of them, `make test-writers` all
ONE, *OTHERS = WRITERS


@pytest.mark.parametrize("name", [ONE, *(pytest.param(name, marks=pytest.mark.long) for name in OTHERS)])
def test_boxes_of_every_writer_become_the_same_crops(tmp_path, name):
    survey = Survey(tmp_path)
    survey.cache = tmp_path / "cache"
    for number, path in enumerate(FOUND):
        survey.picture(path, number, SIZE)
    WRITERS[name](tmp_path / "found.json")
    config = {"images": "pictures", "results": "results", "plan": {"settle_seconds": 0}}
    config |= {"detector": {"backend": "json", "json": "found.json"}}
    (tmp_path / "survey.yaml").write_text(yaml.safe_dump(config))
    survey.run("results/tables/crops.parquet")
    crops = pq.read_table(survey.results / "tables" / "crops.parquet").to_pylist()
    images = pq.read_table(survey.results / "tables" / "images.parquet").to_pylist()
    found = {path: [] for path in FOUND}
    for file in (survey.results / "detections").glob("card*.json"):
        content = json.loads(file.read_text())
        for image in content["images"]:
            for d in image["detections"]:
                found[image["file"]].append((content["detection_categories"][d["category"]], d["conf"], d["bbox"]))
    assert {row["path"]: row["category"] for row in images} == {
        path: "empty" if not boxes else "animal" if "1" in [c for _, c, _ in boxes] else "person"
        for path, boxes in FOUND.items()
    }
    for path, boxes in FOUND.items():
        ours = sorted(found[path], key=lambda detection: -detection[1])
        theirs = sorted(boxes, key=lambda box: -box[2])
        assert [name for name, *_ in ours] == [NAMES[c] for _, c, _ in theirs]
        assert [conf for _, conf, _ in ours] == pytest.approx([conf for *_, conf in theirs], abs=1e-6)
        # the writers round to four decimals, which is a twentieth of a pixel here
        for (_, _, box), (pixels, *_) in zip(ours, theirs, strict=True):
            assert box == pytest.approx(relative(pixels), abs=1e-4)
        cut = [[crop[key] for key in "xywh"] for crop in crops if crop["path"] == path]
        assert sorted(cut) == [
            pytest.approx(box, abs=1e-4) for box in sorted(relative(pixels) for pixels, c, _ in boxes if c == "1")
        ]
    print(f"{name}: {len(images)} pictures, {sum(map(len, found.values()))} boxes, {len(crops)} crops")
