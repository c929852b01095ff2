"""A detector without weights: what differs from the other pictures of a static camera.

It cannot tell people or vehicles from animals, and it misses an animal that stays still through all the pictures it is
compared with. It finds what MegaDetector was not made for (reptiles, insects), and needs nothing but the pictures.

How it works. Pictures of one station, one size and one mode (colour or infrared) are taken in order of time in windows
of at most ``window``. Each is compared with the median of those that look most like it (same light, same pose of the
camera) and belong to another trigger. Two differences are measured over small blocks, each the least over small shifts,
so that leaves may sway: of brightness and colour, and of structure (brightness less its local mean, by its local
deviation), which sun flecks hardly change. Their geometric mean, less what is usual at that place in the window, is
the evidence. Connected places where it is strong become boxes; the bar is higher in a picture where much of the rest
differs too, as in wind and moving light. With ``calibrate`` what still has its structure is light, not an animal
(:mod:`camtrap.detect.motion_kept`). The info strip's rows are left out, and so are plain rows of a damaged file.

Where only two pictures can be compared, what differs is boxed in both; where there is only one, it gets the whole frame
with confidence 0.1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import cv2
import numpy as np

from camtrap.core.errors import PictureError
from camtrap.detect import motion_kept
from camtrap.detect.motion_boxes import boxes
from camtrap.detect.motion_strip import strip_rows
from camtrap.detect.shrunk import Shrunk, Waiting, shrink
from camtrap.detect.task import Entry, Row, Task, failure

UNCOMPARED = 0.1  # confidence of the whole frame where there is nothing to compare with
THUMBNAIL = (64, 48)  # at which pictures are compared to find backgrounds
BLOCK = (7, 7)  # pixels over which differences are averaged
LIGHT = 0.5, 2.5  # factors by which sun and shade may change a place
ENOUGH = 5  # pictures from which on a window tells what is usual at a place
SPREAD = 0.25  # spread of evidence over a window at which a place counts half


@dataclass
class _Small:
    """A picture at working size: brightness and two opponent colours (1 or 3, h, w) float16, and which rows are blank."""

    path: str
    moment: datetime | None
    channels: np.ndarray
    thumbnail: np.ndarray
    blank: np.ndarray


def detect_motion(
    pictures: Sequence[dict],
    load: Callable[[str], np.ndarray | None],
    done: Callable[[dict[str, list[dict]]], None] = lambda found: None,
    aside: Waiting | None = None,
    *,
    width: int = 320,
    window: int = 60,
    references: int = 5,
    burst_seconds: float = 60.0,
    sway: int = 2,
    threshold: float = 0.36,
    min_area: float = 0.002,
    calibrate: bool = False,
) -> dict[str, list[dict]]:
    """Find what moved.

    Parameters
    ----------
    pictures : list of dict
        ``path``, ``station`` (where None, the folder stands for it), ``datetime`` (or None), ``width`` and ``height`` of
        each picture, as in the index.
    load : callable
        Path to uint8 (height, width, 3) RGB, or None for a picture that cannot be read (it gets no entry).
    done : callable
        Called with each window's part of the result. Without the pictures of finished windows the others' result is the same.
    aside : Waiting
        Where pictures are laid aside until they are compared.
    width : int
        Pixels of the working width; larger pictures are shrunk to it.
    window : int
        Pictures compared with each other; at most one and a half times as many of each mode are held in memory.
    references : int
        Pictures whose median is the background.
    burst_seconds : float
        Pictures closer in time than this are one trigger and no background for each other (unless there are no others).
    sway : int
        Pixels at working size by which leaves may move.
    threshold : float
        Evidence at which a box of a hundredth of the picture or more has confidence 0.2.
    min_area : float
        Least part of the picture that must differ.
    calibrate : bool
        Confidences by what is usual at the station, where at least five pictures are compared.

    Returns
    -------
    dict of str to list of dict
        By path: boxes ``{"category": "1", "conf": 0 to 1, "bbox": [x, y, width, height]}``, relative to the picture,
        best first; empty where nothing moved. A picture that has no other to be compared with gets the whole frame with
        confidence 0.1, so that it is never silently called empty.
    """
    compare = partial(
        _compare, references=references, burst_seconds=burst_seconds, sway=sway, threshold=threshold,
        min_area=min_area, calibrate=calibrate,
    )  # fmt: skip
    groups: dict[tuple, list[dict]] = {}
    for picture in pictures:
        place = picture.get("station") or picture["path"].rpartition("/")[0]
        key = (place, picture.get("width") or 0, picture.get("height") or 0)
        groups.setdefault(key, []).append(picture)
    found: dict[str, list[dict]] = {}
    aside = aside or Waiting(None)

    def read(path: str) -> Shrunk | None:
        if (shrunk := aside.get(path)) is None and (image := load(path)) is not None:
            shrunk = shrink(image, width)
            aside.add(path, shrunk)
        return shrunk

    def take(shots: list[_Small]) -> None:
        part = compare(shots)
        done(part)
        aside.forget(part)
        found.update(part)

    for key in sorted(groups):
        ordered = sorted(groups[key], key=lambda p: (p.get("datetime") is None, p.get("datetime") or 0, p["path"]))
        waiting: dict[tuple, list[_Small]] = {}
        for picture in ordered:
            shrunk = read(picture["path"])
            if shrunk is None:
                continue
            shot = _small(picture, shrunk)
            same = waiting.setdefault((shrunk.infrared, shot.channels.shape), [])
            same.append(shot)
            if len(same) >= window + window // 2:
                # What is left for the next window is never too few to be compared with.
                take(same[:window])
                del same[:window]
        for same in waiting.values():
            take(same)
    return found


def detect(pictures: list[Row], task: Task) -> list[Entry]:
    """Find what moved in a shard's pictures (:func:`detect_motion`), as MegaDetector entries."""
    cv2.setNumThreads(task.threads)
    by_path = {row["path"]: row for row in pictures}
    failed: dict[str, PictureError] = {}

    def load(path: str) -> np.ndarray | None:
        try:
            return task.load(by_path[path])
        except PictureError as error:
            failed[path] = error
            return None

    least = task.options["min_confidence"]

    def entry(path: str, boxes: list[dict]) -> Entry:
        return {"file": path, "detections": [box for box in boxes if box["conf"] >= least]}

    def keep(part: dict[str, list[dict]]) -> None:
        task.keep([entry(path, boxes) for path, boxes in part.items()])

    found = detect_motion(pictures, load, keep, Waiting(task.aside), **task.options["motion"])
    return [
        failure(row, failed[row["path"]]) if row["path"] in failed else entry(row["path"], found.get(row["path"], []))
        for row in pictures
    ]


def _small(picture: dict, shrunk: Shrunk) -> _Small:
    small = shrunk.pixels.astype(np.float32)
    red, green, blue = cv2.split(small)
    light = 0.3 * red + 0.5 * green + 0.2 * blue
    colours = [light] if shrunk.infrared else [light, red - green, 0.5 * (red + green) - blue]
    # The last rows before the gap of a damaged file are half there.
    rows = shrunk.blank.astype(np.uint8)[:, None]
    blank = cv2.dilate(rows, np.ones((1 + 2 * (len(rows) // 24), 1), np.uint8))[:, 0] > 0
    thumbnail = cv2.resize(_structure(light, 12), THUMBNAIL, interpolation=cv2.INTER_AREA)
    tone = cv2.resize(light, THUMBNAIL, interpolation=cv2.INTER_AREA)
    looks = np.concatenate([_standard(thumbnail).ravel(), _standard(tone).ravel()])
    channels = np.stack(colours).astype(np.float16)
    return _Small(picture["path"], picture.get("datetime"), channels, looks, blank)


def _standard(values: np.ndarray) -> np.ndarray:
    values = values - values.mean()
    return values / (np.linalg.norm(values) + 1e-6)


def _structure(light: np.ndarray, sigma: float) -> np.ndarray:
    mean = cv2.GaussianBlur(light, (0, 0), sigma)
    deviation = np.sqrt(np.maximum(cv2.GaussianBlur(light * light, (0, 0), sigma) - mean * mean, 0))
    return (light - mean) / (deviation + 4.0)


def _compare(
    shots: list[_Small],
    references: int,
    burst_seconds: float,
    sway: int,
    threshold: float,
    min_area: float,
    calibrate: bool,
) -> dict[str, list[dict]]:
    """Boxes of pictures of one place, size and mode."""
    if len(shots) < 2:
        whole = {"category": "1", "conf": UNCOMPARED, "bbox": [0.0, 0.0, 1.0, 1.0]}
        return {shot.path: [dict(whole)] for shot in shots}
    strip = strip_rows([shot.channels[0] for shot in shots])
    calibrate &= len(shots) >= ENOUGH
    both = [_evidence(i, shots, references, burst_seconds, sway, calibrate) for i in range(len(shots))]
    evidence = np.stack([one for one, _ in both])
    kept = (
        motion_kept.kept(np.stack([alike for _, alike in both if alike is not None]))
        if calibrate
        else [None] * len(shots)
    )
    # What is usual at a place; where too few pictures tell, what is usual in the picture.
    over = 0 if len(shots) >= ENOUGH else (1, 2)
    usual = np.median(evidence, over, keepdims=True)
    spread = np.median(np.abs(evidence - usual), over, keepdims=True)
    if over == 0:
        spread[0] = cv2.GaussianBlur(spread[0], (0, 0), 4)
    evidence = np.maximum(evidence - usual, 0) / (1 + spread / SPREAD)
    found = {}
    for shot, difference, part in zip(shots, evidence, kept, strict=True):
        difference[strip | shot.blank] = 0
        found[shot.path] = boxes(difference, threshold, min_area, part)
    return found


def _backgrounds(i: int, shots: list[_Small], count: int, burst_seconds: float) -> list[int]:
    """The pictures that look most like picture ``i``, of other triggers where there are at least two."""
    apart = timedelta(seconds=burst_seconds)
    others = [j for j in range(len(shots)) if j != i]
    if (now := shots[i].moment) is not None:
        far = [j for j in others if (then := shots[j].moment) is None or abs(then - now) > apart]
        others = far if len(far) >= 2 else others
    likeness = {j: round(float(shots[i].thumbnail @ shots[j].thumbnail), 6) for j in others}
    return sorted(others, key=lambda j: (-likeness[j], shots[j].path))[:count]


def _evidence(
    i: int, shots: list[_Small], references: int, burst_seconds: float, sway: int, calibrate: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """How much each place of a picture differs from its background: (h, w) float32, not negative.

    With ``calibrate`` also how alike its structure is there.
    """
    stack = np.stack([shots[j].channels for j in _backgrounds(i, shots, references, burst_seconds)]).astype(np.float32)
    picture = shots[i].channels.astype(np.float32)
    whole = ~shots[i].blank if not shots[i].blank.all() else slice(None)
    gains = (picture[0, whole].mean() + 1) / (stack[:, 0, whole].mean((1, 2)) + 1)
    stack *= gains[:, None, None, None]
    background = _median(stack)
    scale = 6.0 + 0.10 * background[0]
    near = cv2.blur(picture[0], (9, 9)) + 4
    colour = picture[1:] / (picture[0] + 12)
    background[1:] /= background[0] + 12
    # Everything that is compared with a shifted background, as one stack that is shifted at once.
    theirs, ours = _structure(background[0], 8), _structure(picture[0], 8)
    planes = np.stack([*background, cv2.blur(background[0], (9, 9)) + 4, motion_kept.around(theirs), theirs])
    square, alike = motion_kept.around(ours), np.full_like(ours, -1) if calibrate else None
    least = np.full((2, *scale.shape), np.inf, np.float32)
    # moved by whole pixels, the border repeated
    wide, (h, w) = np.pad(planes, ((0, 0), (sway, sway), (sway, sway)), "edge"), scale.shape
    for dy in {0, sway, 2 * sway}:
        for dx in {0, sway, 2 * sway}:
            light, *tints, around, energy, structure = wide[:, dy : dy + h, dx : dx + w]
            if tints:
                # A patch of sun is brighter by one factor and keeps its colour; infrared light has no such patches.
                gain = np.clip(near / around, *LIGHT)
                apart = np.abs(picture[0] - gain * light) / np.sqrt(gain)
                for mine, theirs in zip(colour, tints, strict=True):
                    apart += 1.5 * background[0] * np.abs(mine - theirs)
            else:
                apart = np.abs(picture[0] - light)
            np.minimum(least[0], cv2.blur(apart, BLOCK), out=least[0])
            np.minimum(least[1], cv2.blur(np.abs(ours - structure), BLOCK), out=least[1])
            if alike is not None:
                np.maximum(alike, motion_kept.likeness(ours, structure, square, energy), out=alike)
    return np.sqrt(np.maximum(least[0] / scale * least[1], 0)), alike  # a running mean may fall below 0 by rounding


def _median(stack: np.ndarray) -> np.ndarray:
    """As ``np.median(stack, 0)``, for a few pictures: sorted by exchanges of neighbours, a tenth of its time."""
    rows = list(stack)
    for last in range(len(rows) - 1, 0, -1):
        for i in range(last):
            rows[i], rows[i + 1] = np.minimum(rows[i], rows[i + 1]), np.maximum(rows[i], rows[i + 1])
    half = len(rows) // 2
    return rows[half].copy() if len(rows) % 2 else (rows[half - 1] + rows[half]) / 2
