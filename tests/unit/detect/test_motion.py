"""The motion detector, on simulated surveys with a known truth and on real pictures where they are."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from realdata import REAL, real

from camtrap.detect.motion import detect_motion
from camtrap.simulate import simulate

ROLLS = REAL / "bursts"
KEEP = 0.2


def overlap(a, b) -> float:
    """Intersection over union of x, y, width, height."""
    w = max(0.0, min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]))
    h = max(0.0, min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]))
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h)


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def rows_of(truth: list[dict]) -> list[dict]:
    return [
        {
            "path": row["path"], "station": row["station"], "width": 320, "height": 240,
            "datetime": datetime.fromisoformat(row["datetime"]),
        }
        for row in truth
    ]  # fmt: skip


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    out = tmp_path_factory.mktemp("motion")
    simulate(out, 11, cards=1, stations=1, pictures=48, size=(320, 240))
    with open(out / "truth.csv", encoding="utf-8", newline="") as file:
        truth = [row for row in csv.DictReader(file) if row["category"] in ("animal", "person", "empty")]
    pictures = {row["path"]: read(out / "images" / row["path"]) for row in truth}
    return truth, pictures, detect_motion(rows_of(truth), pictures.get)


def test_animals_are_found_and_empty_pictures_dropped(survey):
    truth, _, found = survey
    seen, kept, empty = [], 0, 0
    for row in truth:
        boxes = [box["bbox"] for box in found[row["path"]] if box["conf"] >= KEEP]
        if row["category"] == "empty":
            empty, kept = empty + 1, kept + bool(boxes)
        else:
            target = [float(row[name]) for name in "xywh"]
            seen.append(max((overlap(box, target) for box in boxes), default=0) >= 0.3)
    assert np.mean(seen) >= 0.9
    assert kept <= 0.1 * empty


def test_boxes_are_those_of_the_contract(survey):
    for boxes in survey[2].values():
        assert [box["conf"] for box in boxes] == sorted((box["conf"] for box in boxes), reverse=True)
        for box in boxes:
            x, y, w, h = box["bbox"]
            assert box["category"] == "1"
            assert 0 < box["conf"] <= 1
            assert min(x, y) >= 0
            assert min(w, h) > 0
            assert max(x + w, y + h) <= 1.0002


def best(boxes) -> float:
    return max((box["conf"] for box in boxes), default=0.0)


def test_calibrated_confidences_tell_shadows_from_animals_that_fill_the_picture():
    rng = np.random.default_rng(4)
    view = scene(rng)
    rows, pictures = shots(view, [None] * 14, rng)
    shaded, filled = rows[5]["path"], rows[9]["path"]
    shade = 1 - 0.55 * np.clip((np.arange(320) - 150) / 20, 0, 1)
    pictures[shaded] = (view * shade[:, None]).astype(np.uint8)
    animal = np.asarray(Image.fromarray(scene(rng).astype(np.uint8)).resize((640, 480)))[100:340, 200:520]
    pictures[filled] = np.where(np.arange(320)[:, None] > 25, animal, view).astype(np.uint8)
    plain, calibrated = (detect_motion(rows, pictures.get, calibrate=value) for value in (False, True))
    assert best(calibrated[shaded]) < best(plain[shaded])
    assert best(calibrated[filled]) > 0.9
    others = [row["path"] for row in rows if row["path"] not in (shaded, filled)]
    assert all(best(calibrated[path]) < KEEP for path in others)


def test_too_few_pictures_are_not_calibrated(survey):
    truth, pictures, _ = survey
    rows = rows_of(truth[:4])
    assert detect_motion(rows, pictures.get, calibrate=True) == detect_motion(rows, pictures.get)


def test_animals_are_found_with_calibrated_confidences(survey):
    truth, pictures, plain = survey
    found = detect_motion(rows_of(truth), pictures.get, calibrate=True)
    seen = [row for row in truth if row["category"] != "empty"]
    assert np.mean([best(found[row["path"]]) >= KEEP for row in seen]) >= 0.9
    empty = [row["path"] for row in truth if row["category"] == "empty"]
    assert sum(best(found[path]) for path in empty) < sum(best(plain[path]) for path in empty)


def test_order_of_the_pictures_does_not_matter(survey):
    truth, pictures, _ = survey
    rows = rows_of(truth[:15])
    assert detect_motion(rows[::-1], pictures.get) == detect_motion(rows, pictures.get)


def test_no_pictures():
    assert detect_motion([], lambda path: None) == {}


def test_one_picture_is_not_called_empty(survey):
    truth, pictures, _ = survey
    path = truth[0]["path"]
    expected = [{"category": "1", "conf": 0.1, "bbox": [0.0, 0.0, 1.0, 1.0]}]
    assert detect_motion(rows_of(truth[:1]), pictures.get) == {path: expected}


def test_a_picture_that_cannot_be_read_costs_only_itself(survey):
    truth, pictures, _ = survey
    broken = truth[3]["path"]
    found = detect_motion(rows_of(truth[:8]), lambda path: None if path == broken else pictures[path])
    assert sorted(found) == sorted(row["path"] for row in truth[:8] if row["path"] != broken)


def scene(rng, height=240, width=320) -> np.ndarray:
    """A textured scene in colour."""
    coarse = rng.integers(40, 160, (height // 8, width // 8, 3), dtype=np.uint8)
    texture = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), float)
    return np.clip(texture + rng.normal(0, 12, (height, width, 1)), 0, 255)


def shots(background, boxes, rng, noise=3.0):
    """Pictures of a scene, each with a black square at a place in pixels (x, y, w, h) or None."""
    pictures, rows = {}, []
    for n, box in enumerate(boxes):
        image = background + rng.normal(0, noise, background.shape)
        if box:
            x, y, w, h = box
            image[y : y + h, x : x + w] = 5
        path = f"card/camera/{n:03d}.jpg"
        pictures[path] = np.clip(image, 0, 255).astype(np.uint8)
        rows.append(
            {
                "path": path, "station": None, "datetime": datetime(2024, 1, 1) + timedelta(hours=n),
                "width": background.shape[1], "height": background.shape[0],
            }
        )  # fmt: skip
    return rows, pictures


def test_two_pictures_are_compared_with_each_other():
    rng = np.random.default_rng(0)
    rows, pictures = shots(scene(rng), [None, (100, 80, 60, 50)], rng)
    found = detect_motion(rows, pictures.get)
    assert overlap(found[rows[1]["path"]][0]["bbox"], (100 / 320, 80 / 240, 60 / 320, 50 / 240)) > 0.7


def test_windows_hold_memory_down_and_lose_no_picture():
    rng = np.random.default_rng(1)
    places = [(20 + 2 * n, 45, 30, 24) if n % 4 == 0 else None for n in range(29)]
    rows, pictures = shots(scene(rng, 120, 160), places, rng)
    found = detect_motion(rows, pictures.get, window=10)
    assert sorted(found) == sorted(pictures)
    for row, place in zip(rows, places, strict=True):
        boxes = [box for box in found[row["path"]] if box["conf"] >= KEEP]
        assert len(boxes) == (1 if place else 0), row["path"]
        if place:
            x, y, w, h = place
            assert overlap(boxes[0]["bbox"], (x / 160, y / 120, w / 160, h / 120)) > 0.5


def test_pictures_of_different_sizes_are_not_compared():
    rng = np.random.default_rng(2)
    rows, pictures = shots(scene(rng), [None] * 3, rng)
    other = scene(rng, 120, 200).astype(np.uint8)
    rows.append({**rows[0], "path": "card/camera/other.jpg", "width": 200, "height": 120})
    found = detect_motion(rows, lambda path: other if "other" in path else pictures[path])
    assert found["card/camera/other.jpg"][0]["conf"] == 0.1
    assert [found[row["path"]] for row in rows[:3]] == [[], [], []]


def test_a_change_of_light_is_no_animal():
    rng = np.random.default_rng(3)
    rows, pictures = shots(scene(rng), [None] * 6, rng)
    dark = rows[2]["path"]
    pictures[dark] = (pictures[dark] * 0.6).astype(np.uint8)
    assert not [box for boxes in detect_motion(rows, pictures.get).values() for box in boxes if box["conf"] >= KEEP]


def test_changing_figures_in_the_info_strip_are_no_animal():
    rng = np.random.default_rng(4)
    rows, pictures = shots(scene(rng), [None] * 6, rng)
    for n, row in enumerate(rows):
        picture = pictures[row["path"]]
        picture[220:] = 0
        for digit in range(8):
            left = 10 + 14 * digit
            picture[224:236, left : left + 10] = 255 * rng.integers(0, 2, (12, 10, 1))
        picture[224:236, 200 : 210 + 5 * n] = 240
    assert not [box for boxes in detect_motion(rows, pictures.get).values() for box in boxes if box["conf"] >= KEEP]


@real
def test_real_rolls():
    """Two short rolls of real cameras: squirrels of 4 to 8 % of the width, and a roll with empty pictures."""
    with open(ROLLS / "labels.csv", encoding="utf-8", newline="") as file:
        labels = list(csv.DictReader(file))
    rows = []
    for row in labels:
        when = datetime.strptime(row["datetime"], "%Y:%m:%d %H:%M:%S") if row["datetime"] else None
        with Image.open(ROLLS / row["path"]) as image:
            width, height = image.size
        place = {"path": row["path"], "station": row["station"], "datetime": when}
        rows.append({**place, "width": width, "height": height})
    found = detect_motion(rows, lambda path: read(ROLLS / path))
    touched = 0
    for row in rows:
        label = ROLLS / "yolo_labels" / f"{Path(row['path']).stem}.txt"
        boxes = [box["bbox"] for box in found[row["path"]] if box["conf"] >= KEEP]
        if label.exists():
            _, x, y, w, h = (float(v) for v in label.read_text().split()[:5])
            touched += any(overlap(box, (x - w / 2, y - h / 2, w, h)) >= 0.3 for box in boxes)
    assert touched >= 10
    roll = {row["path"][-12:-4]: [b for b in found[row["path"]] if b["conf"] >= KEEP] for row in rows[14:]}
    assert all(roll[name] for name in ("PICT0020", "PICT0021", "PICT0222", "PICT0223")), "elephant and baboon"
    assert not any(roll[name] for name in ("PICT0129", "PICT0130", "PICT0275")), "empty pictures"
