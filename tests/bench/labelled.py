"""Labelled sets for the bench of quality: embeddings with true kinds, bursts and stations.

The crops of shared/data/crops (animals22, and ca01 of a real camera trap), long-tailed subsamples of both, a small real survey
(camera-traps/amazon-corridor, cut by the motion detector), and simulated surveys, cut at their true boxes. What is absent is left
out, and that is said. All are described by an embedder whose weights lie in a package.
"""

import csv
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
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


@dataclass(frozen=True)
class Look:
    """How crops are described: an embedder of a package, what stands where the picture ends, and whether with mirror images."""

    embedder: str = "efficientnet_lite2"
    fill: str = "grey"
    flip: bool = True


def embed(crops: list[np.ndarray], look: Look) -> np.ndarray:
    """Describe square crops, float32 (n, 1280)."""
    from material import OPTIONS

    from camtrap.embed import models
    from camtrap.embed.engines import make_engine

    options = {**OPTIONS, "model": look.embedder, "weights": None, "flip": look.flip}
    embedder = models.resolve(options)
    engine = make_engine(embedder, options, None, "cpu", 1, 8)
    batches = (crops[start : start + 8] for start in range(0, len(crops), 8))
    return np.concatenate(
        [engine.forward(np.stack([models.preprocess(crop, embedder) for crop in batch])) for batch in batches]
    )


def folder(name: str, look: Look) -> Labelled:
    """Return a folder of labelled crops, padded to a square; each is a burst of its own."""
    from camtrap.crop.geometry import cut
    from camtrap.pictures import decode, infrared

    home = SHARED / "crops" / name
    with open(home / "labels.csv", newline="") as file:
        rows = sorted((row["path"], row["label"]) for row in csv.DictReader(file))
    pictures = [decode.decode((home / path).read_bytes()) for path, _ in rows]
    x = embed([cut(picture, (0, 0, 1, 1), fill=look.fill) for picture in pictures], look)
    n, label = len(rows), np.array([label for _, label in rows])
    night = np.array([infrared.is_infrared(picture) for picture in pictures])
    return Labelled(name, x, label, np.arange(n).astype(str), np.full(n, "A"), night)


def corridor(look: Look) -> Labelled:
    """Return the crops that a run with the motion detector makes of the small real survey; their kind is the picture's."""
    import pyarrow.parquet as pq

    from camtrap.pictures import decode

    home = SHARED / "camera-traps" / "amazon-corridor"
    with open(home / "labels.csv", newline="") as file:
        kind = {row["path"]: row["label"] for row in csv.DictReader(file)}
    with tempfile.TemporaryDirectory() as results:
        config = [f"images={home / 'images'}", f"results={results}", "detector={backend: motion}"]
        config += [f"crop={{fill: {look.fill}}}", f"embed={{model: {look.embedder}}}", "plan={settle_seconds: 0}"]
        snakemake = [sys.executable, "-m", "snakemake", "-q", "--cores", "2", "-s", ROOT / "Snakefile"]
        subprocess.run([*snakemake, "--until", "collect", "--config", *config], check=True, cwd=results)
        table = pq.read_table(Path(results) / "tables" / "crops.parquet").to_pandas()
        stored = pq.read_table(Path(results) / "crops").to_pandas().set_index("crop_id")["image"]
    table = table[table["clustered"]]
    x = embed([decode.decode(stored[name]) for name in table["crop_id"]], look)
    columns = [table[name].to_numpy(str) for name in ("burst", "station")]
    return Labelled(
        "corridor",
        x,
        np.array([kind[f"images/{path}"] for path in table["path"]]),
        *columns,
        table["infrared"].to_numpy(bool),
    )


def simulated(seed: int, pictures_: int, look: Look) -> Labelled:
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
            crops.append(cut(image, box, fill=look.fill))
            kept.append(row)
        x = embed(crops, look)
    column = {key: np.array([row[key] for row in kept]) for key in ("kind", "burst", "station", "infrared")}
    night = np.char.lower(column["infrared"]) == "true"
    night |= column["infrared"] == "1"
    return Labelled(f"simulated-{seed}", x, column["kind"], column["burst"], column["station"], night)


def long_tailed(whole: Labelled, seed: int, exponent: float, most: int = 60, least: int = 2) -> Labelled:
    """Return a subsample with max(least, most / rank ** exponent) pictures a kind, ranks by chance."""
    rng = np.random.default_rng(seed)
    rows = []
    for rank, kind in enumerate(rng.permutation(np.unique(whole.y)), 1):
        own = np.flatnonzero(whole.y == kind)
        rows.append(rng.choice(own, min(len(own), max(least, round(most / rank**exponent))), replace=False))
    return whole.part(f"{whole.name}-{exponent:g}-{seed}", np.sort(np.concatenate(rows)))


def load_sets(surveys: int, size: int, look: Look) -> list[Labelled]:
    """Make all sets; embeddings are kept below build/bench for the next time."""

    def cached(name: str, make: Callable[[], Labelled]) -> Labelled:
        file = BUILD / f"{name}-{look.embedder}-{look.fill}.npz"
        if not file.exists():
            made = make()
            BUILD.mkdir(parents=True, exist_ok=True)
            np.savez(file, **{key: value for key, value in vars(made).items() if key != "name"})
        with np.load(file, allow_pickle=False) as data:
            return Labelled(name, **{key: data[key] for key in data.files})

    if not SHARED.exists():
        print(f"left out: {SHARED} is not there")
        real = []
    else:
        animals, ca01 = (cached(name, lambda name=name: folder(name, look)) for name in ("animals22", "ca01"))
        real = [animals, *(long_tailed(animals, seed, s) for s in (1.0, 0.7) for seed in range(3))]
        real += [ca01, *(long_tailed(ca01, seed, s, 150, 10) for s in (1.0, 0.7) for seed in range(2))]
        real += [cached("corridor", lambda: corridor(look))]
    return real + [
        cached(f"simulated-{seed}", lambda seed=seed: simulated(seed, size, look)) for seed in range(1, surveys + 1)
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
