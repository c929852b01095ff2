"""What a run costs beside its pictures: Snakemake, its jobs and loading, and the same of the straight chain of scripts."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import material
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
PICTURES = 2
CHAIN = """
import sys
from pathlib import Path
from ways import Notebook, Package
Package(Path({weights!r}), {device!r}, {threads})
Notebook({options!r}, {device!r}, {threads})
"""


def snakemake(bench, detector: str) -> float:
    """Seconds of one shard from pictures to vectors by the real workflow, less what its two pictures take."""
    folder = bench.folder / f"run_{detector}"
    shutil.rmtree(folder, ignore_errors=True)
    images = folder / "images" / "card"
    images.mkdir(parents=True)
    for path in material.pictures(bench.images, 3, PICTURES):
        shutil.copy(path, images)
    config = {
        "images": str(folder / "images"),
        "results": str(folder / "results"),
        "cache": str(bench.folder),
        "plan": {"settle_seconds": 0},
        "detector": {"weights": str(bench.folder / f"{detector}.pt"), "trust_weights": True},
        "embed": {"model": "resnet152", "weights": str(bench.folder / "resnet152.pth")},
    }
    (folder / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--configfile", str(folder / "config.json"), "--cores", str(bench.threads), "--resources"]
    command += ["gpu=0" if bench.device == "cpu" else "gpu=1"]
    seconds = _time([*command, "--until", "embed"])
    (vectors,) = (folder / "results" / "embeddings").glob("*/*.parquet")
    taken = PICTURES * (
        bench.seconds[f"detect stage, {detector}"] + bench.seconds["crop and embed stage, 3 megapixels"]
    )
    # a network of random weights finds dozens of animals in a picture
    more = pq.read_metadata(vectors).num_rows - PICTURES
    return seconds - taken - more * bench.seconds["embed stage, resnet152"]


def chain(bench, detector: str) -> float:
    """Seconds until the straight chain has its two networks loaded."""
    options = bench.network("resnet152")[0]
    weights = str(bench.folder / f"{detector}.pt")
    code = CHAIN.format(options=options, weights=weights, device=bench.device, threads=bench.threads)
    return _time([sys.executable, "-c", code])


def _time(command: list[str]) -> float:
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=Path(__file__).resolve().parent, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return time.perf_counter() - begin
