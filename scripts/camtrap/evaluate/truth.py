"""Give each crop its true label: by its id, by the box it shows, by its picture, or by a pattern in its path."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from camtrap.config.values import label_expression
from camtrap.core.boxes import XYWH, overlap
from camtrap.core.categories import SHOWN
from camtrap.detections.path_index import PathIndex
from camtrap.evaluate.labels import BOX, category_of


class Truth(NamedTuple):
    """What is known of each crop and picture.

    ``labels`` (n,) object: label, or None. ``categories`` (n,) object: what the crop shows (animal, person, vehicle,
    empty), or None. ``how`` (n,) str: where the label comes from (crop, box, picture, column, pattern), or why there is
    none ("not in the table", "several labels", "conflict", "beside every box", "no match of the pattern", …).
    ``images``: {path of the picture that counts: its true category}. ``counts``: rows of the table by what became of
    them. ``problems``: (line of the table, what it names, reason), sorted by line.
    """

    labels: np.ndarray
    categories: np.ndarray
    how: np.ndarray
    images: dict[str, str]
    counts: dict[str, int]
    problems: list[tuple[int, str, str]]


def from_column(crops: pd.DataFrame) -> Truth:
    """Labels of the column ``label`` of ``tables/crops.parquet`` (weak labels of the path pattern); see :class:`Truth`."""
    return _of_labels([_none(x) for x in crops["label"]], "column", "no label")


def from_pattern(crops: pd.DataFrame, pattern: str) -> Truth:
    """Labels by a regular expression with a group named ``label``, searched in each crop's path.

    Raises
    ------
    ConfigError
        If the expression is not one, or has no group of that name.
    """
    expression = label_expression(pattern)
    found = [expression.search(path) for path in crops["path"]]
    return _of_labels([_none(m and m["label"]) for m in found], "pattern", "no match of the pattern")


def match(table: pd.DataFrame, crops: pd.DataFrame, images: pd.DataFrame | None = None, iou: float = 0.3) -> Truth:
    """Match a label table to crops.

    Parameters
    ----------
    table : DataFrame of :func:`camtrap.evaluate.labels.read_labels`
    crops : DataFrame
        ``tables/crops.parquet``: crop_id, image_id, path, x, y, w, h (relative).
    images : DataFrame, optional
        ``tables/images.parquet``: path, image_id, duplicate_of. With it a row about an empty picture is known from a
        row about a picture that is not there, and a row about a duplicate counts for the copy that counts.
    iou : float
        A crop shows a box of the table from this intersection over union on; the best pairs first, each once.

    Returns
    -------
    Truth

    Notes
    -----
    A row names a picture by ``path``, spelled as ours or in any way that :mod:`camtrap.detections.path_index` knows (a
    bare file name that the survey has once, say): never by a file name whose folders contradict. A crop that matches no box takes the label
    of its picture if there is only one and it touches a box; a crop beside every box shows nothing of the truth.
    """
    pictures = _Pictures(crops, images)
    pictures.look_up(table["path"])
    row_of_crop = {crop: i for i, crop in enumerate(crops["crop_id"])}
    n = len(crops)
    labels, categories = np.full(n, None, object), np.full(n, None, object)
    how = np.full(n, "not in the table", object)
    counts: dict[str, int] = defaultdict(int)
    problems: list[tuple[int, str, str]] = []
    by_picture: dict[str, list[Any]] = defaultdict(list)
    by_crop: dict[int, list[Any]] = defaultdict(list)
    counts["rows"] = len(table)
    for row in table.itertuples(index=False):
        named = row.crop_id or row.image_id or row.path
        if not row.label and not row.category:
            counts["without a label"] += 1
        elif row.crop_id and row.crop_id in row_of_crop:
            by_crop[row_of_crop[row.crop_id]].append(row)
        else:
            picture, reason = pictures.find(row)
            if picture is None:
                counts["match nothing"] += 1
                problems.append((row.line, named, reason))
            else:
                by_picture[picture].append(row)
    image_categories = {}
    boxes = list(zip(*(crops[key].tolist() for key in BOX), strict=True))
    for picture, rows in by_picture.items():
        members = pictures.crops[picture]
        counts["matched"] += len(rows)
        counts["matched, no crop"] += 0 if members else len(rows)
        kinds = {row.category for row in rows if row.category}
        if "empty" in kinds and len(kinds) > 1:
            counts["contradict each other"] += len(rows)
            problems.append((rows[0].line, picture, f"conflict: the rows say {' and '.join(sorted(kinds))}"))
            how[members] = "conflict"
            continue
        if kinds:
            image_categories[picture] = next(c for c in SHOWN if c in kinds)
        for i, (row, source) in _assign(members, rows, boxes, iou).items():
            how[i] = source
            if row is not None:
                labels[i], categories[i] = row.label or row.category, row.category or None
            elif source == "beside every box":
                categories[i] = "empty"
    for i, rows in by_crop.items():
        counts["matched"] += len(rows)
        names = {row.label or row.category for row in rows}
        if len(names) > 1:
            counts["contradict each other"] += len(rows)
            problems.append((rows[0].line, rows[0].crop_id, f"conflict: the rows say {' and '.join(sorted(names))}"))
            labels[i], categories[i], how[i] = None, None, "conflict"
        else:
            labels[i], categories[i], how[i] = names.pop(), rows[0].category or None, "crop"
    return Truth(labels, categories, how, image_categories, dict(counts), sorted(problems))


def _assign(members: list[int], rows: list[Any], boxes: list[XYWH], iou: float) -> dict[int, tuple[Any, str]]:
    """Row of the table (or None) and source for each crop of one picture."""
    # A picture that has two paths is in the table twice: equal rows are one.
    rows = list({(row.label, row.category, _box(row)): row for row in rows}.values())
    boxed = [(row, box) for row in rows if (box := _box(row))]
    only = rows[0] if len({row.label or row.category for row in rows}) == 1 else None
    out: dict[int, tuple[Any, str]] = dict.fromkeys(members, (only, "picture") if only else (None, "several labels"))
    if not boxed:
        return out
    shared = {(m, i): overlap(boxes[m], box) for m in members for i, (_, box) in enumerate(boxed)}
    if len(boxed) == len(rows):
        touching = {m for (m, _), value in shared.items() if value > 0}
        out |= dict.fromkeys((m for m in members if m not in touching), (None, "beside every box"))
    taken_crops: set[int] = set()
    taken_boxes: set[int] = set()
    for (crop, number), value in sorted(shared.items(), key=lambda pair: -pair[1]):
        if value < iou:
            break
        if crop not in taken_crops and number not in taken_boxes:
            taken_crops.add(crop)
            taken_boxes.add(number)
            out[crop] = boxed[number][0], "box"
    return out


def _box(row: Any) -> XYWH | None:
    return (row.x, row.y, row.w, row.h) if row.x == row.x else None  # NaN is not itself


class _Pictures:
    """The survey's pictures, found by id or by a path that need not be spelled as ours."""

    def __init__(self, crops: pd.DataFrame, images: pd.DataFrame | None) -> None:
        frame = crops if images is None else images
        counting = dict(zip(frame["path"], frame["path"], strict=True))
        if images is not None:
            counting |= {p: d for p, d in zip(images["path"], images["duplicate_of"], strict=True) if _none(d)}
        counting |= {path: path for path in crops["path"]}
        self.counting = counting
        self.by_id: dict[str, str] = {}
        for source in (frame, crops):
            self.by_id |= {i: counting[p] for i, p in zip(source["image_id"], source["path"], strict=True) if _none(i)}
        self.paths = list(counting)
        self.same_name: dict[str, str] = {}
        for path in self.paths:
            name = path.rpartition("/")[2]
            self.same_name[name] = min(path, self.same_name.get(name, path))
        self.meant: dict[str, list[int]] = {}
        self.crops: dict[str, list[int]] = defaultdict(list)
        for _, i, path in sorted(zip(crops["crop_id"], range(len(crops)), crops["path"], strict=True)):
            self.crops[path].append(i)

    def look_up(self, paths: Iterable[str]) -> None:
        """Find the pictures that the paths of a label table may mean, all at once."""
        self.meant = PathIndex(self.paths).find({path for path in paths if path and path not in self.counting})

    def find(self, row: Any) -> tuple[str | None, str]:
        """Path of the picture that counts, or None and why."""
        if row.image_id:
            if row.image_id in self.by_id:
                return self.by_id[row.image_id], ""
            if not row.path:
                return None, "no picture has this image_id"
        if not row.path:
            return None, "no crop has this crop_id"
        if row.path in self.counting:
            return self.counting[row.path], ""
        found = sorted({self.counting[self.paths[i]] for i in self.meant.get(row.path, ())})
        if len(found) == 1:
            return found[0], ""
        if found:
            return None, f"{len(found)} pictures end so: {', '.join(found[:3])}{' …' if len(found) > 3 else ''}"
        name = row.path.replace("\\", "/").rpartition("/")[2]
        if name in self.same_name:
            return None, f"no such picture; one of this name in another folder: {self.same_name[name]}"
        return None, "no such picture in the survey"


def _none(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _of_labels(values: list[str | None], source: str, otherwise: str) -> Truth:
    labels = np.array(values, object)
    known = np.array([v is not None for v in values], bool)
    categories = np.array([(category_of("", v) or None) if v else None for v in values], object)
    how = np.where(known, source, otherwise).astype(object)
    counts = {"crops": len(values), "matched": int(known.sum()), "match nothing": int((~known).sum())}
    return Truth(labels, categories, how, {}, counts, [])
