"""Which figures a survey gets, each as PNG and SVG."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from camtrap.cluster.reduced import Reduced
from camtrap.cluster.scores import silhouette_samples
from camtrap.core.files import read_json, read_parquet, replacing_folder
from camtrap.show import plots

SILHOUETTE_CROPS = 10_000


def draw(crops: Path, clusters: Path, projection: Path, choice: Path, reduced: Path, out: Path) -> list[str]:
    """Draw all figures into the folder ``out`` (made anew) and return their names.

    Parameters
    ----------
    crops : Path
        ``tables/crops.parquet``.
    clusters, projection, choice, reduced : Path
        Below ``clusters/{model}``: clusters.parquet, project.parquet, choice.json and the folder reduced.

    Notes
    -----
    The silhouette diagram is that of every n-th crop where there are more than 10,000.
    """
    context = ["crop_id", "station", "infrared", "datetime", "event"]
    table = read_parquet(clusters).to_pandas().merge(read_parquet(crops, columns=context).to_pandas(), on="crop_id")
    table = table.merge(read_parquet(projection).to_pandas(), on="crop_id", how="left")
    chosen = read_json(choice)
    figures: dict[str, Figure] = {}
    for method, name in [("tsne", "t-SNE"), ("umap", "UMAP")]:
        if f"{method}_x" in table and len(table):
            figures |= _maps(table, method, name)
    scores = [{"method": method, **row} for method, sweep in chosen["sweeps"].items() for row in sweep["scores"]]
    if scores:
        picked = {method: sweep["k"] for method, sweep in chosen["sweeps"].items()}
        figures["sweep"] = plots.sweep(scores, picked)
    for method, metrics in chosen["methods"].items():
        rows = metrics.get("resolutions") or []
        if rows:
            taken = metrics.get("resolution")
            resolution, agreement, k = (
                np.array([row[key] for row in rows]) for key in ("resolution", "stability", "k")
            )
            figures[f"stability_{method}"] = plots.stability(resolution, agreement, k, taken)
        if metrics.get("cuts"):
            cuts = [{"method": method, **row} for row in metrics["cuts"]]
            figures[f"stability_{method}"] = plots.sweep(cuts, {method: metrics.get("cut")})
    if table["cluster"].nunique() > 1:
        vectors = Reduced(reduced).vectors()
        step = -(-len(vectors) // SILHOUETTE_CROPS)
        labels = read_parquet(clusters, columns=["cluster"])["cluster"].to_numpy()[::step]
        kept = labels >= 0
        labels, vectors = np.unique(labels[kept], return_inverse=True)[1], np.array(vectors[::step])[kept]
        figures["silhouette"] = plots.silhouette_diagram(silhouette_samples(vectors, labels), labels)
    timed = table[table["datetime"].notna() & (table["cluster"] >= 0)]
    # a visit counts once, however many pictures it has
    timed = timed.sort_values("datetime").drop_duplicates(["event", "cluster"])
    if len(timed):
        figures["hours"] = plots.hours(timed["datetime"].to_numpy(), timed["cluster"].to_numpy())
    with replacing_folder(out) as folder:
        for name, figure in figures.items():
            plots.save(figure, [folder / f"{name}.png", folder / f"{name}.svg"])
    return sorted(figures)


def _maps(table: pd.DataFrame, method: str, name: str) -> dict[str, Figure]:
    coords = table[[f"{method}_x", f"{method}_y"]].to_numpy(float)
    station = table["station"].astype(object).where(table["station"].notna(), None).to_numpy()
    night = np.where(table["infrared"], "night (infrared)", "day (colour)")
    return {
        f"{method}_cluster": plots.scatter(coords, table["cluster"].to_numpy(), "cluster", name=name),
        f"{method}_station": plots.scatter(coords, station, "station", name=name),
        f"{method}_night": plots.scatter(coords, night, "time", name=name),
    }
