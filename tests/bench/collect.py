"""Collect, and what the report reads, of many pictures: `python tests/bench/collect.py [pictures]` (1,000,000) prints time and peak memory.

The shards are the made-up tables of ``handover.py`` cut into files of 1,000 pictures, with boxes of their own; a table of stations
with time zones corrects the clocks of one half. Each step runs in a process of its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from handover import ROOT, SHARD
from handover import make as make_tables

STEPS = ("collect", "report")


def make(folder: Path, n: int) -> None:
    """Write the shards of ``n`` pictures, and the tables and clusters that the report reads."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from camtrap.collect.shards import CROP_COLUMNS
    from camtrap.index.run import INDEX_SCHEMA

    make_tables(folder, n)
    rng = np.random.default_rng(0)
    for kind in ("index", "crops", "plan"):
        (folder / kind).mkdir(exist_ok=True)
    images = pq.read_table(folder / "images.parquet")
    crops = pq.read_table(folder / "crops.parquet").sort_by("path")
    ends = np.searchsorted(
        crops["shard"].to_numpy(zero_copy_only=False), [f"s-{i:05d}" for i in range(-(-n // SHARD))], "right"
    )
    for number, end in enumerate(ends.tolist()):
        name = f"s-{number:05d}"
        part = images.slice(number * SHARD, SHARD)
        known = [
            part[key.name].cast(key.type) if key.name in part.schema.names else pa.nulls(len(part), key.type)
            for key in INDEX_SCHEMA
        ]
        pq.write_table(
            pa.Table.from_arrays(known, schema=INDEX_SCHEMA), folder / "index" / f"{name}.parquet", compression="zstd"
        )
        held = crops.slice(int(ends[number - 1]) if number else 0, end - (int(ends[number - 1]) if number else 0))
        size = rng.uniform(0.05, 0.4, (2, len(held))).astype(np.float32)
        place = (rng.uniform(0, 1, size.shape) * (1 - size)).astype(np.float32)
        box = dict(zip("xywh", (*place, *size), strict=True))
        other = {"sharpness": rng.random(len(held), np.float32), "brightness": rng.random(len(held), np.float32)}
        columns = {
            key: box.get(key, other.get(key)) if key in box or key in other else held[key] for key in CROP_COLUMNS
        }
        pq.write_table(pa.table(columns), folder / "crops" / f"{name}.parquet", compression="zstd")
    (folder / "plan" / "removed.tsv").write_text("path\n")
    small = folder / "small"
    small.mkdir(exist_ok=True)
    for name in ("info", "nuisance", "projection", "evaluation", "embedder", "detector"):
        (small / f"{name}.json").write_text("{}")
    (small / "names.json").write_text(json.dumps({"names": {}, "notes": []}))
    (small / "choice.json").write_text(json.dumps({"k": 80, "noise": 0, "methods": {}}))
    text, number = pa.array([], pa.string()), pa.array([], pa.int32())
    chosen = {"cluster": number, "role": text, "rank": number, "crop_id": text}
    pq.write_table(pa.table(chosen), small / "representatives.parquet")
    pq.write_table(pa.table({"cluster": number, "label": text, "crops": number}), small / "confusion.parquet")
    place = {"umap_x": rng.random(len(crops), np.float32), "umap_y": rng.random(len(crops), np.float32)}
    pq.write_table(pa.table({"crop_id": crops["crop_id"], **place}), small / "plane.parquet")
    rows = [
        f"Station {s:02d} de la Laguna,{-0.5 - s / 100},{-76 - s / 100},America/Guayaquil,{s % 2 * 60}\n"
        for s in range(80)
    ]
    (folder / "stations.csv").write_text("station,latitude,longitude,timezone,clock offset\n" + "".join(rows))


def one(folder: Path, what: str) -> dict:
    """Run one step here; seconds by the clock and of the processor (a busy machine), peak memory in MB, and what it says."""
    begin = time.perf_counter()
    said = _collect(folder) if what == "collect" else _report(folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = {"seconds": round(time.perf_counter() - begin, 1), "cpu_seconds": round(used.ru_utime + used.ru_stime, 1)}
    return {"step": what, **seconds, "peak_mb": round(used.ru_maxrss / 1024), "said": said}


def _collect(folder: Path) -> dict:
    from camtrap.collect.run import collect
    from camtrap.metadata.deployments import read_stations

    options = {
        "burst_seconds": 60,
        "event_minutes": 30,
        "repeat_detections": True,
        "repeat_events": 10,
        "repeat_iou": 0.9,
    }
    files = [sorted((folder / kind).iterdir()) for kind in ("index", "detections", "crops")]
    stations = read_stations(folder / "stations.csv")
    return collect(*files, folder / "plan" / "removed.tsv", folder / "tables", options, 0.2, ["animal"], stations)


def _report(folder: Path) -> dict:
    """What the page says of pictures and crops; without the figures, whose files are few and small."""
    from camtrap.report import facts, words
    from camtrap.report.gather import Files, gather

    tables, small = folder / "tables", folder / "small"
    names = ("info", "nuisance", "projection", "evaluation", "embedder", "detector", "names", "choice")
    survey = gather(
        Files(
            images=tables / "images.parquet",
            crops_table=tables / "crops.parquet",
            counts=tables / "counts.json",
            failures=tables / "failures.csv",
            crops=[],
            clusters=folder / "clusters.parquet",
            plane=small / "plane.parquet",
            representatives=small / "representatives.parquet",
            confusion=small / "confusion.parquet",
            sheets=small,
            figures=small,
            labels=folder / "labels.parquet",
            **{name: small / f"{name}.json" for name in names},
        )
    )
    rows = {
        name: len(getattr(facts, name)(survey)) for name in ("stations", "clocks", "clusters", "species", "methods")
    }
    return rows | {"headline": words.headline(survey)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep the files here")
    parser.add_argument("--only", choices=STEPS, nargs="+", default=STEPS)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT / "scripts"))
    if args.one == "make":  # apart: a process begins with its parent's peak of memory
        make(args.folder, args.pictures)
        return
    if args.one:
        print(json.dumps(one(args.folder, args.one)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        again = [sys.executable, __file__, "--folder", str(folder)]
        if not (folder / "stations.csv").exists():
            subprocess.run([*again, str(args.pictures), "--one", "make"], check=True)
        for what in args.only:
            subprocess.run([*again, "--one", what], check=True)


if __name__ == "__main__":
    main()
