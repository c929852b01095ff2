"""The coarser and the finer layer beside the groups that are shown: how many there are, and what joins and divides."""

import os
from dataclasses import dataclass

import pandas as pd

from camtrap.core.files import open_parquet, read_parquet

_STRIP = 8  # groups of a layer that are shown by a crop
_LISTED = 12  # groups that join, or divide


@dataclass(frozen=True)
class Layer:
    """One way to divide the crops.

    Attributes
    ----------
    name : str
        ``coarse``, ``cluster`` or ``fine``.
    groups : int
        Without noise.
    largest : list of (crop_id, crops)
        The largest groups: the crop nearest to the middle of its cluster, and how many there are.
    """

    name: str
    groups: int
    largest: list[tuple[str, int]]


@dataclass(frozen=True)
class Layers:
    """The three layers side by side.

    Attributes
    ----------
    layers : list of Layer
        Coarser, as shown, finer.
    joined : list of (clusters, list of (crop_id, crops))
        Shown clusters that are one group in the coarser layer, the largest such group first.
    divided : list of (cluster, list of (crop_id, crops))
        Shown clusters that are several groups in the finer layer, the largest such cluster first.
    n_joined, n_divided : int
        So many there are in all.
    """

    layers: list[Layer]
    joined: list[tuple[list[int], list[tuple[str, int]]]]
    divided: list[tuple[int, list[tuple[str, int]]]]
    n_joined: int
    n_divided: int

    @property
    def shown(self) -> list[str]:
        """The crops whose pictures are needed."""
        found = [crop for layer in self.layers for crop, _ in layer.largest]
        return found + [crop for _, parts in (*self.joined, *self.divided) for crop, _ in parts]


def layers(clusters: str | os.PathLike) -> Layers | None:
    """The layers of ``clusters.parquet``; None where there are none, or where both are the groups that are shown."""
    wanted = ["crop_id", "cluster", "coarse", "fine", "distance"]
    if not set(wanted) <= set(open_parquet(clusters).schema_arrow.names):
        return None
    crops = read_parquet(clusters, columns=wanted).to_pandas()
    crops = crops[crops["cluster"] >= 0].sort_values(["distance", "crop_id"])
    if not len(crops):
        return None
    of = {name: _groups(crops, [name]) for name in ("coarse", "cluster", "fine")}
    if len(of["coarse"]) == len(of["cluster"]) == len(of["fine"]):
        return None
    joined = [part for _, part in _groups(crops, ["coarse", "cluster"]).groupby("coarse") if len(part) > 1]
    divided = [part for _, part in _groups(crops, ["cluster", "fine"]).groupby("cluster") if len(part) > 1]
    for parts in (joined, divided):
        parts.sort(key=lambda part: (-part["crops"].sum(), part["crop_id"].iloc[0]))
    return Layers(
        [Layer(name, len(table), _pairs(table[:_STRIP])) for name, table in of.items()],
        [(part["cluster"].astype(int).tolist(), _pairs(part[:_STRIP])) for part in joined[:_LISTED]],
        [(int(part["cluster"].iloc[0]), _pairs(part[:_STRIP])) for part in divided[:_LISTED]],
        len(joined),
        len(divided),
    )


def _groups(crops: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """One row per group, the largest first: its first crop and how many it has."""
    table = crops.groupby(by)["crop_id"].agg(crop_id="first", crops="size").reset_index()
    return table.sort_values(["crops", "crop_id"], ascending=[False, True], ignore_index=True)


def _pairs(table: pd.DataFrame) -> list[tuple[str, int]]:
    return list(zip(table["crop_id"].astype(str), table["crops"].astype(int).tolist(), strict=True))
