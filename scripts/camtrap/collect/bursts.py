"""Bursts and events: what belongs together in time."""

import pandas as pd


def group_in_time(
    pictures: pd.DataFrame, seconds: float, sequences: bool = False, apart: pd.Series | None = None
) -> pd.Series:
    """Give pictures of one station, taken shortly after one another, one id.

    Parameters
    ----------
    pictures : DataFrame
        Columns image_id, station, datetime, path, video, sequence, camera; one row per picture that counts.
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
