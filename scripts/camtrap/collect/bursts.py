"""Bursts, events and repeat detections: what belongs together in time and place."""

import numpy as np
import pandas as pd

from camtrap.core.boxes import overlaps


def group_in_time(
    pictures: pd.DataFrame, seconds: float, sequences: bool = False, apart: pd.Series | None = None
) -> pd.Series:
    """Give pictures of one station, taken shortly after one another, one id.

    Parameters
    ----------
    pictures : DataFrame
        Columns image_id, station, datetime, path, video, sequence, camera; one row a picture that counts.
    seconds : float
        The largest gap within a group, in seconds.
    sequences : bool
        Whether a sequence number of the same camera that does not rise ends a group (bursts; not events).
    apart : Series, optional
        Pictures in which it differs are never of one group.

    Returns
    -------
    Series of str
        An id for each row: the first 12 digits of the group's first image_id. A picture without a time stands alone,
        but the frames of one video stay together.
    """
    keys = ["station", "apart", "datetime", "sequence", "path"]
    order = pictures.assign(apart="" if apart is None else apart).sort_values(keys, na_position="last", kind="stable")
    previous = order.shift()
    gap = (order["datetime"] - previous["datetime"]).dt.total_seconds()
    other = (order["station"] != previous["station"]) | (order["apart"] != previous["apart"])
    starts = other | ~(gap <= seconds)
    if sequences:
        known = order["sequence"].notna() & previous["sequence"].notna() & (order["camera"] == previous["camera"])
        starts |= known & (order["sequence"] <= previous["sequence"])
    starts &= ~(order["video"].notna() & (order["video"] == previous["video"]))
    first = order["image_id"].str.slice(0, 12).where(starts).ffill()
    return first.reindex(pictures.index)


def repeats(crops: pd.DataFrame, min_events: int, min_iou: float, max_area: float = 0.9) -> np.ndarray:
    """Mark detections that stand in the same place of a station in many events: a branch, a stone, the info strip.

    Parameters
    ----------
    crops : DataFrame
        Columns station, event, x, y, w, h (relative).
    min_events : int
        In how many events, its own included, an overlapping box must stand.
    min_iou : float
        Intersection over union from which two boxes are the same.
    max_area : float
        Boxes larger than this part of the picture (whole pictures) are never repeats.

    Returns
    -------
    bool array, shape (n,)
    """
    marked = np.zeros(len(crops), dtype=bool)
    small = (crops["w"] * crops["h"]).to_numpy() <= max_area
    positions = np.arange(len(crops))
    for _, rows in crops.assign(position=positions)[small].groupby("station", sort=False, dropna=False):
        if rows["event"].nunique() >= min_events:
            marked[rows["position"]] = _station_repeats(rows, min_events, min_iou)
    return marked


def _station_repeats(rows: pd.DataFrame, min_events: int, min_iou: float) -> np.ndarray:
    from scipy.spatial import cKDTree

    corners = rows[["x", "y", "w", "h"]].to_numpy(np.float64, copy=True)
    corners[:, 2:] += corners[:, :2]
    events = rows["event"].factorize()[0]
    # boxes that overlap by t differ in no corner by more than (1 - t) / t of the longer side
    reach = (1 - min_iou) / min_iou * (corners[:, 2:] - corners[:, :2]).max(axis=1)
    tree = cKDTree(corners)
    marked = np.zeros(len(rows), dtype=bool)
    for start in range(0, len(rows), 1000):
        part = slice(start, start + 1000)
        for number, near in enumerate(tree.query_ball_point(corners[part], reach[part] + 1e-9, p=np.inf), start):
            if len(near) >= min_events:
                same = overlaps(corners[number], corners[near]) >= min_iou
                marked[number] = len(np.unique(events[near][same])) >= min_events
    return marked
