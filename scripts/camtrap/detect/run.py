"""The detect stage of one shard: index in, MegaDetector batch format out, whatever the backend."""

import logging
from dataclasses import replace
from pathlib import Path

from camtrap.core.files import read_json, read_parquet
from camtrap.core.hashes import file_hash
from camtrap.core.named import named
from camtrap.core.paths import Roots
from camtrap.detect.parts import Parts, key_of
from camtrap.detect.registry import BACKENDS
from camtrap.detect.task import Entry, Row, Task, failure
from camtrap.detections import megadetector_json
from camtrap.plan import again
from camtrap.plan.manifests import planned_of
from camtrap.stages import STAGE_VERSION


def detect_shard(
    index: Path,
    detector_file: Path,
    out: Path,
    roots: Roots,
    options: dict,
    cache: str | None = None,
    device: str = "cpu",
    threads: int = 1,
    batch_size: int = 0,
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
        Speed only. A batch of 0 is what the device is best at.
    """
    results, shard = Path(index).parents[1], Path(index).stem
    planned = planned_of(results, shard)
    rows = read_parquet(index).drop_columns(["exif"]).to_pylist()
    known = read_json(detector_file)
    entries = [failure(row, row["error"]) for row in rows if row["status"] == "failed"]
    good = [row for row in rows if row["status"] != "failed"]
    backend = BACKENDS[known["backend"]]
    key = key_of(known, options, STAGE_VERSION["detect"], file_hash(index))
    unfinished = Path(out).parent / "unfinished"
    parts = [Parts(unfinished / f"{shard}{kind}.jsonl", key) for kind in ("", ".aside")]
    task = Task(known, roots, options, cache, device, threads, batch_size, planned, aside=parts[1])
    if good and backend.prefilter and options["prefilter"] == "motion":
        parts.append(Parts(unfinished / f"{shard}.motion.jsonl", key))
        still = _still(good, task, parts[-1])
        entries += still
        still_paths = {entry["file"] for entry in still}
        good = [row for row in good if row["path"] not in still_paths]
        logging.info(
            "nothing moved in %d of %d pictures: the detector is not asked", len(still), len(good) + len(still)
        )
    entries += _found(backend.detect, good, task, parts[0])
    seen = {row["path"] for row in rows if row["status"] != "failed"}
    failures = [(entry["file"], entry["failure"]) for entry in entries if "failure" in entry and entry["file"] in seen]
    again.note(results, shard, failures, len(seen), planned)
    info = {"detector": known["model"], "detector_metadata": {"sha256": known["sha256"] or ""}}
    megadetector_json.write(out, megadetector_json.batch_json(entries, info))
    for part in parts:
        part.remove()
    found = sum(bool(entry.get("detections")) for entry in entries)
    failed = sum("failure" in entry for entry in entries)
    logging.info("%d pictures, %d failed, %d with a box, however weak", len(entries), failed, found)


def _found(detect: str, rows: list[Row], task: Task, parts: Parts) -> list[Entry]:
    """The entries of a detector; what an earlier attempt found is not looked for again."""
    kept = [parts.kept[row["path"]] for row in rows if row["path"] in parts.kept]
    rest = [row for row in rows if row["path"] not in parts.kept]
    if kept:
        logging.info("%d of %d pictures were done by an earlier attempt", len(kept), len(rows))
    return kept + (named(detect)(rest, replace(task, keep=parts.add)) if rest else [])


def _still(rows: list[Row], task: Task, parts: Parts) -> list[Entry]:
    """The entries of pictures in which nothing moved.

    Here nothing may be lost: what looks like a shadow may be an animal in one, so confidences are not calibrated.
    """
    options = task.options | {"motion": task.options["motion"] | {"calibrate": False}}
    found = _found("camtrap.detect.motion:detect", rows, replace(task, options=options), parts)
    return [entry for entry in found if entry.get("detections") == []]
