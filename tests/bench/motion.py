"""The motion detector, calibrated and not: `python tests/bench/motion.py [--real FOLDER LABELS EMPTY]...`.

On a simulated survey with hard cameras (:mod:`camtrap.simulate.hard`): recall by the size of an animal's box and empty pictures kept
by what makes them hard. On real labelled pictures: pictures with something found, empty ones kept, area under the curve. LABELS is a
CSV file with a picture's path (below FOLDER, or below its parent) and its label in each line; EMPTY is the label of empty ones.
Prints Markdown tables.
"""

import argparse
import csv
import tempfile
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from sklearn.metrics import roc_auc_score

from camtrap.core.boxes import overlaps
from camtrap.core.paths import Roots
from camtrap.detect.motion import detect_motion
from camtrap.index.run import index_shard
from camtrap.pictures import decode
from camtrap.simulate import simulate

THRESHOLD, RIGHT = 0.2, 0.3  # confidence from which a box counts; IoU from which it is the animal's
BANDS = {"below 2 %": 0.02, "2 to 10 %": 0.1, "10 to 30 %": 0.3, "30 to 70 %": 0.7, "above 70 %": 9.0}
WAYS = {"": "ordinary", "shadows": "moving shadows", "light": "changed light"}
APART = {"stands": "animal stands for hours", "shadows": "animal under moving shadows"}  # whatever its size
SHARD = 1000  # pictures that are looked at together, as in a survey
Found = dict[str, list[dict]]


def detected(folder: Path) -> dict[bool, Found]:
    """Boxes of the pictures below a folder, without and with calibration."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    stats = [(str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    roots, found = Roots(str(folder)), {False: {}, True: {}}
    for start in range(0, len(stats), SHARD):
        rows = [row for row in index_shard(stats[start : start + SHARD], roots).to_pylist() if row["status"] == "ok"]
        by_path = {row["path"]: row for row in rows}
        for calibrate, part in found.items():
            part |= detect_motion(rows, lambda path, of=by_path: decode.load(roots, of[path]), calibrate=calibrate)
    return found


def simulated(found: Found, truth: list[dict]) -> dict[str, tuple[int, int]]:
    """Of each kind of picture: pictures that count as found or kept, and all."""
    counts: dict[str, list[bool]] = defaultdict(list)
    for row in truth:
        if row["path"] not in found or row["category"] not in ("animal", "person", "empty"):
            continue
        boxes = [box["bbox"] for box in found[row["path"]] if box["conf"] >= THRESHOLD]
        if row["category"] == "empty":
            counts[f"empty, {WAYS[row['way']]}: kept"].append(bool(boxes))
        elif row["w"]:
            x, y, w, h = (float(row[name]) for name in "xywh")
            corners = np.array([x, y, x + w, y + h])
            others = np.array(boxes).reshape(-1, 4) @ (np.eye(4) + np.eye(4, k=2))
            hit = bool(len(boxes)) and bool(overlaps(corners, others).max() >= RIGHT)
            band = next(name for name, end in BANDS.items() if w * h < end)
            name = APART.get(row.get("way", ""), f"animal, {band} of the picture")
            counts[f"{name}: found"].append(hit)
    order = [f"animal, {band} of the picture: found" for band in BANDS] + [f"{name}: found" for name in APART.values()]
    order += [f"empty, {way}: kept" for way in WAYS.values()]
    return {name: (sum(counts[name]), len(counts[name])) for name in order if counts[name]}


def labelled(found: Found, labels: dict[str, str], empty: str) -> dict[str, float]:
    """Shares of a real set: pictures with something found, empty ones kept, area under the curve."""
    best = {path: max((box["conf"] for box in boxes), default=0.0) for path, boxes in found.items() if path in labels}
    values, seen = np.array(list(best.values())), np.array([labels[path] != empty for path in best])
    return {
        "something there: found": float((values[seen] >= THRESHOLD).mean()),
        "empty: kept": float((values[~seen] >= THRESHOLD).mean()),
        "area under the curve": float(roc_auc_score(seen, values)),
    }


def read_labels(file: Path, folder: Path) -> dict[str, str]:
    """Labels by path below the folder."""
    with open(file, encoding="utf-8", newline="") as lines:
        return {row[0].removeprefix(f"{folder.name}/"): row[1] for row in csv.reader(lines)}


def main() -> None:
    """Measure a simulated survey and the real sets that are given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", nargs=3, action="append", default=[], metavar=("FOLDER", "LABELS", "EMPTY"))
    parser.add_argument("--seeds", nargs="*", type=int, default=[21, 22], help="one simulated survey per seed")
    parser.add_argument("--hard", type=int, default=2, help="hard cameras of each")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    head = "| | not calibrated | calibrated |\n|---|---|---|"
    for seed in given.seeds:
        with tempfile.TemporaryDirectory() as name:
            simulate(name, seed, cards=1, stations=2, pictures=200, size=(320, 240), hard=given.hard, workers=2)
            found = detected(Path(name) / "images")
            with open(Path(name) / "truth.csv", encoding="utf-8", newline="") as file:
                truth = list(csv.DictReader(file))
        both = [simulated(part, truth) for part in found.values()]
        print(f"\nsimulated, seed {seed}\n\n{head}")
        for row, (_, total) in both[0].items():
            print(
                f"| {row} (of {total}) | " + " | ".join(f"{part[row][0] / total:.3f}" for part in both) + " |",
                flush=True,
            )
    for folder, file, empty in given.real:
        labels = read_labels(Path(file), Path(folder))
        parts = [labelled(part, labels, empty) for part in detected(Path(folder)).values()]
        print(f"\n{Path(folder).parent.name}/{Path(folder).name}\n\n{head}")
        for row in parts[0]:
            print(f"| {row} | " + " | ".join(f"{part[row]:.3f}" for part in parts) + " |", flush=True)


if __name__ == "__main__":
    main()
