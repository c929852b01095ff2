"""What all exports read: pictures with their crops, their places and times, and what experts said, one after another.

The one reader of the tables for whatever is handed on::

    survey = Survey(images, crops, clusters=clusters, labels=labels, label_info=info, species="species.csv", zone="-05:00")
    for picture, crops in survey.pictures():    # every path found, sorted by path; crops of those that count
        for crop in crops: ...
    for picture, crop in survey.crops():        # the same, one pair per crop
    survey.names.species                        # list of Species: what was named, sorted

:class:`Picture` and :class:`Crop` say what there is of each. Without ``labels`` (no decisions) every crop is unnamed: ``state``,
``species``, ``suggestion`` are None. Whoever wants to know what is in the tables reads it here, so that a name, a time or a station
is the same in each export.

Memory: the crops' columns (about 250 bytes per crop) are held, pictures are read in parts. Each call of ``pictures`` or ``crops``
reads again.
"""

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.core.categories import SHOWN
from camtrap.core.errors import DamageError
from camtrap.core.files import open_parquet, read_json, read_parquet
from camtrap.export.species import Names, Species, read_species
from camtrap.metadata.when import parse_zone

__all__ = ["Crop", "Picture", "Survey"]

_PART = 10_000
NOWHERE = "no station"


class Picture(NamedTuple):
    """One path found: a picture, or a frame of a video. Its columns are those of ``tables/images.parquet`` but for these.

    ``station`` is never None: where the path tells none, it is the batch (the memory card). ``time`` is the corrected clock with its
    offset from UTC where the time zone is known (stations.csv, else ``zone``), else without one; None where there is no time.
    ``clock`` says why it is not to be trusted (None where it can be), ``clock_reason`` in one line.
    """

    path: str
    image_id: str | None
    batch: str
    station: str
    category: str
    time: dt.datetime | None
    clock: str | None
    clock_reason: str | None
    burst: str | None
    event: str | None
    latitude: float | None
    longitude: float | None
    width: int | None
    height: int | None
    make: str | None
    model: str | None
    serial: str | None
    temperature: float | None
    trigger: str | None
    label: str | None
    video: str | None
    frame: int | None
    frame_time: float | None
    status: str
    error: str | None
    shard: str
    max_conf: float | None
    n_paths: int
    duplicate_of: str | None

    @property
    def counts(self) -> bool:
        """Whether it was looked at by the detector: it is no copy, not gone, and did not fail."""
        return self.category in SHOWN

    @property
    def camera(self) -> str:
        """Make, model and serial number; "" where nothing is known."""
        return " ".join(part.strip() for part in (self.make, self.model, self.serial) if part and part.strip())

    @property
    def file(self) -> str:
        """The path of the file: of a video's frame that of the video."""
        return self.video or self.path


class Crop(NamedTuple):
    """One crop, with what was decided of it.

    ``box`` is x, y, width, height, relative to the upright picture. ``cluster`` is -1 in the noise, and None where it was not
    clustered (repeat detections, other categories). ``state`` is ``named``, ``rejected``, ``unsure`` or None. ``species`` is there
    where the state is ``named``. ``how``, ``sure``, ``who``, ``at`` (UTC), ``suggestion``: as in ``tables/labels.parquet``. ``row`` is that
    of ``crops/{shard}.parquet``.
    """

    crop_id: str
    category: str
    conf: float
    box: tuple[float, float, float, float]
    repeat: bool
    infrared: bool | None
    shard: str
    row: int
    cluster: int | None
    probability: float | None
    state: str | None
    species: Species | None
    how: str | None
    sure: float | None
    who: str | None
    at: dt.datetime | None
    suggestion: str | None

    @property
    def looked_at(self) -> bool:
        """Whether somebody looked at this very crop; else its name came with its cluster."""
        return self.how == "looked at"


_CROP = ["category", "conf", "x", "y", "w", "h", "repeat", "infrared", "shard", "row"]
_LABEL = ["state", "name", "how", "sure", "who", "at", "suggestion"]
_REPEATING = {"category", "shard", "state", "name", "how", "who", "suggestion"}


class Survey:
    """The tables of a survey, opened.

    Parameters
    ----------
    images, crops : path
        ``tables/images.parquet`` and ``tables/crops.parquet``.
    clusters : path, optional
        ``clusters.parquet``. Without it ``cluster`` is None.
    labels, label_info : path, optional
        ``tables/labels.parquet`` and ``tables/labels.json``; none where there are no decisions.
    species : path, optional
        The list of species (`species.read_species`).
    zone : str, optional
        Time zone of the cameras' clocks (``America/Guayaquil``, ``-05:00``) where stations.csv gives none.

    Raises
    ------
    UserError
        A table cannot be read, the list of species is wrong.
    ValueError
        ``zone`` is no time zone.
    """

    def __init__(
        self,
        images: str | Path,
        crops: str | Path,
        clusters: str | Path | None = None,
        labels: str | Path | None = None,
        label_info: str | Path | None = None,
        species: str | Path | None = None,
        zone: str | None = None,
    ):
        self.images, self._crops_of = Path(images), Path(crops)
        self.zone = parse_zone(zone) if zone else None
        self.decided = labels is not None
        table = read_parquet(crops, columns=["crop_id", "path", *_CROP])
        ids = table["crop_id"].combine_chunks()
        if labels:
            table = _beside(table, ids, read_parquet(labels, columns=["crop_id", *_LABEL]), _LABEL)
        if clusters:
            columns = ["cluster", "probability"]
            table = _beside(table, ids, read_parquet(clusters, columns=["crop_id", *columns]), columns)
        for number, name in enumerate(table.column_names):
            if name in _REPEATING:
                table = table.set_column(number, name, table[name].dictionary_encode())
        self._crops = table.combine_chunks()
        self.n_crops = len(table)
        given: dict[str, int] = {}
        if labels:
            given = {one["values"]: one["counts"] for one in table["name"].drop_null().value_counts().to_pylist()}
        self.names = Names(given, read_species(species), _bounds(label_info))

    def pictures(self) -> Iterator[tuple[Picture, list[Crop]]]:
        """Yield each path found, sorted, with its crops (sorted by crop_id).

        Raises
        ------
        DamageError
            A crop is of a path that the table of pictures lacks.
        """
        found = self._grouped()
        path, crops = next(found, (None, []))
        for picture in self._read():
            if path == picture.path:
                yield picture, crops
                path, crops = next(found, (None, []))
            else:
                yield picture, []
        if path is not None:
            raise DamageError.of(self._crops_of, f"it has a crop of {path}, which is not in {self.images.name}")

    def crops(self) -> Iterator[tuple[Picture, Crop]]:
        """Yield each crop with its picture, sorted by path and crop_id."""
        for picture, crops in self.pictures():
            for crop in crops:
                yield picture, crop

    def _read(self) -> Iterator[Picture]:
        file = open_parquet(self.images)
        there = set(file.schema_arrow.names)
        wanted = [name for name in (*Picture._fields, "datetime", "timestamp") if name in there]
        for batch in file.iter_batches(_PART, columns=wanted):
            columns: dict[str, list[Any]] = {name: batch[name].to_pylist() for name in wanted}
            none = [None] * len(batch)
            times = [
                self._time(*pair) for pair in zip(columns["datetime"], columns.get("timestamp", none), strict=True)
            ]
            batches = [batch or "." for batch in columns["batch"]]
            given: dict[str, list[Any]] = columns | {
                "time": times,
                "station": [
                    station or (card if card != "." else NOWHERE)
                    for station, card in zip(columns["station"], batches, strict=True)
                ],
            }
            yield from map(Picture._make, zip(*(given.get(name, none) for name in Picture._fields), strict=True))

    def _time(self, local: dt.datetime | None, stamp: str | None) -> dt.datetime | None:
        if local is None:
            return None
        if stamp is not None:
            offset = dt.datetime.fromisoformat(stamp).utcoffset()
        elif self.zone is not None:
            offset = local.replace(tzinfo=self.zone).utcoffset()  # of this day, where there is summer time
        else:
            return local
        return local.replace(tzinfo=_fixed(offset or dt.timedelta(0)))

    def _grouped(self) -> Iterator[tuple[str, list[Crop]]]:
        order = pc.sort_indices(self._crops, sort_keys=[("path", "ascending"), ("crop_id", "ascending")])
        last, group = None, []
        for start in range(0, len(order), _PART):
            part = self._crops.take(order.slice(start, _PART))
            for path, crop in zip(part["path"].to_pylist(), self._made(part), strict=True):
                if path != last and last is not None:
                    yield last, group
                    group = []
                last = path
                group.append(crop)
        if last is not None:
            yield last, group

    def _made(self, part: pa.Table) -> Iterator[Crop]:
        columns: dict[str, list[Any]] = {name: part[name].to_pylist() for name in part.column_names if name != "path"}
        none = [None] * len(part)
        names = columns.get("name", none)
        columns["species"] = [self.names.of(name) for name in names]
        columns["box"] = list(zip(*(columns[side] for side in "xywh"), strict=True))
        return map(Crop._make, zip(*(columns.get(name, none) for name in Crop._fields), strict=True))


@lru_cache(maxsize=100)
def _fixed(offset: dt.timedelta) -> dt.timezone:
    """One object per offset: a million times hold one each."""
    return dt.timezone(offset)


def _beside(table: pa.Table, ids: pa.Array, other: pa.Table, columns: list[str]) -> pa.Table:
    """Add columns of another table that has crop_id; null where it lacks a crop. (A join would hold both tables twice.)"""
    theirs = other["crop_id"].combine_chunks()
    rows = None if theirs.equals(ids) else pc.index_in(ids, theirs)
    for name in columns:
        column = other[name].combine_chunks()
        table = table.append_column(name, column if rows is None else column.take(rows))
    return table


def _bounds(info: str | Path | None) -> dict[str, float]:
    """By name the share that is right at least, where ``labels.json`` has one: ``bound``, of numbers or of what has such a number."""
    found = {}
    for name, said in ((read_json(info).get("bound") or {}) if info else {}).items():
        share = said.get("bound") if isinstance(said, dict) else said
        if isinstance(share, (int, float)) and np.isfinite(share):
            found[name] = float(share)
    return found
