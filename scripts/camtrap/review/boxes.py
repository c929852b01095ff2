"""Crops of before among the crops of now: by their id, or else by an overlapping box in the same picture.

Another detector draws other boxes of the same animals. A crop's id holds the first 16 digits of its picture's SHA-256 and its box
(`camtrap.crop.geometry`), so nothing else is needed.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

OVERLAP = 0.5  # intersection over union from which two boxes are one
_ID = r"^(?P<picture>[0-9a-f]{16})-(?P<x>[0-9]+)-(?P<y>[0-9]+)-(?P<w>[0-9]+)-(?P<h>[0-9]+)$"


def rows_of(old: pa.Array, crops: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Find crops of before among those of now.

    Parameters
    ----------
    old, crops : pyarrow.Array of n and m distinct strings
        Ids of crops.

    Returns
    -------
    rows : int64 array of shape (n,)
        Where each is in ``crops``; -1 where it is nowhere. No two have the same.
    moved : bool array of shape (n,)
        True where it is another box, which overlaps by :data:`OVERLAP` at least.
    """
    rows = places(old, crops)
    moved = np.zeros(len(rows), bool)
    lost = np.flatnonzero(rows < 0)
    if not len(lost):
        return rows, moved
    free = np.ones(len(crops), bool)
    free[rows[rows >= 0]] = False
    left = _boxes(old.take(pa.array(lost)), lost)
    right = _boxes(crops.filter(pa.array(free)), np.flatnonzero(free))
    pairs = left.merge(right, on="picture", suffixes=("", "_new"))
    pairs["overlap"] = _overlap(pairs)
    pairs = pairs[pairs["overlap"] >= OVERLAP].sort_values(["overlap", "row", "row_new"], ascending=[False, True, True])
    while len(pairs):
        best = pairs[~pairs["row"].duplicated() & ~pairs["row_new"].duplicated()]
        rows[best["row"]], moved[best["row"]] = best["row_new"], True
        pairs = pairs[~pairs["row"].isin(best["row"]) & ~pairs["row_new"].isin(best["row_new"])]
    return rows, moved


def places(ids: pa.Array, crops: pa.Array) -> np.ndarray:
    """Where each of ``ids`` is in ``crops`` (each distinct strings), int64 (n,); -1 where it is nowhere.

    The shorter one is hashed: the 20,000 crops of a decision are found among a million in 0.05 s instead of 0.4 s.
    """
    if ids.equals(crops):
        return np.arange(len(crops))
    if len(ids) >= len(crops):
        return pc.fill_null(pc.index_in(ids, crops), -1).to_numpy().astype(np.int64)
    at = pc.fill_null(pc.index_in(crops, ids), -1).to_numpy()
    there = np.flatnonzero(at >= 0)
    rows = np.full(len(ids), -1, np.int64)
    rows[at[there]] = there
    return rows


def _boxes(ids: pa.Array, rows: np.ndarray) -> pd.DataFrame:
    """picture, x, y, w, h, row of the ids that hold a box."""
    fields = pc.extract_regex(ids, _ID)
    there = np.flatnonzero(np.asarray(pc.is_valid(fields)))
    parts = fields.take(pa.array(there)).flatten()
    names = [field.name for field in fields.type]
    table = dict(zip(names, (part.to_pandas() for part in parts), strict=True))
    frame = pd.DataFrame({"picture": table["picture"], **{k: pd.to_numeric(table[k]) for k in ("x", "y", "w", "h")}})
    return frame.assign(row=rows[there])


def _overlap(pairs: pd.DataFrame) -> pd.Series:
    def both(at: str, size: str) -> pd.Series:
        ends = np.minimum(pairs[at] + pairs[size], pairs[f"{at}_new"] + pairs[f"{size}_new"])
        return (ends - np.maximum(pairs[at], pairs[f"{at}_new"])).clip(lower=0)

    common = both("x", "w") * both("y", "h")
    union = pairs["w"] * pairs["h"] + pairs["w_new"] * pairs["h_new"] - common
    return common / union.clip(lower=1)
