"""A detector without weights: what differs from the other pictures of a static camera.

It cannot tell people or vehicles from animals, and it misses an animal that stays still through all the pictures it is
compared with. It finds what MegaDetector was not made for (reptiles, insects), and needs nothing but the pictures.

How it works. Pictures of one station, one size and one mode (colour or infrared) are taken in order of time in windows
of at most ``window``. Each is compared with the median of those that look most like it (same light, same pose of the
camera) and belong to another trigger. Two differences are measured over small blocks, each the least over small shifts,
so that leaves may sway: of brightness and colour, and of structure (brightness less its local mean, by its local
deviation), which sun flecks hardly change. Their geometric mean, less what is usual at that place in the window, is
the evidence. Connected places where it is strong become boxes; the bar is higher in a picture where much of the rest
differs too, as in wind and moving light. The info strip's rows are left out, and so are plain rows of a damaged file.

Where only two pictures can be compared, what differs is boxed in both; where there is only one, it gets the whole frame
with confidence 0.1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import cv2
import numpy as np

from camtrap.pictures.decode import is_infrared

UNCOMPARED = 0.1  # confidence of the whole frame where there is nothing to compare with
THUMBNAIL = (64, 48)  # at which pictures are compared to find backgrounds
BLOCK = (7, 7)  # pixels over which differences are averaged
SMEAR = 2  # pixels by which blocks widen what differs
LIGHT = 0.5, 2.5  # factors by which sun and shade may change a place
SPREAD = 0.25  # spread of evidence over a window at which a place counts half
LEVEL = 0.5  # of the bar: from where evidence counts
EDGE = 0.3  # of a place's strength: where its box ends
PEAK = 0.3  # of the strongest evidence: where the strongest place ends, when the rest is looked at
CLUTTER = 95, 1.8, 2.5  # percentile of the rest, how far above it the bar lies, by how much it may rise
SMALL = 0.01  # part of the picture below which a difference counts less


@dataclass
class _Small:
    """A picture at working size: brightness and two opponent colours (1 or 3, h, w) float16, and which rows are blank."""

    path: str
    moment: object
    channels: np.ndarray
    thumbnail: np.ndarray
    blank: np.ndarray


def detect_motion(
    pictures: Sequence[dict],
    load: Callable[[str], np.ndarray | None],
    *,
    width: int = 320,
    window: int = 60,
    references: int = 5,
    burst_seconds: float = 60.0,
    sway: int = 2,
    threshold: float = 0.36,
    min_area: float = 0.002,
) -> dict[str, list[dict]]:
    """Find what moved.

    Parameters
    ----------
    pictures : list of dict
        ``path``, ``station`` (where None, the folder stands for it), ``datetime`` (or None), ``width`` and ``height`` of
        each picture, as in the index.
    load : callable
        Path to uint8 (height, width, 3) RGB, or None for a picture that cannot be read (it gets no entry).
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

    Returns
    -------
    dict of str to list of dict
        By path: boxes ``{"category": "1", "conf": 0 to 1, "bbox": [x, y, width, height]}``, relative to the picture,
        best first; empty where nothing moved. A picture that has no other to be compared with gets the whole frame with
        confidence 0.1, so that it is never silently called empty.
    """
    compare = partial(
        _compare, references=references, burst_seconds=burst_seconds, sway=sway, threshold=threshold,
        min_area=min_area,
    )  # fmt: skip
    groups: dict[tuple, list[dict]] = {}
    for picture in pictures:
        place = picture.get("station") or picture["path"].rpartition("/")[0]
        key = (place, picture.get("width") or 0, picture.get("height") or 0)
        groups.setdefault(key, []).append(picture)
    found: dict[str, list[dict]] = {}
    for key in sorted(groups):
        ordered = sorted(groups[key], key=lambda p: (p.get("datetime") is None, p.get("datetime") or 0, p["path"]))
        waiting: dict[tuple, list[_Small]] = {}
        for picture in ordered:
            image = load(picture["path"])
            if image is None:
                continue
            infrared, shot = _shrink(picture, image, width)
            same = waiting.setdefault((infrared, shot.channels.shape), [])
            same.append(shot)
            if len(same) >= window + window // 2:
                # What is left for the next window is never too few to be compared with.
                found |= compare(same[:window])
                del same[:window]
        for same in waiting.values():
            found |= compare(same)
    return found


def _shrink(picture: dict, image: np.ndarray, width: int) -> tuple[bool, _Small]:
    infrared = is_infrared(image)
    blank = (image[:, ::4] == image[:, :1]).all((1, 2))
    scale = min(1.0, width / image.shape[1])
    size = max(8, round(image.shape[1] * scale)), max(8, round(image.shape[0] * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    red, green, blue = cv2.split(small)
    light = 0.3 * red + 0.5 * green + 0.2 * blue
    colours = [light] if infrared else [light, red - green, 0.5 * (red + green) - blue]
    blank = cv2.resize(blank.astype(np.float32)[:, None], (1, size[1]), interpolation=cv2.INTER_AREA) > 0
    # The last rows before the gap of a damaged file are half there.
    blank = cv2.dilate(blank.astype(np.uint8), np.ones((1 + 2 * (size[1] // 24), 1), np.uint8))[:, 0] > 0
    thumbnail = cv2.resize(_structure(light, 12), THUMBNAIL, interpolation=cv2.INTER_AREA)
    tone = cv2.resize(light, THUMBNAIL, interpolation=cv2.INTER_AREA)
    looks = np.concatenate([_standard(thumbnail).ravel(), _standard(tone).ravel()])
    channels = np.stack(colours).astype(np.float16)
    return infrared, _Small(picture["path"], picture.get("datetime"), channels, looks, blank)


def _standard(values: np.ndarray) -> np.ndarray:
    values = values - values.mean()
    return values / (np.linalg.norm(values) + 1e-6)


def _structure(light: np.ndarray, sigma: float) -> np.ndarray:
    mean = cv2.GaussianBlur(light, (0, 0), sigma)
    deviation = np.sqrt(np.maximum(cv2.GaussianBlur(light * light, (0, 0), sigma) - mean * mean, 0))
    return (light - mean) / (deviation + 4.0)


def _compare(shots: list[_Small], references, burst_seconds, sway, threshold, min_area) -> dict[str, list[dict]]:
    """Boxes of pictures of one place, size and mode."""
    if len(shots) < 2:
        whole = {"category": "1", "conf": UNCOMPARED, "bbox": [0.0, 0.0, 1.0, 1.0]}
        return {shot.path: [dict(whole)] for shot in shots}
    strip = _strip(shots)
    evidence = np.stack([_evidence(i, shots, references, burst_seconds, sway) for i in range(len(shots))])
    # What is usual at a place; where too few pictures tell, what is usual in the picture.
    over = 0 if len(shots) >= 5 else (1, 2)
    usual = np.median(evidence, over, keepdims=True)
    spread = np.median(np.abs(evidence - usual), over, keepdims=True)
    if over == 0:
        spread[0] = cv2.GaussianBlur(spread[0], (0, 0), 4)
    evidence = np.maximum(evidence - usual, 0) / (1 + spread / SPREAD)
    found = {}
    for shot, difference in zip(shots, evidence, strict=True):
        difference[strip | shot.blank] = 0
        found[shot.path] = _boxes(difference, threshold, min_area)
    return found


def _backgrounds(i: int, shots: list[_Small], count: int, burst_seconds: float) -> list[int]:
    """The pictures that look most like picture ``i``, of other triggers where there are at least two."""
    apart = timedelta(seconds=burst_seconds)
    others = [j for j in range(len(shots)) if j != i]
    if shots[i].moment is not None:
        far = [j for j in others if shots[j].moment is None or abs(shots[j].moment - shots[i].moment) > apart]
        others = far if len(far) >= 2 else others
    likeness = {j: round(float(shots[i].thumbnail @ shots[j].thumbnail), 6) for j in others}
    return sorted(others, key=lambda j: (-likeness[j], shots[j].path))[:count]


def _evidence(i: int, shots: list[_Small], references: int, burst_seconds: float, sway: int) -> np.ndarray:
    """How much each place of a picture differs from its background: (h, w) float32, not negative."""
    stack = np.stack([shots[j].channels for j in _backgrounds(i, shots, references, burst_seconds)]).astype(np.float32)
    picture = shots[i].channels.astype(np.float32)
    whole = ~shots[i].blank if not shots[i].blank.all() else slice(None)
    gains = (picture[0, whole].mean() + 1) / (stack[:, 0, whole].mean((1, 2)) + 1)
    stack *= gains[:, None, None, None]
    background = np.median(stack, 0)
    scale = 6.0 + 0.10 * background[0]
    near = cv2.blur(picture[0], (9, 9)) + 4
    colour = picture[1:] / (picture[0] + 12)
    background[1:] /= background[0] + 12
    # Everything that is compared with a shifted background, as one stack that is shifted at once.
    planes = np.stack([*background, cv2.blur(background[0], (9, 9)) + 4, _structure(background[0], 8)])
    ours = _structure(picture[0], 8)
    least = np.full((2, *scale.shape), np.inf, np.float32)
    for dy in {-sway, 0, sway}:
        for dx in {-sway, 0, sway}:
            light, *tints, around, structure = _shifted(planes, dy, dx)
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
    return np.sqrt(np.maximum(least[0] / scale * least[1], 0))  # a running mean may fall below 0 by rounding


def _shifted(planes: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """The planes moved by whole pixels, the border repeated."""
    rows = np.clip(np.arange(planes.shape[1]) + dy, 0, planes.shape[1] - 1)
    columns = np.clip(np.arange(planes.shape[2]) + dx, 0, planes.shape[2] - 1)
    return planes[:, rows[:, None], columns[None, :]]


def _strip(shots: list[_Small]) -> np.ndarray:
    """Rows of an info strip: next to the upper or lower border, plain but for its writing in every picture.

    The writing changes, the plain ground does not; a row counts if most neighbours along it are equal in the median of
    the pictures. Dark sky at night may count too, in at most an eighth of the picture's height.
    """
    step = max(1, len(shots) // 15)
    middle = np.median(np.stack([shot.channels[0] for shot in shots[::step]]).astype(np.float32), 0)
    plain = (np.abs(np.diff(middle, axis=1)) <= 1.5).mean(1) >= 0.4
    rows, limit = np.zeros(len(middle), bool), len(middle) // 8
    for order in (np.arange(len(middle)), np.arange(len(middle))[::-1]):
        last = max((n + 1 for n, row in enumerate(order[:limit]) if plain[row]), default=0)
        if last and plain[order[:last]].mean() >= 0.5:
            rows[order[: last + 2]] = True
    return rows


def _boxes(evidence: np.ndarray, threshold: float, min_area: float) -> list[dict]:
    """Connected places of strong evidence as boxes, best first."""
    height, width = evidence.shape
    smooth = cv2.GaussianBlur(evidence, (0, 0), 1.5)
    first = _parts(smooth, max(LEVEL * threshold, PEAK * float(smooth.max())))
    if not first:
        return []
    # Weather is strong in many places, an animal in one: what is left without the strongest place raises the bar.
    x0, y0, x1, y1 = max(first, key=lambda part: part[1] * part[2])[0]
    rest = smooth.copy()
    reach = round(0.02 * width)
    rest[max(0, y0 - reach) : y1 + reach, max(0, x0 - reach) : x1 + reach] = np.nan
    rest = rest[~np.isnan(rest)]
    clutter = float(np.percentile(rest, CLUTTER[0])) if rest.size else 0.0
    bar = min(max(threshold, CLUTTER[1] * clutter), CLUTTER[2] * threshold)
    boxes = []
    for (x0, y0, x1, y1), area, strength in _merged(_parts(smooth, LEVEL * bar), 0.03 * width):
        part = area / (width * height)
        if part < min_area:
            continue
        conf = 1 - 0.8 ** ((strength / bar) ** 3 * min(part / SMALL, 1.0) ** 0.5)
        x0, x1 = (x0 + SMEAR, x1 - SMEAR) if x1 - x0 > 6 * SMEAR else (x0, x1)
        y0, y1 = (y0 + SMEAR, y1 - SMEAR) if y1 - y0 > 6 * SMEAR else (y0, y1)
        bbox = [round(v, 4) for v in (x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height)]
        boxes.append({"category": "1", "conf": round(float(conf), 4), "bbox": bbox})
    return sorted(boxes, key=lambda box: (-box["conf"], box["bbox"]))


def _parts(smooth: np.ndarray, level: float) -> list[tuple]:
    """Connected places above a level: (x0, y0, x1, y1), pixels, strength (80th percentile)."""
    mask = (smooth > level).astype(np.uint8)
    reach = max(3, round(0.02 * smooth.shape[1])) | 1
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    parts = []
    for label in range(1, count):
        x, y, w, h = (int(v) for v in stats[label, :4])
        window = slice(y, y + h), slice(x, x + w)
        inside = (labels[window] == label) & (mask[window] > 0)
        if inside.any():
            values = smooth[window][inside]
            strength = float(np.percentile(values, 80))
            # A strong difference reaches past its object: the box ends where it has fallen to a part of its strength.
            core = inside & (smooth[window] > EDGE * strength)
            rows, columns = np.flatnonzero(core.any(1)), np.flatnonzero(core.any(0))
            box = (x + int(columns[0]), y + int(rows[0]), x + int(columns[-1]) + 1, y + int(rows[-1]) + 1)
            parts.append((box, len(values), strength))
    return parts


def _merged(parts: list[tuple], gap: float) -> list[tuple]:
    """Join boxes closer than ``gap`` pixels and of like strength: a branch before an animal cuts it in two."""
    parts = sorted(parts, key=lambda part: (-part[1] * part[2], part[0]))
    i = 0
    while i < len(parts):
        a, area, strength = parts[i]
        for j in range(i + 1, len(parts)):
            b, area2, strength2 = parts[j]
            apart = max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3])
            if apart <= gap and strength2 > 0.6 * strength:
                box = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
                total = area + area2
                parts[i] = (box, total, (area * strength + area2 * strength2) / total)
                del parts[j]
                i = -1
                break
        i += 1
    return parts
