"""Exports of a survey of many pictures: `python tests/bench/handover.py [pictures]` (1,000,000) prints time and peak memory of each.

The tables are made up: 80 stations, 5 cards, bursts of one to five, a third of the pictures empty, 30 names, a crop per animal (62 of
100 pictures). ``people`` is the search for pictures with people, which each export begins with; it reads 1,000 pictures per file.
Each export runs in a process of its own.
"""

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa

ROOT = Path(__file__).resolve().parents[2]
EXPORTS = (
    *("people", "csv", "tables", "figures", "megadetector"),  # the last four are made unless they are turned off
    *("r_tables", "darwin_core", "camtrap_dp event", "camtrap_dp media"),
)
BOX = [0.1, 0.1, 0.3, 0.3]  # of every animal and person
SHARD = 1000
ABOUT = {
    "title": "Bench",
    "description": None,
    "citation": None,
    "project": None,
    "sampling_design": "targeted",
    "individual_animals": False,
    "licenses": {"data": None, "media": None},
    "contributors": [{"title": "Ana"}],
}


def make(folder: Path, n: int) -> None:
    """Write the tables of ``n`` pictures."""
    import numpy as np
    import pyarrow.parquet as pq

    from camtrap.crop.geometry import crop_id

    rng = np.random.default_rng(0)
    station, card = np.arange(n) * 80 // n, np.arange(n) * 400 // n % 5
    burst = np.repeat(np.arange(n), rng.integers(1, 6, n))[:n]
    first = np.r_[True, burst[1:] != burst[:-1]]
    ids = [f"{a:016x}{b:016x}{a:016x}{b:016x}" for a, b in rng.integers(0, 2**62, (n, 2))]
    path = [
        f"card{c}/Station {s:02d} de la Laguna/DCIM/100RECNX/RCNX{i:07d}.JPG"
        for i, (s, c) in enumerate(zip(station, card, strict=True))
    ]
    start = np.datetime64("2024-01-01T00:00:00", "us")
    when = start + (np.cumsum(first) * 2400 + np.arange(n) * 2).astype("timedelta64[s]") % np.timedelta64(
        200 * 86_400, "s"
    )
    event = np.array(ids, object)[np.maximum.accumulate(np.where(first, np.arange(n), 0))]
    event = [name[:12] for name in event]
    kind = rng.random(burst.max() + 1)[burst]
    category = np.where(kind < 0.62, "animal", np.where(kind < 0.65, "person", "empty"))
    none = pa.nulls(n)
    images = {
        "image_id": ids,
        "path": path,
        "batch": [f"card{c}" for c in card],
        "station": [f"Station {s:02d} de la Laguna" for s in station],
        "width": pa.array(np.full(n, 2048, np.int32)),
        "height": pa.array(np.full(n, 1536, np.int32)),
        "datetime": when,
        "make": ["RECONYX"] * n,
        "model": ["HYPERFIRE 2"] * n,
        "serial": [f"H{s}" for s in station],
        "clock": none.cast(pa.string()),
        "timestamp": none.cast(pa.string()),
        "latitude": -0.5 - station / 100,
        "longitude": -76.0 - station / 100,
        "trigger": ["motion"] * n,
        "status": ["ok"] * n,
        "shard": ["s"] * n,  # by path, below
        "category": category,
        "max_conf": pa.array(kind.astype(np.float32)),
        "n_paths": pa.array(np.ones(n, np.int32)),
        "burst": event,
        "event": event,
        **{name: none.cast(pa.string()) for name in ("video", "error")},
        "frame": none.cast(pa.int32()),
        "frame_time": none.cast(pa.float64()),
    }
    table = pa.table(images).sort_by("path")
    shard = [f"s-{row // SHARD:05d}" for row in range(n)]
    table = table.set_column(table.schema.get_field_index("shard"), "shard", pa.array(shard))
    pq.write_table(table, folder / "images.parquet", compression="zstd")
    import pyarrow.compute as pc

    with_crop = table.filter(pc.equal(table["category"], "animal"))
    m = len(with_crop)
    box = dict(zip(("x", "y", "w", "h"), (pa.array(np.full(m, side, np.float32)) for side in BOX), strict=True))
    crops = {
        "crop_id": [crop_id(name, BOX) for name in with_crop["image_id"].to_pylist()],
        "image_id": with_crop["image_id"],
        "path": with_crop["path"],
        "category": with_crop["category"],
        "conf": pa.array(np.full(m, 0.9, np.float32)),
        **box,
        "repeat": np.zeros(m, bool),
        "infrared": np.zeros(m, bool),
        "touches_border": np.zeros(m, bool),
        **{name: with_crop[name] for name in ("batch", "station", "datetime", "burst", "event")},
        "shard": with_crop["shard"],
        "row": pa.array(np.arange(m, dtype=np.int32)),
    }
    made = pa.table(crops).sort_by("crop_id")
    pq.write_table(made, folder / "crops.parquet", compression="zstd")
    names = np.array([f"Species number {i}" for i in range(30)], object)[rng.zipf(1.5, m) % 30]
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    labels = {
        "crop_id": made["crop_id"],
        "state": ["named"] * m,
        "name": names,
        "who": ["ana"] * m,
        "decision": ["x"] * m,
        "how": np.where(rng.random(m) < 0.1, "looked at", "cluster"),
        "at": pa.array([at] * m, pa.timestamp("us", "UTC")),
        "sure": pa.array(rng.random(m).astype(np.float32)),
        "suggestion": pa.nulls(m).cast(pa.string()),
    }
    clusters = {
        "crop_id": made["crop_id"],
        "probability": rng.random(m),
        "suggestion": pa.array(rng.integers(0, 80, m), pa.int32()),
    }
    clusters |= {name: pa.array(rng.integers(-1, 80, m), pa.int32()) for name in ("cluster", "coarse", "fine")}
    pq.write_table(pa.table(clusters), folder / "clusters.parquet", compression="zstd")
    (folder / "failures.csv").write_text("path,stage,status,reason\n")
    _detect(folder / "detections", table)
    pq.write_table(pa.table(labels), folder / "labels.parquet", compression="zstd")


def _detect(folder: Path, table: pa.Table) -> None:
    """Detections of all pictures."""
    folder.mkdir(exist_ok=True)
    number = {"animal": "1", "person": "2"}
    for start in range(0, len(table), SHARD):
        part = table.slice(start, SHARD)
        images = [
            {"file": path, "detections": [{"category": number[kind], "conf": 0.9, "bbox": BOX}]}
            if kind in number
            else {"file": path, "detections": []}
            for path, kind in zip(part["path"].to_pylist(), part["category"].to_pylist(), strict=True)
        ]
        text = {
            "info": {"format_version": "1.6"},
            "detection_categories": {"1": "animal", "2": "person"},
            "images": images,
        }
        (folder / f"s-{start // SHARD:05d}.json").write_text(json.dumps(text))


def one(folder: Path, what: str) -> dict:
    """Run one export here; seconds by the clock and of the processor (a busy machine), peak memory in MB, and what it says."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from camtrap.export.privacy import LEAVE_OUT, OPEN, Privacy, find_people
    from camtrap.export.records import Survey

    begin = time.perf_counter()
    tables = {name: folder / f"{name}.parquet" for name in ("images", "crops", "clusters", "labels")}
    survey = Survey(**tables, zone="America/Guayaquil")
    name, _, level = what.partition(" ")
    private, said = OPEN, {}
    if name not in ("figures", "camtrap_dp"):  # the others are what a job does
        people = find_people(survey, sorted((folder / "detections").iterdir()), 0.2)
        private, said = Privacy(people, LEAVE_OUT, 2), {"people": len(people.boxes)}
    if name == "camtrap_dp":
        from camtrap.export import camtrap_dp

        said = camtrap_dp.export(survey, None, folder / name, level, ABOUT)
    elif name == "r_tables":
        from camtrap.export import r_tables

        said = r_tables.export(survey, None, folder / name, 7, private)
    elif name == "darwin_core":
        from camtrap.export import darwin_core

        said = {"rows": darwin_core.export(survey, None, folder / name, ABOUT, private)}
    elif name == "csv":
        from camtrap.export import table

        del survey
        said = table.export(tables["crops"], tables["clusters"], {}, folder / "crops.csv", tables["labels"], private)
    elif name == "megadetector":
        from camtrap.export import megadetector

        del survey
        detections = sorted((folder / "detections").iterdir())
        of = tables["images"], tables["crops"], tables["clusters"], {}, folder / "md.json"
        said = megadetector.export(*of, detections, 0.2, tables["labels"], private)
    elif name == "tables":
        from camtrap.export import tables

        out = {key: folder / f"{key}.csv" for key in ("pictures", "species", "by_station")} | {
            "lists": folder / "lists"
        }
        said = tables.write(survey, folder / "failures.csv", out, private)
    elif name == "figures":
        from camtrap.export import figures

        said = {"figures": len(figures.draw(survey, folder / name)["figures"])}
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = {"seconds": round(time.perf_counter() - begin, 1), "cpu_seconds": round(used.ru_utime + used.ru_stime, 1)}
    return {"export": what, **seconds, "peak_mb": round(used.ru_maxrss / 1024), "said": said}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep the tables and what is made here")
    parser.add_argument("--only", choices=EXPORTS, nargs="+", default=EXPORTS, help="which exports (all)")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
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
        if not (folder / "labels.parquet").exists():
            subprocess.run([*again, str(args.pictures), "--one", "make"], check=True)
        for what in args.only:
            subprocess.run([*again, "--one", what], check=True)


if __name__ == "__main__":
    main()
