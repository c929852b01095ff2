"""The collected crops: those of pictures that count, and which of them are repeat detections; a station at a time."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.collect import parts
from camtrap.collect.looks import looks_of
from camtrap.collect.parts import codes, frame_of
from camtrap.collect.pictures import that_count
from camtrap.collect.repeats import Rules, places, spells
from camtrap.collect.shards import CROP_COLUMNS

__all__ = ["counting", "marked", "written"]

_BOX = ["crop_id", "x", "y", "w", "h", "shard", "row"]
_PLACE = ["path", "station", "datetime", "event", "width", "height"]
# What a crop has of its picture, beside its path.
_CONTEXT = ["batch", "station", "datetime", "label", "camera", "burst", "event"]


def counting(crops: pa.Table, images: pa.Table) -> pa.Table:
    """Crops of the pictures that count, each once, by their ids."""
    counts = np.zeros(len(images), bool)
    counts[that_count(images)] = True
    crops = crops.filter(pa.array(counts[crops["picture"].to_numpy()]))
    ids = crops["crop_id"]
    again = np.zeros(len(crops), bool)
    if len(crops) > 1:
        again[1:] = pc.equal(ids[1:], ids[:-1]).to_numpy()
    return crops.filter(pa.array(~again))


def marked(crops: pa.Table, images: pa.Table, options: Mapping, files: Sequence[Path], cut: Mapping | None) -> pa.Table:
    """Columns ``repeat`` (left out of clustering) and ``repeat_place`` (the first crop of its place, also where it was taken back)."""
    repeat = np.zeros(len(crops), bool)
    place = np.full(len(crops), -1)
    if options["repeat_detections"] and len(crops):
        rules = Rules(
            options["repeat_events"],
            options["repeat_iou"],
            options.get("repeat_look", 0),
            options.get("repeat_days", 1),
        )
        keep = set(options.get("repeat_keep", []))
        stations = codes(images["station"])
        undated = that_count(images)
        undated = undated[images["datetime"].is_null().to_numpy()[undated]]
        of_crop = crops["picture"].to_numpy()
        for part in parts.parts(stations[of_crop]):
            pictures = of_crop[part]
            table = frame_of(crops, part, _BOX).join(frame_of(images, pictures, _PLACE).set_index(part))
            others = undated[np.isin(stations[undated], stations[pictures])]
            repeat[part], place[part] = _of_part(table, frame_of(images, others, _PLACE[:3]), rules, keep, files, cut)
    first = crops["crop_id"].take(pa.array(place, mask=place < 0))
    return crops.append_column("repeat", pa.array(repeat)).append_column("repeat_place", first)


def _of_part(
    table: pd.DataFrame, undated: pd.DataFrame, rules: Rules, keep: set[str], files: Sequence[Path], cut: Mapping | None
) -> tuple[np.ndarray, np.ndarray]:
    """Which crops are repeats, and the row of the first crop of each one's place, -1 for a crop that is not in one."""

    def looks(positions: np.ndarray) -> np.ndarray:
        return looks_of(table.iloc[positions], files, cut or {})

    when = spells(table, undated) if rules.min_look else pd.DataFrame(index=table.index)
    number = pd.Series(places(table.join(when), rules, looks), index=table.index)
    kept = number.isin(number[table["crop_id"].isin(keep)])
    first = table.index.to_series().groupby(number).transform("first")
    return ((number >= 0) & ~kept).to_numpy(), first.where(number >= 0, -1).to_numpy()


def written(crops: pa.Table, images: pa.Table) -> Iterator[pa.Table]:
    """Yield the table of crops in parts as it is written, with what a crop has of its picture."""
    for part in parts.slices(crops):
        of_picture = images.select(["path", *_CONTEXT]).take(part["picture"])
        columns = {
            name: (of_picture if name in of_picture.column_names else part)[name]
            for name in (*CROP_COLUMNS, "shard", "row", *_CONTEXT, "repeat", "repeat_place", "clustered")
        }
        yield parts.as_written(pa.table(columns))
