"""How clustering grows: `python tests/bench/scale.py [crops ...]` makes embeddings and times every stage (`make bench-scale`).

Each stage runs in a process of its own, so that its peak memory is its own; a sweep's fits run side by side with one thread each,
as the workflow runs them. Writes build/bench/scale.json.
"""

import argparse
import itertools
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIZES = [100_000, 1_000_000]
SHARD = 10_000
DIMS = 2_048


def make(folder: Path, n: int, seed: int = 0) -> None:
    """Write embeddings and a crops table: 60 kinds (Zipf), 40 stations, bursts of one to five, rank 128, ReLU, float16."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(seed)
    kinds, stations, rank = 60, 40, 128
    weight = 1 / np.arange(1, kinds + 1)
    centre = rng.normal(size=(kinds, rank)).astype(np.float32)
    place = 0.5 * rng.normal(size=(stations, rank)).astype(np.float32)
    night = 0.7 * rng.normal(size=(2, rank)).astype(np.float32)
    lift = (rng.normal(size=(rank, DIMS)) / np.sqrt(rank)).astype(np.float32)
    (folder / "embeddings").mkdir(parents=True)
    tables, burst0 = [], 0
    for shard in range(math.ceil(n / SHARD)):
        m = min(SHARD, n - shard * SHARD)
        burst = np.repeat(np.arange(m), rng.integers(1, 6, m))[:m]
        kind = rng.choice(kinds, burst.max() + 1, p=weight / weight.sum())
        station = rng.integers(0, stations, burst.max() + 1)
        dark = rng.integers(0, 2, burst.max() + 1)
        own = centre[kind] + place[station] + night[dark] + 0.6 * rng.normal(size=(len(kind), rank)).astype(np.float32)
        latent = own[burst] + 0.3 * rng.normal(size=(m, rank)).astype(np.float32)
        values = np.maximum(latent @ lift + 0.1 * rng.normal(size=(m, DIMS)).astype(np.float32), 0).astype(np.float16)
        name = f"card-{shard:05d}"
        ids = np.array([f"{rng.integers(2**63):016x}-{i:07d}" for i in range(shard * SHARD, shard * SHARD + m)])
        column = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), DIMS)
        pq.write_table(
            pa.table({"crop_id": ids, "embedding": column}),
            folder / "embeddings" / f"{name}.parquet",
            compression="zstd",
        )
        tables.append(
            pa.table(
                {
                    "crop_id": ids,
                    "shard": [name] * m,
                    "row": np.arange(m, dtype=np.int32),
                    "burst": [f"b{burst0 + b}" for b in burst],
                    "infrared": dark[burst].astype(bool),
                    "station": [f"S{s}" for s in station[burst]],
                    "camera": [f"C{s % 7}" for s in station[burst]],
                    "batch": [f"card{shard % 5}"] * m,
                    "category": ["animal"] * m,
                    "label": [f"kind{k}" for k in kind[burst]],
                    "clustered": [True] * m,
                }
            )
        )
        burst0 += int(burst.max()) + 1
    pq.write_table(pa.concat_tables(tables).sort_by("crop_id"), folder / "crops.parquet")


def stages(folder: Path, ks: range, cores: int) -> list[tuple[str, list]]:
    """Return (stage, call). A call is [module, function, *arguments]."""
    at = {name: str(folder / name) for name in ("reduced", "near.npz", "leiden.npz", "choice.json", "clusters.parquet")}
    embedding = sorted(str(file) for file in (folder / "embeddings").glob("*.parquet"))
    reduced, near = at["reduced"], at["near.npz"]
    kmeans = [str(folder / f"kmeans_k{k}.npz") for k in ks]
    gmm = [str(folder / f"gmm_k{k}.npz") for k in ks]
    primary = METHOD
    fitted = str(folder / f"{primary}.npz")
    cluster = "camtrap.cluster."
    return [
        ("reduce", [cluster + "reduce", "reduce", embedding, str(folder / "crops.parquet"), reduced, {}]),
        ("neighbours", [cluster + "neighbours", "neighbours", reduced, near, {}, 0]),
        ("kmeans", [cluster + "fit", "fit_ks", "kmeans", reduced, list(ks), kmeans, {}, 0, cores]),
        ("gmm", [cluster + "fit", "fit_ks", "gmm", reduced, list(ks), gmm, {}, 0, cores]),
        ("primary", [cluster + "fit", "fit_method", primary, reduced, near, fitted, {}, 0]),
        (
            "choose",
            [
                cluster + "choose",
                "choose",
                reduced,
                near,
                kmeans + gmm,
                [fitted],
                at["choice.json"],
                at["clusters.parquet"],
                {},
            ],
        ),
        (
            "nuisance",
            [cluster + "nuisance", "nuisance", at["clusters.parquet"], reduced, str(folder / "nuisance.json")],
        ),
        ("project", ["camtrap.show.maps", "project", reduced, str(folder / "projection.parquet"), {}, 0]),
        (
            "represent",
            [
                "camtrap.show.representatives",
                "choose_representatives",
                reduced,
                at["clusters.parquet"],
                str(folder / "represent.parquet"),
            ],
        ),
    ]


METHOD = "average"
SWEEPS = ("kmeans", "gmm")


def call(arguments: list) -> None:
    """Run one call (in the child process) and print its seconds, peak GB and result."""
    import importlib

    start = time.perf_counter()
    module, name, *rest = arguments
    result = getattr(importlib.import_module(module), name)(*rest)
    peak = peak_gb()
    switches = result.get("switches") if isinstance(result, dict) else None
    print(json.dumps({"seconds": time.perf_counter() - start, "peak_gb": peak, "switches": switches}))


def peak_gb() -> float:
    """Return this process's peak of resident memory. (getrusage's would be the parent's where that one was larger.)"""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 2**20
    return math.nan


def child(arguments: list, threads: int) -> dict:
    """Run one call in a fresh Python process."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    env = {**os.environ, **dict.fromkeys(names, str(threads))}
    command = [sys.executable, __file__, "--call", "-"]
    done = subprocess.run(command, env=env, input=json.dumps(arguments), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{arguments[1]} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(n: int, work: Path, ks: range, cores: int) -> dict:
    """Return seconds and peak GB of each stage for ``n`` crops."""
    folder = work / f"scale{n}"
    shutil.rmtree(folder, ignore_errors=True)
    start = time.perf_counter()
    make(folder, n)
    made = time.perf_counter() - start
    row: dict = {"crops": n, "made_seconds": made, "stages": {}}
    for name, arguments in stages(folder, ks, cores):
        start = time.perf_counter()
        peak = child(arguments, 1 if name in SWEEPS else cores)["peak_gb"]
        seconds = time.perf_counter() - start
        row["stages"][name] = {"seconds": seconds, "peak_gb": peak}
        print(f"{n:>9,} {name:<11} {seconds:8.1f} s  {peak:6.2f} GB", flush=True)
    row["seconds"] = sum(stage["seconds"] for stage in row["stages"].values())
    row["peak_gb"] = max(stage["peak_gb"] for stage in row["stages"].values())
    row.update(quality(folder))
    print(
        f"{n:>9,} {'in all':<11} {row['seconds']:8.1f} s  {row['peak_gb']:6.2f} GB   {row['k']} clusters, AMI {row['ami']:.3f}",
        flush=True,
    )
    shutil.rmtree(folder)
    return row


def quality(folder: Path) -> dict:
    """Return the number of clusters, the agreement with the kinds that were made, and the switches that were thrown."""
    import numpy as np
    import pyarrow.parquet as pq
    from sklearn.metrics import adjusted_mutual_info_score as ami

    truth = pq.read_table(folder / "crops.parquet", columns=["label"])["label"].to_numpy()
    labels = pq.read_table(folder / "clusters.parquet").to_pandas()
    choice = json.loads((folder / "choice.json").read_text())
    thrown = json.loads((folder / "reduced" / "info.json").read_text())["switches"]
    with np.load(folder / "near.npz", allow_pickle=False) as file:
        recall = json.loads(str(file["info"]))["recall"]
    return {
        "k": choice["k"],
        "neighbours_recall": recall,
        "ami": float(ami(truth, labels["cluster"])),
        "ami_kmeans": float(ami(truth, labels["kmeans"])),
        "ami_gmm": float(ami(truth, labels["gmm"])),
        "switches": {"reduce": thrown, **choice["switches"]},
    }


def exponents(rows: list[dict]) -> dict:
    """Return for each stage the exponents of growth of seconds between neighbouring sizes."""
    out: dict = {}
    for a, b in itertools.pairwise(rows):
        span = math.log(b["crops"] / a["crops"])
        pairs = {name: (a["stages"][name]["seconds"], b["stages"][name]["seconds"]) for name in a["stages"]}
        pairs["in all"] = (a["seconds"], b["seconds"])
        for name, (x, y) in pairs.items():
            out.setdefault(name, {})[f"{a['crops']}-{b['crops']}"] = round(math.log(y / x) / span, 2)
    return out


def main() -> None:
    """Parse the command line, measure each size, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, help="numbers of crops")
    parser.add_argument("--k-max", type=int, default=40)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument(
        "--work", type=Path, help="a folder with room for 4.2 kB a crop; default: the system's temporary folder"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / "scale.json")
    parser.add_argument("--call", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.call:
        call(json.load(sys.stdin))
        return
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        rows = [measure(n, Path(work), range(2, options.k_max + 1), options.cores) for n in sorted(options.sizes)]
    growth = exponents(rows)
    for name, values in growth.items():
        print(f"exponent {name:<11} " + "  ".join(f"{span}: {value:.2f}" for span, value in values.items()))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(
        json.dumps({"cores": options.cores, "dims": DIMS, "sizes": rows, "exponents": growth}, indent=1) + "\n"
    )
    print(f"written to {options.out}")


if __name__ == "__main__":
    main()
