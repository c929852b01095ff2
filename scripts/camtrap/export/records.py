"""What all exports read: pictures with their crops, their places and times, and what experts said, one after another.

The one reader of the tables for whatever is handed on::

    survey = Survey(images, crops, clusters=clusters, labels=labels, label_info=info, species="species.csv", zone="-05:00")
    for picture, crops in survey.pictures():    # every path found, sorted by path; crops of those that count
        for crop in crops: ...
    for picture, crop in survey.crops():        # the same, one pair per crop
    survey.names.species                        # list of Species: what was named, sorted

:class:`Picture` and :class:`Crop` say what there is of each. Without ``labels`` (no decisions) every crop is unnamed: ``state``,
``species``, ``suggestion`` are None. Whoever wants to know what is in the tables reads it here, so that a name, a time or a station
is the same in each export. With ``named`` and without ``labels``, a crop has the name of its cluster (``export.names``).

Memory: the crops' columns (about 250 bytes per crop) are held, pictures are read in parts (:meth:`Survey.parts`). Each call of
``pictures`` or ``crops`` reads again.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.core.errors import DamageError
from camtrap.core.files import open_parquet, read_json
from camtrap.export.beside import beside, in_order, read, values
from camtrap.export.rows import Crop, Picture
from camtrap.export.species import Names, counted, read_species
from camtrap.metadata.when import parse_zone

__all__ = ["Crop", "Picture", "Survey"]

_PART = 10_000
NOWHERE = "no station"


_CROP = ["category", "conf", "x", "y", "w", "h", "repeat", "infrared", "shard", "row"]
_LABEL = ["state", "name", "how", "sure", "who", "at", "suggestion"]


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
    named : mapping of int to str, optional
        Names of clusters (``export.names``); they count only where there are no decisions.
    zone : str, optional
        Time zone of the cameras' clocks (``America/Guayaquil``, ``-05:00``) where stations.csv gives none.

    Raises
    ------
    UserError
        A table cannot be read, the list of species is wrong.
    ValueError
        ``zone`` is not a time zone.
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
        named: Mapping[int, str] | None = None,
    ):
        self.images, self._crops_of = Path(images), Path(crops)
        self.zone = parse_zone(zone) if zone else None
        self.decided = labels is not None
        table = read(crops, ["crop_id", "path", *_CROP])
        if labels:
            table = beside(table, labels, _LABEL)
        if clusters:
            table = beside(table, clusters, ["cluster", "probability"])
            if named and not labels:
                table = _by_cluster(table, named)
        self._crops = table.unify_dictionaries().combine_chunks()
        self.n_crops = len(table)
        given = counted((named or {}).values())
        if labels:
            given = {one["values"]: one["counts"] for one in table["name"].drop_null().value_counts().to_pylist()}
        self.names = Names(given, read_species(species), _bounds(label_info))

    def table(self, columns: Sequence[str]) -> pa.Table:
        """Columns of the crops as they are held: one row per crop, in the order of ``tables/crops.parquet``."""
        return self._crops.select(columns)

    def has(self, column: str) -> bool:
        """Whether there is such a column of the crops: ``state`` only where something was said, ``cluster`` only where it is wanted."""
        return column in self._crops.column_names

    def species_of(self) -> np.ndarray:
        """Of each crop, in the same order, the place of its species in ``names.species``: int32, -1 without a name."""
        if not self.has("name"):
            return np.full(self.n_crops, -1, np.int32)
        place = {one.key: number for number, one in enumerate(self.names.species)}
        coded = self._crops["name"].combine_chunks()
        known = [self.names.of(name) for name in coded.dictionary.to_pylist()]
        codes = np.array([*(place[one.key] if one else -1 for one in known), -1], np.int32)
        return codes[pc.fill_null(coded.indices, len(known)).to_numpy(zero_copy_only=False)]

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

    def parts(self, columns: Collection[str], size: int = _PART) -> Iterator[pa.RecordBatch]:
        """Yield these columns of the table of pictures, as far as it has them, ``size`` pictures at a time."""
        file = open_parquet(self.images)
        there = set(file.schema_arrow.names)
        wanted = [name for name in columns if name in there]
        if not file.metadata.num_rows:
            yield from file.read(wanted).to_batches() or [
                pa.RecordBatch.from_pylist([], pa.schema(map(file.schema_arrow.field, wanted)))
            ]
        yield from file.iter_batches(size, columns=wanted)

    def _read(self) -> Iterator[Picture]:
        for batch in self.parts([*Picture._fields, "datetime", "timestamp"]):
            wanted = batch.schema.names
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
        last, group = None, []
        for part in in_order(self._crops, ["path", "crop_id"], _PART):
            for path, crop in zip(part["path"].to_pylist(), self._made(part), strict=True):
                if path != last and last is not None:
                    yield last, group
                    group = []
                last = path
                group.append(crop)
        if last is not None:
            yield last, group

    def _made(self, part: pa.Table) -> Iterator[Crop]:
        columns = values(part.drop_columns(["path"]))
        none = [None] * len(part)
        names = columns.get("name", none)
        columns["species"] = [self.names.of(name) for name in names]
        columns["box"] = list(zip(*(columns[side] for side in "xywh"), strict=True))
        return map(Crop._make, zip(*(columns.get(name, none) for name in Crop._fields), strict=True))


@lru_cache(maxsize=100)
def _fixed(offset: dt.timedelta) -> dt.timezone:
    """One object per offset: a million times hold one each."""
    return dt.timezone(offset)


def _by_cluster(table: pa.Table, named: Mapping[int, str]) -> pa.Table:
    """Add the name of its cluster to each crop."""
    at = pc.index_in(table["cluster"].combine_chunks().cast(pa.int64()), pa.array(list(named), pa.int64()))
    name = pa.array(list(named.values()), pa.string()).take(at)
    there, none = pc.is_valid(name), pa.scalar(None, pa.string())
    for column, value in (("state", "named"), ("how", "cluster")):
        table = table.append_column(column, pc.if_else(there, pa.scalar(value), none).dictionary_encode())
    return table.append_column("name", name.dictionary_encode())


def _bounds(info: str | Path | None) -> dict[str, float]:
    """By name the share that is right at least, where ``labels.json`` has one: ``bound``, of numbers or of what has such a number."""
    found = {}
    for name, said in ((read_json(info).get("bound") or {}) if info else {}).items():
        share = said.get("bound") if isinstance(said, dict) else said
        if isinstance(share, (int, float)) and np.isfinite(share):
            found[name] = float(share)
    return found
