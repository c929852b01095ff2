"""What the page knows of a survey: one row per crop, numbers in arrays, read once."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camtrap.cluster.reduced import Reduced
from camtrap.core.files import read_json, read_parquet
from camtrap.review import fits
from camtrap.review.boxes import places
from camtrap.review.from_table import clusters_of
from camtrap.review.people import is_human
from camtrap.review.server import classified

__all__ = ["NOWHERE", "Survey"]

NOWHERE = np.iinfo(np.uint16).max  # the place of a crop that is not in the map
_SIDE = 65_000  # the map's side, in steps
_TEXT = ("shard", "station", "category", "burst")
_COLUMNS = ["crop_id", *_TEXT, "row", "datetime", "infrared", "conf", "x", "y", "w", "h"]


class Survey:
    """The crops of a survey, in the order of ``tables/crops.parquet``.

    Attributes
    ----------
    n : int
    crop_id : pyarrow.Array of n strings
    code : dict of str to int32 array (n,)
        Of shard, station, category and burst: which of ``listed``; -1 where there is none.
    listed : dict of str to list (``burst``: pyarrow.Array)
    row : int32 array (n,), in the shard
    when : datetime64[s] array (n,), NaT where unknown; ``hour`` uint8, 255 then
    infrared : bool array (n,)
    box : float32 array (n, 4); ``conf`` float32 (n,)
    cluster, probability : int32 and float32 arrays (n,)
        Of the clustering of now; -1 is in none. ``distance`` float32: to its mean.
    place : uint16 array (n, 2)
        In the map; :data:`NOWHERE` where it is not in it.
    vector : int64 array (n,)
        Its row in ``vectors``; -1 where it has none.
    called : dict of int to Called
        What another classifier calls a cluster (`classified`).
    """

    def __init__(self, results: str | os.PathLike, model: str | None = None):
        self.results = Path(results)
        clusters = clusters_of(results, model)
        self.folder = clusters.parent
        self.model = self.folder.name
        self._crops()
        self.fit = fits.of_results(clusters)
        self._found: tuple[pa.Array, np.ndarray] | None = None
        at = self._rows(self.fit.crop_id)
        self.cluster = np.full(self.n, -1, np.int32)
        self.probability = np.zeros(self.n, np.float32)
        self.cluster[at], self.probability[at] = self.fit.cluster, self.fit.probability
        self.distance = np.full(self.n, np.inf, np.float32)
        self.distance[at] = read_parquet(clusters, columns=["distance"])["distance"].to_numpy()
        self.by_distance = np.argsort(self.distance, kind="stable")
        self.groups = {int(k): str(v) for k, v in (read_json(self.folder / "choice.json").get("groups") or {}).items()}
        self._places()
        reduced = Reduced(self.folder / "reduced")
        self.vectors: np.ndarray = reduced.vectors()
        self.vector = np.full(self.n, -1, np.int64)
        ids = reduced.ids("crop_id")["crop_id"].combine_chunks()
        self.vector[self._rows(ids)] = np.arange(len(ids))
        self._found = None
        self._labels()
        called = classified.read(self.results / "export" / "suggestions.csv")
        at_crop = pc.index_in(pa.array([one.crop for one in called.values()], pa.string()), self.crop_id).to_pylist()
        self.called = {
            number: one
            for (number, one), row in zip(called.items(), at_crop, strict=True)
            if row is not None and self.cluster[row] == number
        }

    def _rows(self, ids: pa.Array) -> np.ndarray:
        """Where these crops are; the clusters, the map and the vectors mostly list the same ones, which are found once."""
        if self._found is None or not self._found[0].equals(ids):
            self._found = ids, places(ids, self.crop_id)
        return self._found[1]

    def _crops(self) -> None:
        table = read_parquet(self.results / "tables" / "crops.parquet", columns=_COLUMNS)
        self.n = table.num_rows
        self.crop_id: pa.Array = _whole(table["crop_id"])
        self.code: dict[str, np.ndarray] = {}
        self.listed: dict[str, Any] = {}
        for column in _TEXT:
            coded = _whole(table[column]).dictionary_encode()
            self.code[column] = pc.fill_null(coded.indices, -1).to_numpy().astype(np.int32)
            self.listed[column] = coded.dictionary if column == "burst" else coded.dictionary.to_pylist()
        self.row = table["row"].to_numpy()
        self.when = table["datetime"].to_numpy().astype("datetime64[s]")
        known = ~np.isnat(self.when)
        self.hour = np.full(self.n, 255, np.uint8)
        self.hour[known] = (self.when[known].astype(np.int64) // 3600) % 24
        self.infrared = pc.fill_null(table["infrared"], False).to_numpy()
        self.conf = table["conf"].to_numpy()
        self.box = np.stack([table[c].to_numpy() for c in "xywh"], 1)
        # a crop without a burst is one of its own
        alone = self.code["burst"] < 0
        self.burst = self.code["burst"].copy()
        self.burst[alone] = len(self.listed["burst"]) + np.arange(int(alone.sum()))
        category = [name.lower() for name in self.listed["category"]]
        people = np.array([is_human(name) for name in category] + [False])
        self.person: np.ndarray = people[self.code["category"]]

    def _places(self) -> None:
        self.place = np.full((self.n, 2), NOWHERE, np.uint16)
        path = self.folder / "project.parquet"
        if not path.exists():
            return
        table = read_parquet(path)
        which = next((w for w in ("umap", "tsne") if f"{w}_x" in table.column_names), None)
        if which is None:
            return
        xy = np.stack([table[f"{which}_{axis}"].to_numpy() for axis in "xy"], 1)
        there = np.isfinite(xy).all(1)
        if not there.any():
            return
        low, high = xy[there].min(0), xy[there].max(0)
        scaled = (xy[there] - low) / max(float((high - low).max()), 1e-9) * _SIDE
        rows = self._rows(table["crop_id"].combine_chunks())[there]
        self.place[rows] = scaled.astype(np.uint16)

    def _labels(self) -> None:
        """Names that the last run gave to new crops."""
        self.carried: pa.Array = pa.nulls(self.n, pa.string())
        path = self.results / "tables" / "labels.parquet"
        if path.exists():
            table = read_parquet(path, columns=["crop_id", "name", "decision"])
            table = table.filter(pc.and_(pc.is_valid(table["name"]), pc.is_null(table["decision"])))
            at = pc.index_in(self.crop_id, _whole(table["crop_id"]))
            self.carried = _whole(table["name"]).take(at)

    def vectors_of(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The vectors of those of these rows that have one: bool (m,), and float32 (k, d)."""
        there = self.vector[rows] >= 0
        at = self.vector[rows[there]]
        by = np.argsort(at, kind="stable")  # read from the disk in its order
        x = np.empty((len(at), self.vectors.shape[1]), np.float32)
        x[by] = self.vectors[at[by]]
        return there, x


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
