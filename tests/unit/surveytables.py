"""Tables of a small survey, written down row by row: what exports read."""

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

IMAGES = pa.schema(
    [
        *((name, pa.string()) for name in ("image_id", "path", "batch", "station")),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("datetime", pa.timestamp("us")),
        *((name, pa.string()) for name in ("make", "model", "serial")),
        ("temperature", pa.float32()),
        ("latitude", pa.float64()),
        ("longitude", pa.float64()),
        *((name, pa.string()) for name in ("trigger", "label", "clock", "clock_reason", "timestamp", "video")),
        ("frame", pa.int32()),
        ("frame_time", pa.float64()),
        *((name, pa.string()) for name in ("status", "error", "shard", "category")),
        ("max_conf", pa.float32()),
        ("n_paths", pa.int32()),
        *((name, pa.string()) for name in ("duplicate_of", "burst", "event")),
    ]
)
CROPS = pa.schema(
    [
        *((name, pa.string()) for name in ("crop_id", "image_id", "path", "category")),
        *((name, pa.float32()) for name in ("conf", "x", "y", "w", "h")),
        ("repeat", pa.bool_()),
        ("infrared", pa.bool_()),
        ("shard", pa.string()),
        ("row", pa.int32()),
    ]
)
LABELS = pa.schema(
    [
        *((name, pa.string()) for name in ("crop_id", "state", "name", "how", "decision", "who")),
        ("at", pa.timestamp("us", "UTC")),
        ("sure", pa.float32()),
        ("suggestion", pa.string()),
    ]
)


def picture(path: str, time: str | None = None, crops: tuple = (), **more) -> dict:
    """A picture taken at ``time`` (ISO 8601, local); ``crops`` of :func:`crop`. Its category is that of its first crop, else empty."""
    folders = path.split("/")
    row = {"image_id": f"{path}#id", "path": path, "batch": folders[0], "station": folders[-2], "shard": "s-1"}
    row |= {"width": 640, "height": 480, "status": "ok", "n_paths": 1, "burst": path, "event": path}
    row |= {"datetime": dt.datetime.fromisoformat(time) if time else None}
    row |= {"category": crops[0]["category"] if crops else "empty", "crops": crops}
    return row | more


def crop(name: str | None = None, **more) -> dict:
    """A crop of an animal, named by its cluster where it has a name; ``how="looked at"`` where somebody looked."""
    row = {
        "category": "animal",
        "conf": 0.9,
        "x": 0.25,
        "y": 0.5,
        "w": 0.25,
        "h": 0.125,
        "repeat": False,
        "infrared": False,
    }
    if name:
        row |= {"state": "named", "name": name, "how": "cluster", "sure": 0.75, "who": "ana"}
        row |= {"at": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)}
    return row | more


def write(
    folder: Path, pictures: list[dict], decided: bool = True, bound: dict[str, float] | None = None
) -> dict[str, Path]:
    """Write the tables; return what `camtrap.export.records.Survey` takes. Crops are called c0, c1, … as they come, if not named."""
    folder.mkdir(parents=True, exist_ok=True)
    crops = []
    for one in pictures:
        for number, row in enumerate(one["crops"]):
            called = {"crop_id": f"{one['path']}-{number}", "image_id": one["image_id"], "path": one["path"]}
            crops.append(called | {"shard": one["shard"], "row": len(crops)} | row)
    crops.sort(key=lambda row: row["crop_id"])
    rows = sorted(pictures, key=lambda row: row["path"])
    files = {"images": folder / "images.parquet", "crops": folder / "crops.parquet"}
    pq.write_table(pa.Table.from_pylist(rows, IMAGES), files["images"])
    pq.write_table(pa.Table.from_pylist(crops, CROPS), files["crops"])
    if decided:
        files |= {"labels": folder / "labels.parquet", "label_info": folder / "labels.json"}
        pq.write_table(pa.Table.from_pylist(crops, LABELS), files["labels"])
        files["label_info"].write_text(json.dumps({"bound": bound or {}}))
    return files
