"""Read what the report shows from the results folder; nothing is computed here but joins."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from camtrap.core.files import read_json

NO_STATION = "station unknown"
_IMAGES = ["path", "station", "datetime", "latitude", "longitude", "category", "event", "clock"]
_CROPS = ["crop_id", "path", "category", "station", "datetime", "burst", "event", "infrared", "repeat", "clustered"]


@dataclass
class Survey:
    """All that the report is made of.

    ``images`` a row a picture that is still there (columns of docs/tables.md; ``datetime`` is null where the clock is not
    to be trusted). ``crops`` a row a crop, indexed by crop_id, with ``cluster`` (nullable; -1 noise), ``suggestion``.
    ``plane`` a row a clustered crop: umap_x, umap_y and the cluster by each method, or None where there is no UMAP.
    ``representatives`` cluster, role, rank, crop_id. ``confusion`` cluster, label, crops, or None without a truth.
    The other fields are the JSON files as they are, {} or None where there is none.
    """

    images: pd.DataFrame
    crops: pd.DataFrame
    plane: pd.DataFrame | None
    representatives: pd.DataFrame
    counts: dict
    failures: list[dict]
    reduced: dict
    choice: dict
    nuisance: dict
    projection: dict
    evaluation: dict | None
    confusion: pd.DataFrame | None
    matching: dict | None
    detector: dict
    embedder: dict
    names: dict[int, str]
    name_notes: list[str]
    figures: list[Path] = field(default_factory=list)


def gather(results: Path, model: str) -> Survey:
    """Read the results of one embedder.

    Parameters
    ----------
    results : Path
        The results folder.
    model : str
        Name of the folder below ``clusters/``.

    Raises
    ------
    FileNotFoundError
        A file that the report needs is missing. Evaluation, matching and figures may be.
    """
    results = Path(results)
    folder = results / "clusters" / model
    images, crops = _images(results), _crops(results, folder)
    crops.loc[crops["path"].isin(set(images.loc[images["clock"].notna(), "path"])), "datetime"] = pd.NaT
    images.loc[images["clock"].notna(), "datetime"] = pd.NaT
    confusion = folder / "evaluation" / "confusion.parquet"
    named = read_json(folder / "names.json")
    return Survey(
        images=images,
        crops=crops,
        plane=_plane(folder),
        representatives=pq.read_table(folder / "representatives.parquet")
        .to_pandas()
        .sort_values(["cluster", "role", "rank"], ignore_index=True),
        counts=read_json(results / "tables" / "counts.json"),
        failures=_failures(results / "tables" / "failures.csv"),
        reduced=read_json(folder / "reduced" / "info.json"),
        choice=read_json(folder / "choice.json"),
        nuisance=read_json(folder / "nuisance.json"),
        projection=read_json(folder / "project.json"),
        evaluation=_optional(folder / "evaluation" / "evaluation.json"),
        confusion=pq.read_table(confusion).to_pandas() if confusion.exists() else None,
        matching=_optional(results / "detections" / "split" / "matching.json"),
        detector=read_json(results / "models" / "detector.json"),
        embedder=read_json(results / "models" / f"{model}.json"),
        names={int(cluster): name for cluster, name in named["names"].items()},
        name_notes=named["notes"],
        figures=sorted((folder / "figures").glob("*.png")),
    )


def _images(results: Path) -> pd.DataFrame:
    images = pq.read_table(results / "tables" / "images.parquet", columns=_IMAGES).to_pandas()
    images = images[images["category"] != "removed"].reset_index(drop=True)
    return _typed(images)


def _crops(results: Path, folder: Path) -> pd.DataFrame:
    crops = _typed(pq.read_table(results / "tables" / "crops.parquet", columns=_CROPS).to_pandas())
    crops["infrared"] = crops["infrared"].astype("boolean")
    labels = pq.read_table(folder / "clusters.parquet", columns=["crop_id", "cluster", "suggestion"]).to_pandas()
    labels = labels.astype({"cluster": "Int32", "suggestion": "Int32"})
    return crops.merge(labels, on="crop_id", how="left").set_index("crop_id").sort_index()


def _plane(folder: Path) -> pd.DataFrame | None:
    table = folder / "project.parquet"
    if not table.exists():
        return None
    places = pq.read_table(table, columns=["crop_id", "umap_x", "umap_y"]).to_pandas().dropna()
    labels = pq.read_table(folder / "clusters.parquet").to_pandas()
    return places.merge(labels, on="crop_id").sort_values("crop_id", ignore_index=True) if len(places) else None


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """An all-null column keeps the type that it would have with values."""
    frame["datetime"] = pd.to_datetime(frame["datetime"])
    frame["station"] = frame["station"].astype("str").where(frame["station"].notna(), NO_STATION)
    return frame


def _optional(path: Path) -> dict | None:
    return read_json(path) if path.exists() else None


def _failures(path: Path) -> list[dict]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
