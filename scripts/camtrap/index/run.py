"""The index stage: what each file of a shard is, read once for hash, header and EXIF."""

import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow as pa
from PIL.Image import Image

from camtrap.core.errors import OutageError, PictureError, VideoError
from camtrap.core.hashes import hash_and_size
from camtrap.core.paths import Roots, batch_of
from camtrap.metadata import clock, exif
from camtrap.metadata.pattern import PathPattern, Told
from camtrap.metadata.stations import compile_station_pattern, station_of
from camtrap.pictures import decode, frames, source, truncated, video

log = logging.getLogger(__name__)
PROGRESS_SECONDS = 10
# A video of more bytes is opened before it is hashed: of a file without content that would take long.
LARGE_VIDEO = 1_000_000_000
# Damaged EXIF may say any year; beyond these nothing can be reckoned with it.
YEARS = range(1900, 2200)

INDEX_SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("path", pa.string()),
        ("batch", pa.string()),
        ("station", pa.string()),
        ("bytes", pa.int64()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("datetime", pa.timestamp("us")),
        ("make", pa.string()),
        ("model", pa.string()),
        ("serial", pa.string()),
        ("temperature", pa.float32()),
        ("latitude", pa.float64()),
        ("longitude", pa.float64()),
        ("exposure", pa.float64()),
        ("flash", pa.bool_()),
        ("sequence", pa.int16()),
        ("sequence_length", pa.int16()),
        ("trigger", pa.string()),
        ("label", pa.string()),
        ("clock", pa.string()),
        ("video", pa.string()),
        ("frame", pa.int32()),
        ("frame_time", pa.float64()),
        ("exif", pa.string()),
        ("status", pa.string()),
        ("error", pa.string()),
    ]
)


@dataclass(frozen=True)
class Rules:
    """How paths tell what a file does not: made from the options of :func:`index_shard`. No picture is from after ``now``."""

    level: int | None = None
    station_pattern: re.Pattern[str] | None = None
    path_pattern: PathPattern | None = None
    frame_rate: float = 1.0
    frames: Mapping[str, Collection[int]] = field(default_factory=dict)
    now: datetime = field(default_factory=clock.utc_now)

    @classmethod
    def from_options(cls, options: Mapping) -> "Rules":
        """Compile the patterns; ConfigError says what is wrong with which key."""
        known = {"station_level", "station_pattern", "path_pattern", "frame_rate", "frames", "workers"}
        if unknown := sorted(set(options) - known):
            raise ValueError(f"index: option {unknown[0]!r} is not known; known: {', '.join(sorted(known))}")
        station_pattern, path_pattern = options.get("station_pattern"), options.get("path_pattern")
        return cls(
            level=options.get("station_level"),
            station_pattern=compile_station_pattern(station_pattern) if station_pattern else None,
            path_pattern=PathPattern(path_pattern) if path_pattern else None,
            frame_rate=float(options.get("frame_rate") or 1.0),
            frames=options.get("frames") or {},
        )


def index_shard(
    manifest: list[tuple[str, int, int]],
    roots: Roots,
    options: Mapping | None = None,
    planned: source.Planned | None = None,
) -> pa.Table:
    """Index the files of a shard.

    Parameters
    ----------
    manifest : list of (path, size, mtime_ns)
        Rows of the shard's manifest.
    roots : Roots
        Where pictures lie.
    options : mapping, optional
        ``station_level`` (int), ``station_pattern``, ``path_pattern`` (regular expressions), ``frame_rate`` (frames a
        second of a video, default 1); ``frames`` (video to the numbers of the frames that there are results for);
        ``workers`` (cores, default 2; changes nothing but speed).

    planned : Planned, optional
        Times that files may have beside that of the manifest, and what is known to be gone.

    Returns
    -------
    pyarrow.Table
        Of :data:`INDEX_SCHEMA`: one row per picture or sampled frame, in the manifest's order. A file that cannot be used is
        a row with status ``failed`` and the reason; it never ends the run.

    Raises
    ------
    ConfigError
        A pattern is wrong.
    OutageError
        The disk, the picture folder or memory fails: that is not a picture's failure.
    """
    options = dict(options or {})
    rules = Rules.from_options(options)
    workers = max(1, int(options.get("workers") or 2))
    rows: list[dict] = []
    # two threads a core: while one hashes, the other waits for the disk
    with ThreadPoolExecutor(2 * workers) as pool:
        found = pool.map(lambda row: index_file(row[0], row[1], row[2], roots, rules, planned), manifest)
        for part in _logged(found, len(manifest), sum(size for _, size, _ in manifest)):
            rows.extend(part)
    return pa.Table.from_pylist(rows, schema=INDEX_SCHEMA)


def index_file(
    path: str,
    size: int,
    mtime_ns: int,
    roots: Roots,
    rules: Rules,
    planned: source.Planned | None = None,
) -> list[dict]:
    """Index one file: one row for a picture, one a sampled frame for a video, one with its reason for a failure."""
    row = dict.fromkeys(INDEX_SCHEMA.names)
    row |= {"path": path, "batch": batch_of(path), "bytes": size, "status": "ok"}
    planned = planned or source.Planned()
    # a manifest that was written by hand may have 0 for a time
    seen = source.Seen(size, (mtime_ns, *planned.times.get(path, ())) if mtime_ns else (), gone=path in planned.gone)
    try:
        read = _read_video if frames.is_video(path) else _read_picture
        rows = read(row, roots.locate(path), rules, seen)
    except MemoryError:
        raise source.no_memory(path) from None
    except OutageError:
        raise
    except Exception as error:  # one file must never cost the rest of the shard
        if isinstance(error, PictureError) and isinstance(
            outage := source.blame(roots, path, error, seen), OutageError
        ):
            raise outage from None
        if isinstance(error, OSError) and isinstance(outage := source.told(error, path), OutageError):
            raise outage from None
        if not isinstance(error, PictureError):
            log.warning("%s: unexpected %s", path, type(error).__name__, exc_info=error)
        rows = [row | {"status": "failed", "error": decode.one_line(error)}]
    told = rules.path_pattern.read(path) if rules.path_pattern else Told()
    for one in rows:
        _place(one, told, mtime_ns, rules)
    return rows


def _read_picture(row: dict, file: str, rules: Rules, seen: source.Seen) -> list[dict]:
    data = source.read(file, seen)
    row["bytes"] = len(data)
    row["image_id"] = hashlib.sha256(data).hexdigest()
    image = decode.open_header(data)
    _take_exif(row, image)
    if truncated.is_truncated(data):
        decode.decode(data)  # as far as it goes: one that gives nothing is failed, not damaged
        row |= {"status": "damaged", "error": "truncated: the end of the file is missing"}
    row["width"], row["height"] = decode.rotated_size(image)
    return [row]


def _take_exif(row: dict, image: Image) -> None:
    said = vars(exif.read(image))
    row["exif"] = json.dumps(said.pop("fields"), ensure_ascii=False, allow_nan=False)
    row |= said


def _read_video(row: dict, file: str, rules: Rules, seen: source.Seen) -> list[dict]:
    size = source.check(file, seen).st_size
    try:
        if size > LARGE_VIDEO:
            video.Reader(file).close()
        digest, row["bytes"] = _hash_file(file)
        row["image_id"] = digest
        if not row["bytes"]:
            raise VideoError("the file is empty (0 bytes)")
        found = video.sample(file, rules.frame_rate, rules.frames.get(row["path"], ()))
    except VideoError as error:
        if size and os.path.exists(file) and truncated.is_cut(file):
            raise VideoError(f"damaged: the end of the file is missing ({error})") from None
        raise
    source.check(file, seen)
    rows = []
    for frame in found.frames:
        rows.append(
            row
            | {
                "image_id": frames.frame_id(digest, frame.number),
                "path": frames.frame_path(row["path"], frame.number),
                "width": frame.width,
                "height": frame.height,
                "datetime": found.start,
                "video": row["path"],
                "frame": frame.number,
                "frame_time": frame.seconds,
                "status": "damaged" if found.damage else "ok",
                "error": found.damage,
            }
        )
    return rows


def _hash_file(file: str) -> tuple[str, int]:
    """SHA-256 and size; a video may be larger than memory."""
    try:
        return hash_and_size(file)
    except OSError as error:
        raise source.told(error, file) from None


def _place(row: dict, told: Told, mtime_ns: int, rules: Rules) -> None:
    """Fill in what the path tells, and flag a clock at its epoch or in the future. What the file itself says goes first."""
    row["station"] = told.station or station_of(row["video"] or row["path"], rules.level, rules.station_pattern)
    row["label"] = told.label
    row["datetime"] = row["datetime"] or told.datetime
    if row["datetime"] is not None and row["datetime"].year not in YEARS:
        row["datetime"] = None
    if row["sequence"] is None:
        row["sequence"] = told.sequence
    if row["datetime"] is not None and row["frame_time"]:
        row["datetime"] += timedelta(seconds=row["frame_time"])
    if row["latitude"] is None:
        row["latitude"], row["longitude"] = told.latitude, told.longitude
    time = row["datetime"]
    if time is not None and clock.is_future(time, rules.now):
        row["clock"] = clock.FUTURE
    elif time is not None and clock.is_epoch(time, mtime_ns):
        row["clock"] = clock.EPOCH


def _logged(found: Iterable[list[dict]], n_files: int, n_bytes: int) -> Iterable[list[dict]]:
    """Pass the files' rows on, logging how far it is every few seconds, and the sum at the end."""
    began = last = time.monotonic()
    done = failed = damaged = 0
    for done, rows in enumerate(found, start=1):
        failed += rows[0]["status"] == "failed"
        damaged += rows[0]["status"] == "damaged"
        yield rows
        now = time.monotonic()
        if now - last >= PROGRESS_SECONDS:
            last = now
            log.info("indexed %d of %d files (%.0f files/s)", done, n_files, done / (now - began))
    seconds = max(time.monotonic() - began, 1e-9)
    log.info(
        "indexed %d files (%.1f MB) in %.1f s: %d failed, %d damaged", done, n_bytes / 1e6, seconds, failed, damaged
    )
