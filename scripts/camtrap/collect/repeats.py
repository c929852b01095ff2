"""Repeat detections: what stands in one place of a station again and again, a branch or a stone.

What stands still also looks the same, on several days. Place alone is not enough: large boxes cut by the picture's border
overlap, whatever is in them, and cattle stand where cattle stood.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from camtrap.core.boxes import overlaps

__all__ = ["Rules", "places", "spells"]

# Boxes larger than this part of the picture (whole pictures) are never repeats.
LARGEST = 0.9
# Where looks count: so near to the border (in parts of the picture) and so large, a box is cut by it.
BORDER, CUT = 0.02, 0.1
# Without times: a station's pictures in the order of their names are cut into ten spells of at least so many pictures, ...
SPELLS, SPELL = 10, 10
# ... and what stands still is in so many of them.
OFTEN = 5

# Of positions in the table one row each: float32, unit length, so that a product of two is how alike they look (1: the same).
Looks = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Rules:
    """When boxes are repeats.

    Attributes
    ----------
    min_events : int
        In how many events, its own included, an overlapping box must stand.
    min_iou : float
        Intersection over union from which two boxes are in the same place.
    min_look : float
        How alike they must look (correlation of their pixels); 0: their place is enough.
    min_days : int
        On how many days, where looks count. Without times half of ten spells stand for days (:func:`spells`).
    """

    min_events: int
    min_iou: float
    min_look: float = 0.0
    min_days: int = 1


def places(crops: pd.DataFrame, rules: Rules, looks: Looks | None = None) -> np.ndarray:
    """Number the places in which a box stands again and again.

    A box with enough others in its place that look like it is a repeat, and where looks count, so are those others (as the
    border points of DBSCAN; Ester et al. 1996).

    Parameters
    ----------
    crops : DataFrame
        Columns station, event, x, y, w, h (relative); where looks count also ``spell`` (:func:`spells`) and ``dated``.
    rules : Rules
    looks : callable, optional
        Asked only of boxes that stand in one place often enough; needed where looks count.

    Returns
    -------
    int array, shape (n,)
        -1 for a box that is not a repeat.
    """
    found = np.full(len(crops), -1)
    area = (crops["w"] * crops["h"]).to_numpy()
    eligible = area <= LARGEST
    if rules.min_look:
        edge = np.minimum.reduce([crops["x"], crops["y"], 1 - crops["x"] - crops["w"], 1 - crops["y"] - crops["h"]])
        eligible &= (area < CUT) | (edge >= BORDER)
    positions = np.arange(len(crops))
    first = 0
    for _, rows in crops.assign(position=positions)[eligible].groupby("station", sort=False, dropna=False):
        if rows["event"].nunique() >= rules.min_events:
            of_station = _of_station(rows, rules, looks)
            marked = of_station >= 0
            found[rows["position"].to_numpy()[marked]] = first + of_station[marked]
            first += len(rows)
    return found


def spells(crops: pd.DataFrame, pictures: pd.DataFrame) -> pd.DataFrame:
    """Columns ``spell`` and ``dated`` of crops: the day, or without a time the part of the station's pictures by their names.

    Parameters
    ----------
    crops : DataFrame
        Columns path, station, datetime.
    pictures : DataFrame
        All of these stations that count and have no time (others are passed over), columns path, station, datetime.
    """
    undated = pictures[pictures["datetime"].isna()].sort_values("path")
    of_station = undated.groupby("station", sort=False, dropna=False)["path"]
    length = (of_station.transform("size") / SPELLS).clip(lower=SPELL)
    part = (of_station.cumcount() / length).astype(int)
    asked = undated["path"].isin(crops["path"])
    known = dict(zip(undated["path"][asked], part[asked], strict=True))
    days = (crops["datetime"] - pd.Timestamp(0)).dt.days
    return pd.DataFrame(
        {"spell": days.fillna(crops["path"].map(known)).astype(int), "dated": crops["datetime"].notna()},
        index=crops.index,
    )


def _of_station(rows: pd.DataFrame, rules: Rules, looks: Looks | None) -> np.ndarray:
    """Numbers of the places of one station's boxes; -1 for a box that is not a repeat."""
    events = rows["event"].factorize()[0]
    stands, asked = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    for number, near in _in_one_place(rows, rules):
        if len(np.unique(events[near])) >= rules.min_events:
            stands[number] = asked[near] = True
    if not stands.any():
        return np.full(len(rows), -1)
    look = _looks(rows, asked, looks) if looks and rules.min_look else None
    label, marked = np.arange(len(rows)), np.zeros(len(rows), bool)
    # twice the same way round instead of keeping who is near whom: of ten thousand boxes of a stone that is a gigabyte
    for number, near in _in_one_place(rows, rules):
        if not stands[number]:
            continue
        if look is None:
            near = near[stands[near]]
        else:
            near = near[look[near] @ look[number] >= rules.min_look]
            if len(np.unique(events[near])) < rules.min_events or not _often(rows.iloc[near], rules):
                continue
        marked[near] = True
        together = np.unique(label[near])
        if len(together) > 1:
            label[np.isin(label, together)] = together[0]
    return np.where(marked, label, -1)


def _looks(rows: pd.DataFrame, asked: np.ndarray, looks: Looks) -> np.ndarray:
    """Looks of the boxes asked for; of the others zeros, which look like nothing."""
    known = looks(rows["position"].to_numpy()[asked])
    found = np.zeros((len(rows), known.shape[1]), np.float32)
    found[asked] = known
    return found


def _often(alike: pd.DataFrame, rules: Rules) -> bool:
    days = alike["spell"].groupby(alike["dated"]).nunique()
    return bool(days.get(True, 0) >= rules.min_days or days.get(False, 0) >= OFTEN)


def _in_one_place(rows: pd.DataFrame, rules: Rules) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each box with those that lie where it lies (itself, too), where they may be of enough events."""
    from scipy.spatial import cKDTree

    corners = rows[["x", "y", "w", "h"]].to_numpy(np.float64, copy=True)
    corners[:, 2:] += corners[:, :2]
    # boxes that overlap by t differ in no corner by more than (1 - t) / t of the longer side
    reach = (1 - rules.min_iou) / rules.min_iou * (corners[:, 2:] - corners[:, :2]).max(axis=1)
    tree = cKDTree(corners)
    for start in range(0, len(rows), 1000):
        part = slice(start, start + 1000)
        for number, near in enumerate(tree.query_ball_point(corners[part], reach[part] + 1e-9, p=np.inf), start):
            if len(near) >= rules.min_events:
                yield number, np.array(near)[overlaps(corners[number], corners[near]) >= rules.min_iou]
