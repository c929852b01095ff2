"""Read what the report shows from the results folder; nothing is computed here but joins."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from camtrap.core.cells import records
from camtrap.core.files import read_json, read_parquet
from camtrap.export.species import Names, counted
from camtrap.report import pictures
from camtrap.report.pictures import Pictures, typed

_CROPS = ["crop_id", "path", "category", "station", "datetime", "burst", "event", "infrared", "repeat", "clustered"]


File = str | os.PathLike


@dataclass(frozen=True)
class Files:
    """The files that the report is made of, under the names of the inputs of rule report.

    ``crops`` are the files of all shards. ``figures`` and ``sheets`` are folders; sheets are not shown, but the page must not be
    older than they are. ``matching`` holds one file where the detections come from somebody else. ``seen`` is the folder of the
    figures of what was seen, ``labels`` what experts decided of each crop, ``label_info`` what is said of these labels; each
    where it is there.
    """

    images: File
    crops_table: File
    counts: File
    failures: File
    crops: Sequence[File]
    info: File
    choice: File
    clusters: File
    nuisance: File
    projection: File
    plane: File
    representatives: File
    sheets: File
    evaluation: File
    confusion: File
    figures: File
    names: File
    embedder: File
    detector: File
    matching: Sequence[File] = ()
    seen: File | None = None
    labels: File | None = None
    label_info: File | None = None


@dataclass
class Survey:
    """All that the report is made of.

    ``pictures`` are those that are still there, counted. ``crops`` one row per crop, indexed by crop_id (``datetime`` is null
    where the clock is not to be trusted), with ``cluster`` (nullable; -1 noise), ``suggestion``, and what
    was said of it or None: ``name``, ``state``, ``how``, ``who``, ``sure``.
    ``plane`` one row per clustered crop: umap_x, umap_y and the cluster by each method, or None where there is no UMAP.
    ``representatives`` cluster, role, rank, crop_id. ``confusion`` cluster, label ("" without one), crops.
    ``seen`` are the figures of what was seen (camtrap.export.figures), each with its ``path``.
    ``bounds``: of each name that passed its audit the share of its bursts that is right at least.
    The other fields are the JSON files as they are; ``matching`` is None where the detections are our own.
    """

    pictures: Pictures
    crops: pd.DataFrame
    plane: pd.DataFrame | None
    representatives: pd.DataFrame
    counts: dict
    failures: list[dict]
    reduced: dict
    choice: dict
    nuisance: dict
    projection: dict
    evaluation: dict
    confusion: pd.DataFrame
    matching: dict | None
    detector: dict
    embedder: dict
    names: dict[int, str]
    name_notes: list[str]
    figures: list[Path] = field(default_factory=list)
    seen: dict = field(default_factory=lambda: {"figures": [], "lacking": []})
    bounds: dict[str, float] = field(default_factory=dict)

    @property
    def timed(self) -> bool:
        """Whether any picture has a time to be trusted. Without one there are no visits, hours and days to speak of."""
        return bool(self.pictures.days["day"].notna().any())


def gather(files: Files) -> Survey:
    """Read the results of one embedder."""
    named = read_json(files.names)
    names = {int(cluster): name for cluster, name in named["names"].items()}
    counted_, crops = pictures.count(files.images), _crops(files.crops_table, files.clusters)
    crops = _said(crops, names, files.labels)
    crops.loc[crops["path"].isin(counted_.doubtful), "datetime"] = pd.NaT
    representatives = read_parquet(files.representatives).to_pandas()
    return Survey(
        pictures=counted_,
        crops=crops,
        plane=_plane(files.plane, files.clusters),
        representatives=representatives.sort_values(["cluster", "role", "rank"], ignore_index=True),
        counts=read_json(files.counts),
        failures=_failures(files.failures),
        reduced=read_json(files.info),
        choice=read_json(files.choice),
        nuisance=read_json(files.nuisance),
        projection=read_json(files.projection),
        evaluation=read_json(files.evaluation),
        confusion=read_parquet(files.confusion).to_pandas(),
        matching=read_json(files.matching[0]) if files.matching else None,
        detector=read_json(files.detector),
        embedder=read_json(files.embedder),
        names=names,
        name_notes=named["notes"],
        figures=sorted(Path(files.figures).glob("*.png")),
        seen=_seen(files.seen),
        bounds=_bounds(files.label_info),
    )


def _said(crops: pd.DataFrame, names: dict[int, str], labels: File | None) -> pd.DataFrame:
    """Add what was said of each crop: by experts' decisions, else by the name of its cluster."""
    if labels is not None:
        columns = ["crop_id", "name", "state", "how", "who", "sure"]
        said = read_parquet(labels, columns=columns).to_pandas().set_index("crop_id")
        crops = crops.join(said)
    else:
        crops["name"] = [names.get(cluster) if pd.notna(cluster) else None for cluster in crops["cluster"]]
        named = crops["name"].notna()
        crops["state"], crops["how"] = (pd.Series(word, crops.index).where(named) for word in ("named", "cluster"))
        crops["who"], crops["sure"] = None, float("nan")
    for column in ("name", "state", "how", "who"):
        crops[column] = crops[column].astype(object).where(crops[column].notna(), None)
    # equal names are one, however they are spelled
    species = Names(counted(crops["name"]), {})
    crops["name"] = [one.name if (one := species.of(name)) else None for name in crops["name"]]
    return crops


def _bounds(info: File | None) -> dict[str, float]:
    audited = {} if info is None else read_json(info).get("bound") or {}
    return {name: said["bound"] for name, said in audited.items() if said["bound"] is not None}


def _seen(folder: File | None) -> dict:
    if folder is None:
        return {"figures": [], "lacking": []}
    about = read_json(Path(folder) / "figures.json")
    figures = [{**figure, "path": Path(folder) / f"{figure['name']}.png"} for figure in about["figures"]]
    return {**about, "figures": figures}


def _crops(file: File, clusters: File) -> pd.DataFrame:
    crops = typed(read_parquet(file, columns=_CROPS).to_pandas())
    crops["infrared"] = crops["infrared"].astype("boolean")
    labels = read_parquet(clusters, columns=["crop_id", "cluster", "suggestion"]).to_pandas()
    labels = labels.astype({"cluster": "Int32", "suggestion": "Int32"})
    return crops.merge(labels, on="crop_id", how="left").set_index("crop_id").sort_index()


def _plane(file: File, clusters: File) -> pd.DataFrame | None:
    places = read_parquet(file, columns=["crop_id", "umap_x", "umap_y"]).to_pandas().dropna()
    labels = read_parquet(clusters).to_pandas()
    return places.merge(labels, on="crop_id").sort_values("crop_id", ignore_index=True) if len(places) else None


def _failures(file: File) -> list[dict]:
    with open(file, encoding="utf-8", newline="") as text:
        return list(records(text))
