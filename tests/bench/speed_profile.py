"""Where the time goes: the crop stage by its lines, networks in ONNX Runtime by their operators, and jobs that have nothing to do."""

import collections
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import material
import numpy as np
from ways import BOX

ROOT = Path(__file__).resolve().parents[2]


def profile(bench) -> None:
    """All three; milliseconds a picture, share of each operator, seconds of an empty job."""
    for megapixels in (3, 12):
        paths = material.pictures(bench.images, megapixels, bench.count(24))
        bench.details[f"crop stage by lines, {megapixels} megapixels, ms"] = found = lines(paths, bench.repeats)
        print(f"crop stage, {megapixels} megapixels, one thread, ms a picture: {_listed(found, '.2f')}", flush=True)
    for file in sorted((bench.folder / "onnx").glob("yolo*.onnx")):
        name = file.name.partition("-")[0]
        bench.details[f"operators, {name}"] = found = operators(file, (1, 3, 960, 1280))
        print(f"{name} in ONNX Runtime, share of the time: {_listed(found, '.3f')}", flush=True)
    bench.details["jobs of an empty shard, s"] = found = empty_jobs(bench)
    print(f"jobs of a shard with nothing to do, s: {_listed(found, '.2f')}", flush=True)


def _listed(found: dict[str, float], form: str) -> str:
    return ", ".join(f"{name} {value:{form}}" for name, value in found.items())


def lines(paths: list[Path], repeats: int) -> dict[str, float]:
    """Milliseconds per picture of each step of the crop stage, one crop per picture, least of some rounds."""
    from camtrap.crop import geometry
    from camtrap.crop import run as crop
    from camtrap.pictures import decode, source
    from camtrap.pictures.infrared import is_infrared

    best: dict[str, float] = {}
    for _ in range(repeats):
        took: dict[str, float] = collections.defaultdict(float)

        def timed(name, call, took=took):
            begin = time.perf_counter()
            made = call()
            took[name] += (time.perf_counter() - begin) * 1e3 / len(paths)
            return made

        for path in paths:
            data = timed("reading", lambda path=path: source.read(path))
            picture = timed("decoding", lambda data=data: decode.decode(data, reuse=True))
            timed("infrared or not", lambda picture=picture: is_infrared(picture))
            cut = timed("cutting, resizing", lambda picture=picture: geometry.cut(picture, BOX, "pad", 256))
            timed("sharpness", lambda cut=cut: crop.focus(cut))
            timed("encoding", lambda cut=cut: crop.encode(cut, "jpeg", 95))
        best = {name: min(value, best.get(name, value)) for name, value in took.items()}
    return best


def operators(path: Path, shape: tuple[int, ...], least: float = 0.002) -> dict[str, float]:
    """Share of ONNX Runtime's time that each kind of operator takes, one thread, by its own profiler."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_profiling, options.profile_file_prefix = True, str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        inputs = {session.get_inputs()[0].name: np.random.default_rng(0).random(shape, dtype=np.float32)}
        for _ in range(3):
            session.run(None, inputs)
        events = json.loads(Path(session.end_profiling()).read_text())
    took: collections.Counter = collections.Counter()
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("kernel_time"):
            took[event["args"]["op_name"]] += event["dur"]
    total = sum(took.values())
    return {name: value / total for name, value in took.most_common() if value / total >= least}


def empty_jobs(bench) -> dict[str, float]:
    """Seconds of each job of a shard whose only picture is none, by Snakemake's `benchmark:`."""
    folder = bench.folder / "empty"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "images" / "card").mkdir(parents=True)
    (folder / "images" / "card" / "none.jpg").write_text("no picture")
    config = {
        "images": "images",
        "results": "results",
        "cache": str(bench.folder),
        "plan": {"settle_seconds": 0},
        "detector": {"weights": str(bench.folder / "yolov5x6.pt"), "trust_weights": True},
        "embed": {"model": "resnet152", "weights": str(bench.folder / "resnet152.pth")},
    }
    (folder / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--configfile", str(folder / "config.json"), "--cores", "1", "--resources", "gpu=0", "--until", "embed"]
    subprocess.run(command, check=True, capture_output=True, env=os.environ)
    found = {}
    for stage in ("index", "detect", "crop", "embed"):
        for path in sorted((folder / "results" / "benchmarks").glob(f"{stage}/**/*.tsv")):
            with open(path, newline="") as file:
                found[stage] = float(next(csv.DictReader(file, delimiter="\t"))["s"])
    return found
