"""What is left out as repeat detections, by place alone and by looks: `python tests/bench/repeats.py FRAMES LABELS.csv`.

FRAMES is a folder of one camera's pictures, LABELS.csv has a picture's file name and its label in each line, EMPTY is the label of
empty pictures. The motion detector finds the boxes. A branch is simulated, too: the boxes of a detector that takes a piece of the
background (of the pictures without a box there) for an animal again and again. Prints Markdown tables.
"""

import argparse
import csv
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from camtrap.collect.looks import look
from camtrap.collect.repeats import Rules, places, spells
from camtrap.core.boxes import overlaps
from camtrap.detect.motion import detect_motion

WAYS = {
    "place alone": Rules(10, 0.9),
    **{f"look {value:g}, 3 days": Rules(10, 0.9, value, 3) for value in (0.4, 0.5, 0.6, 0.7)},
}
BRANCHES, OFTEN = 12, 100


def read(path: Path) -> np.ndarray:
    """A picture, RGB."""
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def boxes(folder: Path, threshold: float) -> pd.DataFrame:
    """One row per box of the motion detector: path, x, y, w, h."""
    rows = []
    for path in sorted(folder.glob("*.jpg")):
        height, width = cv2.imread(str(path)).shape[:2]
        rows.append({"path": path.name, "station": "S", "datetime": None, "width": width, "height": height})
    found = detect_motion(rows, lambda name: read(folder / name), calibrate=True)
    kept = [(path, *box["bbox"]) for path, of in sorted(found.items()) for box in of if box["conf"] >= threshold]
    return pd.DataFrame(kept, columns=["path", "x", "y", "w", "h"])


def branches(table: pd.DataFrame, pictures: list[str], seed: int) -> pd.DataFrame:
    """Boxes in one place each, in pictures in which nothing else is there, a hundredth of their size about it."""
    random, found = np.random.default_rng(seed), []
    for number in range(BRANCHES):
        w, h = random.uniform(0.08, 0.25, 2)
        x, y = random.uniform(0.03, 0.97 - w), random.uniform(0.06, 0.94 - h)
        corners = np.array([x, y, x + w, y + h])
        others = table[["x", "y", "w", "h"]].to_numpy() @ (np.eye(4) + np.eye(4, k=2))
        covered = set(table["path"][overlaps(corners, others) > 0])
        free = [path for path in pictures if path not in covered]
        for path in random.choice(free, min(OFTEN, len(free)), replace=False):
            noise = random.normal(0, 0.01, 4) * (w, h, w, h)
            found.append((path, *np.add((x, y, w, h), noise), f"branch {number}"))
    return pd.DataFrame(found, columns=["path", "x", "y", "w", "h", "label"])


def main() -> None:
    """Measure one camera's frames."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--empty", default="27")
    parser.add_argument("--threshold", type=float, default=0.2)
    given = parser.parse_args()
    with open(given.labels, encoding="utf-8", newline="") as file:
        labels = {row[0]: row[1] for row in csv.reader(file)}
    pictures = sorted(path.name for path in given.frames.glob("*.jpg"))
    table = boxes(given.frames, given.threshold)
    table["label"] = ["empty" if labels.get(path) == given.empty else "seen" for path in table["path"]]
    both = pd.concat([table, branches(table, pictures, 1)], ignore_index=True)
    both = both.assign(station="S", event=both["path"], datetime=pd.NaT).astype({"datetime": "datetime64[us]"})
    every = pd.DataFrame({"path": pictures, "station": "S", "datetime": pd.NaT}).astype({"datetime": "datetime64[us]"})
    both = both.join(spells(both, every))

    def looks(positions: np.ndarray) -> np.ndarray:
        found = []
        for row in both.iloc[positions].itertuples():
            picture = read(given.frames / row.path)
            height, width = picture.shape[:2]
            x0, x1 = round(max(row.x, 0) * width), round((row.x + row.w) * width)
            y0, y1 = round(max(row.y, 0) * height), round((row.y + row.h) * height)
            found.append(look(np.ascontiguousarray(picture[y0:y1, x0:x1])))
        return np.stack(found)

    kind = both["label"].where(~both["label"].str.startswith("branch"), "branch")
    total = Counter(kind)
    print(f"{len(pictures)} pictures, {total['seen'] + total['empty']} boxes; {BRANCHES} simulated branches\n")
    print(
        "| rule | of boxes in labelled pictures | of boxes in empty ones | of the branches' boxes |\n|---|---|---|---|"
    )
    for name, rules in WAYS.items():
        out = Counter(kind[places(both, rules, looks) >= 0])
        cells = [f"{out[of]} of {total[of]}" for of in ("seen", "empty", "branch")]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
