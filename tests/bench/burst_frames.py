"""What skipping a burst's near-identical frames would save in detection, and cost: `python tests/bench/burst_frames.py`.

The workflow does not do this; it is only measured. A picture that differs from the last one of its burst that the detector saw
by less than a threshold (mean absolute difference of small grey versions less their means, of 255) inherits that one's boxes.
Simulated surveys: the truth stands for the detector. There an animal is in all frames of a visit or in none, so the visits are
measured twice more, the first frame drawn again without its animal: it comes after that frame, or (the frame put last) it has
gone. Real bursts: inherited boxes against yolov5n's own (COCO) on that picture (only what it finds is an animal there), or
against labelled ones. Prints Markdown tables.
"""

import csv
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
COCO = {"animal": list(range(14, 24)), "person": [0], "vehicle": [1, 2, 3, 5, 6, 7]}
# The network's input, near the pictures' own size: at 1280 it finds no animal in borneo-bursts' 100 pixels.
SETS = {"borneo-bursts": 320, "bursts": 640}
SECONDS, WIDTH, CROP, ALL = 60, 64, 0.2, 256
COLUMNS = ["threshold", "spared", "empty, spared", "animals lost", "of the smaller half", "people lost"]
COLUMNS += ["empty with boxes", "either changed", "inherited boxes", "IoU, median", "least"]


def shrink(image: np.ndarray) -> np.ndarray:
    """The small grey version of a picture, less its mean."""
    size = WIDTH, round(WIDTH * image.shape[0] / image.shape[1])
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return grey - grey.mean()


def read(folder: Path) -> pd.DataFrame:
    """Index rows of a folder's whole pictures, with their small versions."""
    from camtrap.core.paths import Roots
    from camtrap.index.run import index_shard
    from camtrap.pictures import decode

    roots, files = Roots(str(folder)), [path for path in sorted(folder.rglob("*")) if path.is_file()]
    stats = [(str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    table = index_shard(stats, roots).to_pandas().query("status == 'ok'")
    return table.assign(small=[shrink(decode.load(roots, path)) for path in table["path"]])


def walk(table: pd.DataFrame, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Row whose boxes each row has, and its difference from the last picture of its burst that was seen (NaN: none)."""
    from camtrap.collect.bursts import group_in_time

    burst, source, apart, seen = group_in_time(table, SECONDS), np.arange(len(table)), np.full(len(table), np.nan), {}
    for row in table.sort_values(["station", "datetime", "sequence", "path"]).index:
        if (last := seen.get(burst[row])) is not None:
            apart[row] = np.abs(table.at[row, "small"] - table.at[last, "small"]).mean()
        if apart[row] < threshold:
            source[row] = last
        else:
            seen[burst[row]] = row
    return source, apart


def overlaps(boxes: list, others: list) -> list[float]:
    """For each box its best intersection over union with one of the others; boxes are x, y, width, height."""
    from camtrap.core.boxes import overlaps

    a, b = (np.array(side) @ (np.eye(4) + np.eye(4, k=2)) for side in (boxes, others))
    return [overlaps(box, b).max() for box in a]


def report(name: str, table: pd.DataFrame) -> None:
    """Print the table of pictures with the columns of :func:`read`, ``kind`` and ``boxes``."""
    table = table.reset_index(drop=True)
    kind, boxes, (_, apart) = table["kind"].to_numpy(), table["boxes"], walk(table, 0)
    area = np.array([max((w * h for *_, w, h in found), default=np.nan) for found in boxes])
    filled, middle = np.isfinite(area), np.nanmedian(area)
    print(f"\n**{name}**: {len(table)} pictures, boxes of {middle:.4f} of one (median; least {np.nanmin(area):.4f}).")
    print("Differences from the picture before in the burst:\n")
    for k in ("animal", "person", "empty"):
        if len(found := apart[(kind == k) & np.isfinite(apart)]):
            low, high = np.quantile(found, (0.1, 0.9))
            print(f"- {k}: {len(found)} differ by {np.median(found):.1f} (median; 10 % {low:.1f}, 90 % {high:.1f})")
    print(f"\n| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    for threshold in (1, 2, 4, 8, ALL):
        source, _ = walk(table, threshold)
        spared, lost, false = source != table.index, filled & ~filled[source], ~filled & filled[source]
        both = np.flatnonzero(spared & filled & filled[source])
        ious = [value for row in both for value in overlaps(boxes[source[row]], boxes[row])]
        animal, every = kind == "animal", np.ones(len(table), bool)
        groups = [(spared, every), (spared, kind == "empty"), (lost, animal), (lost, animal & (area < middle))]
        groups += [(lost, kind == "person"), (false, kind == "empty"), (lost | false, every)]
        cells = ["first only" if threshold == ALL else str(threshold)]
        cells += [f"{which[of].mean():.3f} of {of.sum()}" if of.any() else "–" for which, of in groups]
        cells += [str(len(ious)), *([f"{np.median(ious):.2f}", f"{min(ious):.2f}"] if ious else "––")]
        print(f"| {' | '.join(cells)} |", flush=True)


def simulated(folder: Path, seed: int) -> list[pd.DataFrame]:
    """A simulated survey with its truth: as it is, its animals coming after the first frame, and gone in the last."""
    from camtrap.pictures import decode
    from camtrap.simulate import Settings, _shots, _visits, scene, simulate

    simulate(folder, seed, cards=1, stations=4, pictures=400, workers=2)
    with open(folder / "truth.csv", newline="") as file:
        truth = {row["path"]: row for row in csv.DictReader(file) if row["category"] in ("animal", "person", "empty")}
    table = read(folder / "images").query("path in @truth").reset_index(drop=True)
    rows = [truth[path] for path in table["path"]]
    boxes = [[[float(row[side]) for side in "xywh"]] if row["x"] else [] for row in rows]
    table = table.assign(kind=[row["category"] for row in rows], boxes=boxes, station=f"{seed} " + table["station"])
    first = {row["burst"]: i for i, row in reversed(list(enumerate(rows)))}
    settings, comes = Settings(seed, 4, 400, (640, 480), False, False), table.copy()
    for visit in (visit for visit in _visits(settings, 1) if visit.kind):
        view = scene.build(seed, visit.station, 1, *settings.size)
        ((data, _, _),) = _shots(settings, view, replace(visit, kind=None, shots=1))
        for column, value in {"small": shrink(decode.decode(data)), "boxes": [], "kind": "empty"}.items():
            comes.at[first[visit.burst], column] = value
    late = pd.to_timedelta(10 * (comes["kind"] != table["kind"]), unit="s")
    return [table, comes, comes.assign(datetime=comes["datetime"] + late)]


def real(folder: Path, name: str, size: int) -> None:
    """Real bursts with a real network's boxes; where some pictures have labelled boxes, those with them, too."""
    from camtrap.core.hashes import file_hash
    from camtrap.detect.megadetector import MegaDetector, silent
    from camtrap.pictures import decode

    images, weights = DATA / "camera-traps" / name / "images", DATA / "weights" / "yolov5n.pt"
    table = read(images)
    # frames of a film have no time but a number: taken as 25 a second
    number = pd.to_numeric(table["path"].str.extract(r"frame(\d+)", expand=False))
    table["datetime"] = table["datetime"].fillna(pd.to_datetime(number / 25, unit="s"))
    with silent():
        detector = MegaDetector(weights, file_hash(weights), "cpu", size, COCO, 0.005, "auto", 2, str(folder))
        prepared = (detector.prepare(p, decode.decode((images / p).read_bytes())) for p in table["path"])
        entries = [detector([one])[0] for one in prepared]
    boxes = [[d["bbox"] for d in e["detections"] if d["category"] == "1" and d["conf"] >= CROP] for e in entries]
    kinds = ["animal" if found else "empty" for found in boxes]
    report(f"Real, {name}, yolov5n at {size}", table.assign(boxes=boxes, kind=kinds))
    labels = {path.stem: np.loadtxt(path, ndmin=2)[:, 1:] for path in images.parent.glob("yolo_labels/*.txt")}
    found = [labels.get(Path(path).stem) for path in table["path"]]  # middle, width and height
    corner = np.eye(4) - np.eye(4, k=-2) / 2
    known = table.assign(boxes=[f if f is None else f @ corner for f in found], kind="animal").dropna(subset="boxes")
    if len(known):
        report(f"Real, {name}, labelled boxes", known)


def main() -> None:
    """Measure all that there is data for."""
    with tempfile.TemporaryDirectory() as name:
        ways = zip(*(simulated(Path(name) / str(seed), seed) for seed in (1, 2, 3)), strict=True)
        for way, tables in zip(("as simulated", "animals come", "animals have gone"), ways, strict=True):
            report(f"Simulated, {way}", pd.concat(tables))
        for kind, size in SETS.items():
            if (DATA / "camera-traps" / kind).exists() and (DATA / "weights" / "yolov5n.pt").exists():
                real(Path(name), kind, size)
            else:
                print(f"\nleft out: {kind}, because it or yolov5n.pt is not there")


if __name__ == "__main__":
    main()
