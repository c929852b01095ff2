"""From the evidence that something moved to boxes: the last step of the motion detector."""

from collections.abc import Callable

import cv2
import numpy as np

from camtrap.detect import motion_kept

Part = tuple[tuple[int, int, int, int], int, float]  # x0, y0, x1, y1 in pixels; pixels of strong evidence; strength

SMEAR = 2  # pixels by which blocks widen what differs
LEVEL = 0.5  # of the bar: from where evidence counts
EDGE = 0.3  # of a place's strength: where its box ends
PEAK = 0.3  # of the strongest evidence: where the strongest place ends, when the rest is looked at
CLUTTER = 95, 1.8, 2.5  # percentile of the rest, how far above it the bar lies, by how much it may rise
SMALL = 0.01  # part of the picture below which a difference counts less
LIKE = 0.6  # of a part's strength: another that is stronger may be joined to it


def boxes(evidence: np.ndarray, threshold: float, min_area: float, kept: np.ndarray | None = None) -> list[dict]:
    """Connected places of strong evidence as boxes, best first.

    Parameters
    ----------
    evidence : float32 array, shape (h, w)
    kept : float32 array, shape (h, w), optional
        How much of the usual structure is there (:func:`camtrap.detect.motion_kept.kept`): confidences are calibrated by it.
    """
    height, width = evidence.shape
    smooth = cv2.GaussianBlur(evidence, (0, 0), 1.5)
    first = _parts(smooth, max(LEVEL * threshold, PEAK * float(smooth.max())))
    if not first:
        return []
    # Weather is strong in many places, an animal in one: what is left without the strongest place raises the bar.
    x0, y0, x1, y1 = max(first, key=lambda part: part[1] * part[2])[0]
    rest = smooth.copy() if kept is None else motion_kept.weather(smooth, kept)
    reach = round(0.02 * width)
    rest[max(0, y0 - reach) : y1 + reach, max(0, x0 - reach) : x1 + reach] = np.nan
    others = rest[~np.isnan(rest)]
    clutter = float(np.percentile(others, CLUTTER[0])) if others.size else 0.0
    bar = min(max(threshold, CLUTTER[1] * clutter), CLUTTER[2] * threshold)
    found = []
    for (x0, y0, x1, y1), area, strength in _merged(_parts(smooth, LEVEL * bar), 0.03 * width):
        part = area / (width * height)
        if part < min_area:
            continue
        factor = 1.0 if kept is None else motion_kept.gain(float(kept[y0:y1, x0:x1].mean()))
        conf = 1 - 0.8 ** ((strength / bar) ** 3 * min(part / SMALL, 1.0) ** 0.5 * factor)
        x0, x1 = (x0 + SMEAR, x1 - SMEAR) if x1 - x0 > 6 * SMEAR else (x0, x1)
        y0, y1 = (y0 + SMEAR, y1 - SMEAR) if y1 - y0 > 6 * SMEAR else (y0, y1)
        bbox = [round(v, 4) for v in (x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height)]
        found.append({"category": "1", "conf": round(float(conf), 4), "bbox": bbox})
    return sorted(found, key=lambda box: (-box["conf"], box["bbox"]))


def _parts(smooth: np.ndarray, level: float) -> list[Part]:
    """Connected places above a level: (x0, y0, x1, y1), pixels, strength (80th percentile)."""
    mask: np.ndarray = (smooth > level).astype(np.uint8)
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


def _merged(parts: list[Part], gap: float) -> list[Part]:
    """Join boxes closer than ``gap`` pixels and of like strength: a branch before an animal cuts it in two.

    The strongest part takes the first that it can reach, until no part can take another. A part that grew is compared
    anew, the others are not.
    """
    parts = sorted(parts, key=lambda part: (-part[1] * part[2], part[0]))
    boxes = np.array([box for box, *_ in parts], int).reshape(-1, 4)
    strengths = np.array([strength for *_, strength in parts])
    left = np.ones(len(parts), bool)

    def join(i: int, j: int) -> None:
        (a, area, strength), (b, area2, strength2) = parts[i], parts[j]
        box = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
        parts[i] = (box, area + area2, (area * strength + area2 * strength2) / (area + area2))
        boxes[i], strengths[i], left[j] = box, parts[i][2], False

    def first(i: int, among: slice, takes: Callable[[int, slice], np.ndarray]) -> int | None:
        x0, y0, x1, y1 = boxes[among].T
        a = boxes[i]
        apart = np.maximum(np.maximum(a[0] - x1, x0 - a[2]), np.maximum(a[1] - y1, y0 - a[3]))
        found = np.flatnonzero(left[among] & (apart <= gap) & takes(i, among))
        return int(found[0]) + among.start if len(found) else None

    def is_like(i: int, others: slice) -> np.ndarray:
        return strengths[others] > LIKE * strengths[i]

    def likes(i: int, others: slice) -> np.ndarray:
        return strengths[i] > LIKE * strengths[others]

    for start in range(len(parts)):
        i = start
        while left[i] and (j := first(i, slice(i + 1, len(parts)), is_like)) is not None:
            join(i, j)
            while (stronger := first(i, slice(0, i), likes)) is not None:
                join(stronger, i)
                i = stronger
    return [part for part, stays in zip(parts, left, strict=True) if stays]
