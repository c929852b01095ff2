"""A detector is added from outside: its file and one entry in the registry, nothing else."""

import json

import numpy as np
import pytest
import yaml
from conftest import CONFIG, Survey
from PIL import Image

DETECTOR = '''
"""What is red."""

import numpy as np


def find(options, cache):
    return f"red beyond {options['min_confidence']}", "5ed" * 21 + "0"


def detect(pictures, task):
    entries = []
    for row in pictures:
        red = task.load(row)[..., 0] > 128
        rows, columns = np.flatnonzero(red.any(1)), np.flatnonzero(red.any(0))
        box = [columns[0], rows[0], columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0]]
        box = [value / side for value, side in zip(box, red.shape[::-1] * 2)]
        entries.append({"file": row["path"], "detections": [{"category": "2", "conf": 0.75, "bbox": box}]})
    return entries
'''
ENTRY = 'BACKENDS["red"] = Backend("camtrap.detect.red:detect", find="camtrap.detect.red:find", needs_gpu=True)\n'


@pytest.fixture
def outside(clone, tmp_path) -> Survey:
    """Three black pictures with a red square each, in one shard."""
    survey = Survey(tmp_path / "survey", clone)
    survey.cache = tmp_path / "cache"
    for number in range(3):
        picture = np.zeros((128, 160, 3), np.uint8)
        picture[32:64, 16 * number : 16 * number + 48, 0] = 255
        file = survey.pictures / "card" / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(file, quality=95)
    config = CONFIG | {"detector": {"backend": "red"}}
    (survey.folder / "survey.yaml").write_text(yaml.safe_dump(config))
    return survey


def test_a_detector_is_a_file_and_one_entry(outside):
    package = outside.workflow / "scripts" / "camtrap" / "detect"
    assert "'red' is not one of" in outside.snakemake("--dry-run", fails=True)
    (package / "red.py").write_text(DETECTOR)
    with open(package / "registry.py", "a") as file:
        file.write(ENTRY)
    outside.snakemake("--cores", "2", "--until", "detect", PYTHONPATH=str(outside.workflow / "scripts"))
    known = json.loads((outside.results / "models" / "detector.json").read_text())
    assert known == {"backend": "red", "model": "red beyond 0.005", "sha256": "5ed" * 21 + "0"}
    (shard,) = outside.shards()
    found = json.loads((outside.results / "detections" / f"{shard}.json").read_text())
    assert found["info"]["detector"] == "red beyond 0.005"
    boxes = {image["file"]: image["detections"] for image in found["images"]}
    assert boxes == {
        f"card/{number}.jpg": [{"category": "2", "conf": 0.75, "bbox": [number / 10, 0.25, 0.3, 0.25]}]
        for number in range(3)
    }
