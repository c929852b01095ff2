"""Labelled sets for the bench of quality: embeddings with true kinds, bursts and stations.

The pictures of shared/data/crops/animals22 (left out, saying so, where they are absent), long-tailed subsamples of them, and
simulated surveys, cut at their true boxes. All are described by efficientnet_lite0 with the weights of its package.
"""

import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data" / "crops" / "animals22"
BUILD = ROOT / "build" / "bench"


@dataclass
class Labelled:
    """Embeddings (n, d), true labels (n,), and what the nuisance test needs."""

    name: str
    x: np.ndarray
    y: np.ndarray
    burst: np.ndarray
    station: np.ndarray
    infrared: np.ndarray

    def part(self, name: str, rows: np.ndarray) -> "Labelled":
        """Return some rows as a set of its own."""
        return Labelled(name, self.x[rows], self.y[rows], self.burst[rows], self.station[rows], self.infrared[rows])


def embed(crops: list[np.ndarray]) -> np.ndarray:
    """Describe square crops by efficientnet_lite0, float32 (n, 1280)."""
    import torch

    from camtrap.embed import models

    options = {"model": "efficientnet_lite0", "weights": None, "weights_sha256": None, "image_size": None}
    embedder = models.resolve(options)
    network = models.load(embedder, options)
    out = []
    with torch.inference_mode():
        for start in range(0, len(crops), 16):
            batch = np.stack([models.preprocess(crop, embedder) for crop in crops[start : start + 16]])
            out.append(network(torch.from_numpy(batch)).numpy())
    return np.concatenate(out)


def animals22() -> Labelled:
    """Return the labelled pictures, padded to a square; each is a burst of its own."""
    from camtrap.crop.geometry import cut
    from camtrap.pictures import decode

    with open(SHARED / "labels.csv", newline="") as file:
        rows = sorted((row["path"], row["label"]) for row in csv.DictReader(file))
    crops = [cut(decode.decode((SHARED / path).read_bytes()), (0, 0, 1, 1)) for path, _ in rows]
    n = len(rows)
    label = np.array([label for _, label in rows])
    return Labelled("animals22", embed(crops), label, np.arange(n).astype(str), np.full(n, "A"), np.zeros(n, bool))


def simulated(seed: int, pictures_: int) -> Labelled:
    """Return a simulated survey: species spread over stations and days, long-tailed, cut at the true boxes."""
    from camtrap.crop.geometry import cut
    from camtrap.pictures import decode
    from camtrap.simulate import simulate

    with tempfile.TemporaryDirectory() as folder:
        simulate(folder, seed, cards=2, stations=6, pictures=pictures_, spread=True, long_tailed=True, workers=2)
        with open(Path(folder) / "truth.csv", newline="") as file:
            rows = [r for r in csv.DictReader(file) if r["category"] == "animal" and r["w"] and not r["duplicate_of"]]
        crops, kept = [], []
        for row in rows:
            box = tuple(float(row[key]) for key in ("x", "y", "w", "h"))
            try:
                image = decode.decode((Path(folder) / "images" / row["path"]).read_bytes())
            except (OSError, ValueError):
                continue  # the truncated file
            crops.append(cut(image, box))
            kept.append(row)
        x = embed(crops)
    column = {key: np.array([row[key] for row in kept]) for key in ("kind", "burst", "station", "infrared")}
    night = np.char.lower(column["infrared"]) == "true"
    night |= column["infrared"] == "1"
    return Labelled(f"simulated-{seed}", x, column["kind"], column["burst"], column["station"], night)


def long_tailed(whole: Labelled, seed: int, exponent: float, least: int = 2) -> Labelled:
    """Return a subsample with max(least, 60 / rank ** exponent) pictures a kind, ranks by chance."""
    rng = np.random.default_rng(seed)
    rows = []
    for rank, kind in enumerate(rng.permutation(np.unique(whole.y)), 1):
        own = np.flatnonzero(whole.y == kind)
        rows.append(rng.choice(own, min(len(own), max(least, round(60 / rank**exponent))), replace=False))
    return whole.part(f"zipf{exponent:g}-{seed}", np.sort(np.concatenate(rows)))


def load_sets(surveys: int, size: int) -> list[Labelled]:
    """Make all sets; embeddings are kept below build/bench for the next time."""

    def cached(name, make):
        file = BUILD / f"{name}.npz"
        if not file.exists():
            made = make()
            BUILD.mkdir(parents=True, exist_ok=True)
            np.savez(file, **{key: value for key, value in vars(made).items() if key != "name"})
        with np.load(file, allow_pickle=False) as data:
            return Labelled(name, **{key: data[key] for key in data.files})

    sets = []
    if SHARED.exists():
        whole = cached("animals22", animals22)
        sets += [whole, *(long_tailed(whole, seed, s) for s in (1.0, 0.7) for seed in range(3))]
    else:
        print(f"left out: {SHARED} is not there")
    return sets + [
        cached(f"simulated-{seed}", lambda seed=seed: simulated(seed, size)) for seed in range(1, surveys + 1)
    ]


def write(data: Labelled, folder: Path) -> tuple[list[Path], Path]:
    """Write a set as the embed and collect stages would."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    n = len(data.x)
    ids = [f"{i:07d}" for i in range(n)]
    values = pa.FixedSizeListArray.from_arrays(pa.array(data.x.astype(np.float32).ravel()), data.x.shape[1])
    pq.write_table(pa.table({"crop_id": ids, "embedding": values}), folder / "s.parquet")
    columns = {"crop_id": ids, "shard": ["s"] * n, "row": np.arange(n, dtype=np.int32), "burst": data.burst.tolist()}
    columns |= {"infrared": data.infrared, "station": data.station.tolist(), "camera": ["c"] * n, "batch": ["b"] * n}
    pq.write_table(pa.table({**columns, "clustered": np.ones(n, bool)}), folder / "crops.parquet")
    return [folder / "s.parquet"], folder / "crops.parquet"
