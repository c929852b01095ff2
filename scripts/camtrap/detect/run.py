"""The detect stage of one shard: index in, MegaDetector batch format out, whatever the backend."""

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from camtrap.core.errors import PictureError
from camtrap.core.files import read_json
from camtrap.core.logs import progress
from camtrap.core.parallel import ordered
from camtrap.core.paths import Roots
from camtrap.detect.weights import weights_path
from camtrap.detections import megadetector_json
from camtrap.pictures import decode

FAILURE = "image access failure"
WHOLE = [0.0, 0.0, 1.0, 1.0]


def detect_shard(
    index: Path,
    detector_file: Path,
    out: Path,
    roots: Roots,
    options: dict,
    cache: str | None = None,
    device: str = "cpu",
    threads: int = 1,
    batch_size: int = 1,
) -> None:
    """Find animals, people and vehicles in a shard's pictures.

    Parameters
    ----------
    index : Path
        ``index/{shard}.parquet``; pictures that failed there are failures here too.
    detector_file : Path
        What :func:`camtrap.detect.weights.resolve` said.
    options : dict
        The configuration's ``detector`` section.
    device : str
        "cpu" or "cuda:N".
    threads, batch_size : int
        Speed only.
    """
    rows = pq.read_table(index).drop_columns(["exif"]).to_pylist()
    known = read_json(detector_file)
    entries = [{"file": row["path"], "failure": _reason(row["error"])} for row in rows if row["status"] == "failed"]
    good = [row for row in rows if row["status"] != "failed"]
    if good and known["backend"] == "megadetector":
        if options["prefilter"] == "motion":
            moved = _motion(good, roots, options, threads)
            still = {entry["file"] for entry in moved if entry.get("detections") == []}
            entries += [entry for entry in moved if entry["file"] in still]
            logging.info("nothing moved in %d of %d pictures: the network is not asked", len(still), len(good))
            good = [row for row in good if row["path"] not in still]
        entries += _megadetector(good, known, roots, options, cache, device, threads, batch_size)
    elif good and known["backend"] == "motion":
        entries += _motion(good, roots, options, threads)
    else:
        entries += [
            {"file": row["path"], "detections": [{"category": "1", "conf": 1.0, "bbox": WHOLE}]} for row in good
        ]
    info = {"detector": known["model"], "detector_metadata": {"sha256": known["sha256"] or ""}}
    megadetector_json.write(out, megadetector_json.batch_json(entries, info))
    found = sum(bool(entry.get("detections")) for entry in entries)
    logging.info("%d pictures, %d with detections", len(entries), found)


def _reason(error: str | None) -> str:
    return f"{FAILURE}: {error}" if error else FAILURE


def _megadetector(rows, known, roots, options, cache, device, threads, batch_size) -> list[dict]:
    from camtrap.detect.megadetector import MegaDetector, silent

    detector = MegaDetector(
        weights_path(options, cache),
        known["sha256"],
        device,
        options["image_size"],
        options["classes"],
        options["min_confidence"],
        options["runtime"],
        threads,
        cache,
        options["precision"] == "mixed",
    )

    def read(row: dict) -> tuple[dict, dict | PictureError]:
        try:
            return row, detector.prepare(row["path"], decode.load(roots, row))
        except PictureError as error:
            logging.warning("%s: %s", row["path"], error)
            return row, error

    def detect(batch: list[tuple[dict, dict | PictureError]]) -> list[dict]:
        entries = [
            {"file": row["path"], "failure": _reason(str(error))}
            for row, error in batch
            if isinstance(error, PictureError)
        ]
        good = [prepared for _, prepared in batch if isinstance(prepared, dict)]
        return entries + (detector(good) if good else [])

    if detector.decodes:
        batch_size = 1
        done = ordered(lambda row: detect([read(row)]), rows, threads)
    else:  # the next pictures are prepared while one batch is computed
        # by one thread where the others compute, or each would decode a video from its beginning
        readers = 1 if device == "cpu" or any(row["video"] for row in rows) else threads
        done = map(detect, batched(ordered(read, rows, readers, ahead=batch_size), batch_size))
    with silent():
        return [entry for batch in progress(done, -(-len(rows) // batch_size), "batches") for entry in batch]


def _motion(rows, roots, options, threads) -> list[dict]:
    import cv2

    from camtrap.detect.motion import detect_motion

    cv2.setNumThreads(threads)

    failed: dict[str, str] = {}

    def load(path: str) -> np.ndarray | None:
        try:
            return decode.load(roots, by_path[path])
        except PictureError as error:
            failed[path] = str(error)
            return None

    by_path = {row["path"]: row for row in rows}
    found = detect_motion(rows, load, **options["motion"])
    return [
        {"file": row["path"], "failure": _reason(failed[row["path"]])}
        if row["path"] in failed
        else {
            "file": row["path"],
            "detections": [box for box in found.get(row["path"], []) if box["conf"] >= options["min_confidence"]],
        }
        for row in rows
    ]


def batched(items: Iterable, size: int) -> Iterator[list]:
    """Yield lists of ``size`` items; the last may be shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
