"""A simulated camera-trap survey with a known truth: for the demo, for tests, and for benchmarks."""

import csv
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2

from camtrap.core.command import deaf, hear_again
from camtrap.core.files import write_csv
from camtrap.core.paths import to_text
from camtrap.simulate import hard, picture, recording, scene, survey
from camtrap.simulate.noise import generator

TRUTH = (
    "path", "card", "station", "datetime", "kind", "category", "burst", "x", "y", "w", "h", "infrared", "trigger",
    "duplicate_of",
)  # fmt: skip
WAY = "way"  # a column more where there are hard cameras


@dataclass(frozen=True)
class Settings:
    """What the pictures of a card depend on."""

    seed: int
    stations: int
    pictures: int
    size: tuple[int, int]
    spread: bool
    long_tailed: bool
    hard: int = 0

    @property
    def spoiled(self) -> int:
        """Files of a card that are not of a visit: two copies, a truncated file, an empty file, a text."""
        return 5 if self.pictures >= 12 else 0


def simulate(
    out: str | os.PathLike,
    seed: int,
    cards: int = 2,
    stations: int = 4,
    pictures: int = 400,
    first_card: int = 1,
    spread: bool = False,
    long_tailed: bool = False,
    size: tuple[int, int] = (640, 480),
    hard: int = 0,
    workers: int = 1,
) -> None:
    """Write ``out/images/card1/…`` and ``out/truth.csv``, the same bytes for the same arguments.

    Each card's pictures depend on the seed, its number and the survey's settings only: a card added later
    (``first_card=3, cards=1``, with its own share of ``pictures``) changes no file of the earlier ones and adds its
    rows to the truth.

    Parameters
    ----------
    out : path
        Folder of the survey.
    seed : int
        Not negative.
    cards, stations : int
        Memory cards to write, and stations that each of them visits.
    pictures : int
        Files on all cards to write together, about half of them empty; each card gets the same whole number, at least
        one burst of three.
    first_card : int
        Number of the first card to write.
    spread : bool
        Kinds visit all stations and days alike; otherwise each prefers some stations, none exclusively.
    long_tailed : bool
        Few kinds are common and many rare (Zipf).
    size : (int, int)
        Width and height in pixels.
    hard : int
        Cameras more on each card whose visits detectors find hard (:mod:`camtrap.simulate.hard`), 384 pictures each; the
        truth has the column ``way`` then.
    workers : int
        Processes; the result is the same.

    Raises
    ------
    ValueError
        If a number makes no survey.
    """
    if seed < 0 or first_card < 1 or cards < 1 or stations < 1 or pictures < cards or min(size) < 96 or hard < 0:
        raise ValueError(
            "a simulated survey needs seed >= 0, at least one card, station and picture a card, and 96 pixels a side"
        )
    settings = Settings(seed, stations, pictures // cards, (size[0], size[1]), spread, long_tailed, hard)
    out = Path(out)
    numbers = range(first_card, first_card + cards)
    tasks = [(card, station) for station in _largest_first(settings, numbers) for card in numbers]
    work = partial(_write_station, settings, str(out / "images"))
    if workers > 1:
        with ProcessPoolExecutor(workers, get_context("spawn"), _ready) as pool:
            # one process draws a station's scene for all of its cards, unless others would have nothing to do
            with deaf():
                drawn = pool.map(work, tasks, chunksize=cards if workers <= stations + hard else 1)
            parts = list(drawn)
    else:
        parts = [work(task) for task in tasks]
    rows = {row["path"]: row for row in _read_truth(out / "truth.csv") if int(row["card"][4:]) not in numbers}
    rows |= {row["path"]: row for part in parts for row in part}
    for card in numbers:
        rows |= {row["path"]: row for row in _spoil(settings, out / "images", card, numbers, rows)}
    names = [*TRUTH, WAY] if any(row.get(WAY) for row in rows.values()) else list(TRUTH)
    write_csv(out / "truth.csv", names, ([rows[path].get(name, "") for name in names] for path in sorted(rows)))


def _ready() -> None:
    """A worker begins: one thread, and an end without a word."""
    cv2.setNumThreads(1)
    hear_again()


def _read_truth(path: Path) -> list[dict]:
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _visits(settings: Settings, card: int) -> list[survey.Visit]:
    return survey.plan(
        settings.seed, card, settings.stations, settings.pictures, settings.spread, settings.long_tailed,
        settings.spoiled,
    )  # fmt: skip


def _largest_first(settings: Settings, cards: range) -> list[int]:
    """Stations by their number of pictures: a large one begun last would keep one process at work alone."""
    shots = Counter(visit.station for card in cards for visit in _visits(settings, card) for _ in range(visit.shots))
    hard = range(settings.stations, settings.stations + settings.hard)
    return [*hard, *(station for station, _ in shots.most_common())]


def _write(images: str | Path, path: str, data: bytes, when: datetime) -> None:
    target = Path(images) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    # The time of the picture, as on a real card; a planner that waits for young files to settle need not wait.
    stamp = int(when.replace(tzinfo=UTC).timestamp())
    os.utime(target, (stamp, stamp))


def _path(settings: Settings, card: int, station: int, number: int) -> str:
    _, _, folder, pattern, _ = survey.camera(settings.seed, station)
    return f"card{card}/{survey.station_name(station)}/DCIM/{folder}/{pattern.format(number)}"


def _write_station(settings: Settings, images: str, task: tuple[int, int]) -> list[dict]:
    """Write the pictures of one station on one card; return their rows of truth."""
    card, station = task
    plain, branched, rows, number = None, None, [], 0
    is_hard = station >= settings.stations
    for visit in hard.plan(settings.seed, card, station) if is_hard else _visits(settings, card):
        if visit.station != station:
            continue
        view = plain = plain or scene.build(settings.seed, station, card, *settings.size)
        if visit.fallen:
            view = branched = branched or hard.with_branch(plain, settings.seed, card, station)
        for data, when, box in _shots(settings, view, visit):
            number += 1
            path = _path(settings, card, station, number)
            _write(images, path, data, when)
            rows.append(_row(path, visit, when, box))
    return rows


def _shots(
    settings: Settings, view: scene.Scene, visit: survey.Visit
) -> Iterator[tuple[bytes, datetime, picture.Box | None]]:
    """Yield file content, time and box of the pictures of a visit."""
    width, height = settings.size
    make, model, _, _, serial = survey.camera(settings.seed, visit.station)
    key = (settings.seed, "file", visit.card, visit.station, visit.number)
    degrees = recording.temperature(visit.start, generator(*key))
    shots = picture.photograph(settings.seed, view, visit, width, height, recording.strip_height(height))
    for n, (image, box) in enumerate(shots):
        when = visit.start + timedelta(seconds=n)
        name = survey.station_name(visit.station).upper()
        stamped = recording.stamp(image, when, degrees, name, (n + 1, visit.shots), visit.station)
        yield recording.encode(stamped, when, make, model, serial, generator(*key, n)), when, box


def _row(path: str, visit: survey.Visit, when: datetime, box: picture.Box | None) -> dict:
    kind = visit.kind or "empty"
    place = dict(zip("xywh", (f"{v:.5f}" for v in box), strict=True)) if box else {}
    return {
        "path": to_text(path),
        "card": f"card{visit.card}",
        "station": survey.station_name(visit.station),
        "datetime": when.isoformat(timespec="milliseconds"),
        "kind": kind,
        "category": kind if kind in ("empty", "person") else "animal",
        "burst": visit.burst,
        "infrared": int(visit.infrared),
        "trigger": visit.trigger,
        WAY: visit.way,
        **place,
    }


def _spoil(settings: Settings, images: Path, card: int, written: range, truth: dict[str, dict]) -> list[dict]:
    """Add what goes wrong on a card: copies under other names, a truncated file, an empty one, a text.

    Pictures of the cards just ``written`` are read, with their ``truth``; one of an earlier card is taken once more, as a
    copy must not depend on whether the first one still lies on the disk.
    """
    if not settings.spoiled:
        return []
    rng = generator(settings.seed, "spoil", card)
    rows = []
    for source in (card, max(1, card - 1)):
        visits = _numbers(settings, source)
        seen = [entry for entry in visits if entry[1].kind]
        number, visit, shot = seen[rng.integers(len(seen))]
        original = _path(settings, source, visit.station, number)
        when = visit.start + timedelta(seconds=shot)
        if source in written:
            data, row = (images / original).read_bytes(), truth[to_text(original)]
        else:
            data, box = _again(settings, source, visit, shot)
            row = _row(original, visit, when, box)
        if source == card:
            path = original.replace(".JPG", "_copia añadida.JPG")
        else:
            path = f"card{card}/{survey.station_name(visit.station)}/DCIM/de otra tarjeta/{Path(original).name}"
        _write(images, path, data, when)
        changed = {"path": to_text(path), "card": f"card{card}", "category": "duplicate"}
        rows.append({**row, **changed, "duplicate_of": to_text(original)})
    quiet = [entry for entry in _numbers(settings, card) if not entry[1].kind]
    number, broken, shot = quiet[rng.integers(len(quiet))]
    station = survey.station_name(broken.station)
    folder = Path(_path(settings, card, broken.station, 1)).parent
    when = broken.start
    data = (images / _path(settings, card, broken.station, number - shot)).read_bytes()
    spoiled = (
        (f"{folder}/IMG_9001.JPG", data[: int(len(data) * 0.7)], "empty", "damaged"),
        (f"{folder}/IMG_9002.JPG", b"", "", "unreadable"),
        (f"{folder}/notas de campo.jpg", f"{station}: pilas cambiadas, lente limpia.\n".encode(), "", "unreadable"),
    )
    for path, content, kind, category in spoiled:
        _write(images, path, content, when)
        row = {"path": to_text(path), "card": f"card{card}", "station": station, "kind": kind, "category": category}
        rows.append(row)
    return rows


def _numbers(settings: Settings, card: int) -> list[tuple[int, survey.Visit, int]]:
    """File number, visit and shot of every picture of a card."""
    entries, number, station = [], 0, None
    for visit in _visits(settings, card):
        if visit.station != station:
            number, station = 0, visit.station
        for shot in range(visit.shots):
            number += 1
            entries.append((number, visit, shot))
    return entries


def _again(settings: Settings, card: int, visit: survey.Visit, shot: int) -> tuple[bytes, picture.Box | None]:
    """Take a picture once more."""
    view = scene.build(settings.seed, visit.station, card, *settings.size)
    data, _, box = list(_shots(settings, view, visit))[shot]
    return data, box
