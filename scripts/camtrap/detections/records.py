"""What a detection file says, whatever its dialect: records, detections, and the arithmetic of boxes."""

import gc
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Box = tuple[float, float, float, float]

# A box may leave the picture by this much of a side, or by one pixel, and is clamped: rounding does that.
TINY = 0.002

# Categories that say that there is nothing: whatever box stands beside them is not a detection.
NOTHING = {"empty", "blank", "misfire"}

# What Python raises where a value is missing or of another kind than expected.
UNREADABLE = (KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError)


@dataclass(slots=True)
class Detection:
    """One box.

    Attributes
    ----------
    category : str
        ``animal``, ``person``, ``vehicle``, or the tool's own name.
    conf : float
        Confidence, 0 to 1.
    bbox : tuple of 4 float
        x, y, width, height: relative to the picture, or pixels where ``absolute``.
    absolute : bool
    repeat : bool
        The file marks it as a repeat detection (negative confidence).
    classes : tuple of ((name, description), probability)
    """

    category: str
    conf: float
    bbox: Box
    absolute: bool = False
    repeat: bool = False
    classes: tuple[tuple[tuple[str, str], float], ...] = ()


@dataclass(slots=True)
class Record:
    """What a file says of one picture: ``failure``, or a list of detections (empty: nothing seen).

    ``width``, ``height`` (pixels) and ``bytes`` stand where the file carries them. ``source`` numbers the file.
    """

    file: str
    detections: list[Detection] | None
    failure: str | None = None
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    source: int = 0


@dataclass
class Detections:
    """A detection file read: its dialect, its records, the detector's own ``info``, and what was wrong in it."""

    dialect: str
    records: list[Record]
    detector: dict
    problems: list[tuple[str, str]] = field(default_factory=list)


def parse_box(values: Sequence, corners: bool = False) -> Box:
    """Return x, y, width, height of four numbers (``corners``: of x1, y1, x2, y2).

    Raises
    ------
    ValueError
        If they are not four finite numbers, or the box has no area.
    """
    if not isinstance(values, (list, tuple)) or len(values) != 4:
        raise ValueError(f"box {values!r} is not four numbers")
    try:
        x, y, w, h = (float(v) for v in values)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"box {values!r} is not four numbers") from None
    if corners:
        w, h = w - x, h - y
    if not math.isfinite(x + y + w + h):
        raise ValueError(f"box {list(values)} is not finite")
    if w <= 0 or h <= 0:
        raise ValueError(f"box {list(values)} has no area")
    return x, y, w, h


def parse_conf(value: Any) -> tuple[float, bool]:
    """Return confidence (0 to 1) and whether it was negative: the mark of repeat-detection removal."""
    try:
        conf = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"confidence {short(value)} is not a number") from None
    if not abs(conf) <= 1:
        raise ValueError(f"confidence {conf} is not between 0 and 1")
    return abs(conf), conf < 0


def probability(value: Any) -> float:
    """Return the probability of a class; NaN where it is not a finite number (:func:`collect` then drops the class)."""
    try:
        p = float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return p if math.isfinite(p) else math.nan


def pixels(value: object) -> int | None:
    """Return the side of a picture that a file states; None where it is not a number above 0."""
    return int(value) if isinstance(value, (int, float)) and 1 <= value < 1e6 else None


def table(values: object) -> dict[str, str]:
    """Return a table {id: name} with both as text. Some tools write a list of names; anything else is not a table."""
    if isinstance(values, list):
        values = dict(enumerate(values))
    if not isinstance(values, dict):
        return {}
    return {str(i): str(name) for i, name in values.items() if isinstance(name, (str, int))}


def short(value: object) -> str:
    """Return a value as a message shows it."""
    try:
        text = repr(value)
    except ValueError:  # a number of thousands of digits
        return "of too many digits"
    return text if len(text) <= 80 else f"{text[:77]}..."


def to_relative(box: Box, width: int, height: int) -> Box:
    """Return a box of pixels (x, y, width, height) relative to a picture of ``width`` x ``height`` pixels.

    Nothing is rounded. The picture is the one *after* EXIF rotation, as MegaDetector and SpeciesNet look at it.

    Raises
    ------
    ValueError
        If the box leaves the picture by more than a pixel and :data:`TINY` of the side.
    """
    x, y, w, h = box
    try:
        return clamp((x / width, y / height, w / width, h / height), max(TINY, 1 / width), max(TINY, 1 / height))
    except ValueError:
        raise ValueError(
            f"box {[round(v, 1) for v in box]} leaves the picture of {width} x {height} pixels"
            " (another picture, another size, or boxes from before EXIF rotation)"
        ) from None


def clamp(box: Box, tiny_x: float = TINY, tiny_y: float = TINY) -> Box:
    """Return a relative box cut at the border; a box inside is returned as it is.

    Raises
    ------
    ValueError
        If it leaves the picture by more than ``tiny_x``, ``tiny_y`` (relative).
    """
    x, y, w, h = box
    if x >= 0 and y >= 0 and x + w <= 1 and y + h <= 1:
        return box
    if x < -tiny_x or y < -tiny_y or x + w > 1 + tiny_x or y + h > 1 + tiny_y:
        raise ValueError(f"box {[round(v, 4) for v in box]} leaves the picture")
    left, top = max(x, 0.0), max(y, 0.0)
    w, h = min(x + w, 1.0) - left, min(y + h, 1.0) - top
    if w <= 0 or h <= 0:
        raise ValueError(f"box {[round(v, 4) for v in box]} leaves the picture")
    return left, top, w, h


def cut(box: Box) -> Box:
    """Return a relative box cut at the border: networks guess the part of an animal that the picture does not show.

    Raises
    ------
    ValueError
        If less than half of its width or height lies in the picture: then it is a box of something else, of pixels
        for instance.
    """
    try:
        return clamp(box)
    except ValueError:
        pass
    x, y, w, h = box
    inside_x, inside_y = min(x + w, 1.0) - max(x, 0.0), min(y + h, 1.0) - max(y, 0.0)
    if inside_x < w / 2 or inside_y < h / 2:
        raise ValueError(f"box {[round(v, 4) for v in box]} leaves the picture")
    return clamp(box, math.inf, math.inf)


def category(name: object) -> str:
    """Return our name of a category: animal, person, vehicle in lower case, SpeciesNet's human as person."""
    text = str(name).strip()
    known = {"animal": "animal", "person": "person", "human": "person", "vehicle": "vehicle"}
    return known.get(text.lower(), text or "unnamed")


def collect(
    file: str,
    raw: Sequence,
    parse: Callable[[Any], Detection | None],
    problems: list[tuple[str, str]],
    width: int | None = None,
    height: int | None = None,
) -> Record:
    """Parse one picture's detections; what makes no sense is left out and listed, never the whole file refused.

    ``parse`` returns None for a detection that says that there is nothing. A class without a probability is left out;
    its box stays.
    """
    detections, wrong = [], []
    for item in raw:
        try:
            detection = parse(item)
        except KeyError as error:
            wrong.append(f"a detection without {error}")
            continue
        except UNREADABLE as error:
            wrong.append(str(error) if isinstance(item, (dict, tuple)) else f"a detection that is {short(item)}")
            continue
        if detection is None:
            continue
        if any(math.isnan(p) for _, p in detection.classes):
            problems.append((file, "the probability of a class is not a number: the class is left out"))
            detection.classes = tuple(c for c in detection.classes if not math.isnan(c[1]))
        detections.append(detection)
    problems.extend((file, reason) for reason in wrong)
    if wrong and not detections:
        return Record(file, None, f"unusable detection result: {wrong[0]}", width, height)
    return Record(file, detections, width=width, height=height)


def entries(
    items: Sequence, key: str, where: str, one: Callable[[dict], Iterable[Record]], problems: list[tuple[str, str]]
) -> Iterator[Record]:
    """Read entries one at a time with ``one``; an entry that it cannot read becomes a failure, and is listed.

    Parameters
    ----------
    items : sequence
        The entries.
    key : str
        Where an entry names its picture.
    where : str
        What the list is called in the messages.
    one : callable
        Gives the records of an entry; what it raises because of the entry's content costs that entry.
    problems : list of (file, reason)
        Appended to.
    """
    for item in items:
        file = item.get(key) if isinstance(item, dict) else None
        if not isinstance(file, str):
            problems.append(("", f"an entry{where} without '{key}': {short(item)}"))
            continue
        try:
            found = list(one(item))
        except UNREADABLE as error:
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            problems.append((file, reason))
            found = [Record(file, None, f"unusable detection result: {reason}")]
        yield from found


@contextmanager
def no_cycle_search() -> Iterator[None]:
    """Pause the search for reference cycles: millions of small objects are made and none is in a cycle.

    ``json.load`` of a file of 185 MB took 6.5 s of CPU with it and 1.2 s without (``time.process_time``).
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
