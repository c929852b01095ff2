"""The crop stage of one shard: index and detections in, one row per crop out."""

import json
import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from camtrap.core.errors import PictureError
from camtrap.core.files import read_json, read_parquet, write_parquet
from camtrap.core.logs import progress
from camtrap.core.paths import Roots
from camtrap.crop.geometry import crop_id, cut, of_crop, scale
from camtrap.pictures import decode, source
from camtrap.pictures.encode import encode
from camtrap.pictures.infrared import is_infrared
from camtrap.plan import again
from camtrap.plan.manifests import planned_of

CROP_SCHEMA = pa.schema(
    [
        ("crop_id", pa.string()),
        ("image_id", pa.string()),
        ("path", pa.string()),
        ("category", pa.string()),
        ("conf", pa.float32()),
        ("x", pa.float32()),
        ("y", pa.float32()),
        ("w", pa.float32()),
        ("h", pa.float32()),
        ("image", pa.binary()),
        ("touches_border", pa.bool_()),
        ("infrared", pa.bool_()),
        ("sharpness", pa.float32()),
        ("brightness", pa.float32()),
    ]
)
BORDER = 0.005


def focus(crop: np.ndarray) -> tuple[float, float]:
    """Sharpness (variance of the Laplacian at 128 px) and brightness (mean) of a crop's grey values, 0 to 255."""
    grey = np.asarray(
        Image.fromarray(crop).convert("L").resize((128, 128), Image.Resampling.BILINEAR), dtype=np.float32
    )
    inner = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    return float(laplacian.var()), float(grey.mean())


def kept(detections: list[dict] | None, categories: dict[str, str], options: dict) -> list[tuple[tuple, str, float]]:
    """Detections of one picture that are cropped: (box, category name, confidence), best first, a box once.

    A negative confidence marks a repeat detection that another tool removed: it is not cropped.
    """
    best: dict[tuple, tuple[str, float]] = {}
    for detection in detections or []:
        name = categories.get(detection["category"], detection["category"])
        conf, box = detection["conf"], tuple(detection["bbox"])
        if conf >= options["threshold"] and name in options["categories"] and box[2] > 0 and box[3] > 0:
            best[box] = max(best.get(box, (name, -1.0)), (name, conf), key=lambda pair: pair[1])
    return sorted(((box, name, conf) for box, (name, conf) in best.items()), key=lambda item: (-item[2], item[0]))


def crop_shard(index: Path, detections: Path, out: Path, roots: Roots, options: dict, workers: int = 1) -> None:
    """Cut all kept detections of a shard into one Parquet file (columns: docs/tables.md).

    Parameters
    ----------
    options : dict
        The configuration's ``crop`` section.
    workers : int
        Threads that decode; the result does not depend on it.
    """
    from concurrent.futures import ThreadPoolExecutor

    rows = {row["path"]: row for row in read_parquet(index).drop_columns(["exif"]).to_pylist()}
    found = read_json(detections)
    categories = found["detection_categories"]
    todo = []
    for image in found["images"]:
        boxes = kept(image.get("detections"), categories, options)
        row = rows.get(image["file"])
        if boxes and row is not None and row["status"] != "failed":
            todo.append((row, boxes))
    todo.sort(key=lambda item: item[0]["path"])

    results, shard = Path(index).parents[1], Path(index).stem
    planned = planned_of(results, shard)

    def work(item: tuple[dict, list]) -> tuple[list[dict], tuple[str, str] | None]:
        try:
            return _crops(*item, roots, options, planned.of(item[0])), None
        except PictureError as error:
            return [], (item[0]["path"], str(error))
        except (ArithmeticError, LookupError, ValueError) as error:  # one picture must never cost the rest of the shard
            logging.warning("%s: unexpected %s", item[0]["path"], type(error).__name__, exc_info=error)
            return [], (item[0]["path"], f"it cannot be cropped ({decode.one_line(error)})")

    crops, failures = [], []
    with ThreadPoolExecutor(workers) as pool:
        for made, failure in progress(pool.map(work, todo), len(todo), "pictures cropped"):
            crops += made
            if failure:
                logging.warning("%s: %s", *failure)
                failures.append(failure)
    again.note(results, shard, failures, len(todo), planned)
    table = pa.Table.from_pylist(crops, CROP_SCHEMA)
    table = table.replace_schema_metadata({"failures": json.dumps(failures)})
    write_parquet(out, table, row_group_size=256, use_dictionary=False)


def _crops(row: dict, boxes: list, roots: Roots, options: dict, seen: source.Seen | None) -> list[dict]:
    picture = decode.load(roots, row, scale=scale(row, [box for box, *_ in boxes], options), reuse=True, seen=seen)
    infrared = is_infrared(picture)
    how = of_crop(picture, options)
    made = []
    for box, category, conf in boxes:
        crop = cut(picture, box, **how)
        sharpness, brightness = focus(crop)
        x, y, w, h = box
        made.append(
            {
                "crop_id": crop_id(row["image_id"], box),
                "image_id": row["image_id"],
                "path": row["path"],
                "category": category,
                "conf": conf,
                "x": x,
                "y": y,
                "w": w,
                "h": h,
                "image": encode(crop, options["format"], options["quality"]),
                "touches_border": min(x, y, 1 - x - w, 1 - y - h) < BORDER,
                "infrared": infrared,
                "sharpness": sharpness,
                "brightness": brightness,
            }
        )
    return made
