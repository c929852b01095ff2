"""Put the report together: gather, compute, render, write."""

import datetime
import importlib.metadata
import json
import platform
from pathlib import Path

import yaml

from camtrap.core.files import write_json, write_text
from camtrap.export.registry import EXPORTS
from camtrap.report import charts, facts, figures, layers, left_out, page, thumbnails, words
from camtrap.report.gather import Files, Survey, gather

SHOWN_FAILURES = 200
SHOWN_PLACES = 100
PACKAGES = (
    *(
        "numpy",
        "scipy",
        "pandas",
        "pyarrow",
        "scikit-learn",
        "faiss-cpu",
        "openTSNE",
        "umap-learn",
        "torch",
        "torchvision",
    ),
    *("timm", "onnxruntime", "ncnn", "megadetector", "pillow", "simplejpeg", "opencv-python-headless", "snakemake"),
)
# Where things lie, and a sheet that is drawn beside the report, say nothing of what came out.
NOT_SHOWN = ("results", "cache", "preview")


def build(
    files: Files, model: str, config: dict, out_html: Path, out_summary: Path, versions: dict[str, str] | None = None
) -> dict:
    """Write the report of one embedder's clusters.

    Parameters
    ----------
    files : Files
        What the page is made of.
    model : str
        Name of the folder below ``clusters/``.
    config : dict
        The whole configuration; shown as it is, except :data:`NOT_SHOWN`. ``report.title`` is the title.
    out_html : Path
        One page that loads nothing. All of it but the line with ``<time id="made">`` depends on the results only.
    out_summary : Path
        JSON of the same figures: counts (pictures by category), n_images, n_crops, k, metrics (against a truth, else
        None), clusters (sizes, by number), names (of named clusters, by number), noise, reason, nuisance, pictures, failures, model.
    versions : dict, optional
        Packages and versions; those of this environment by default.

    Returns
    -------
    dict
        What ``out_summary`` holds.
    """
    survey = gather(files)
    clusters = facts.clusters(survey)
    figures_ = figures.arrange(survey.figures)
    bands = thumbnails.bands(survey.representatives, {row["cluster"]: row["crops"] for row in clusters})
    ids = sorted({crop for roles in bands.values() for crop_ids in roles.values() for crop in crop_ids})
    places = left_out.places(files.crops_table)
    ids += [crop for place in places[:SHOWN_PLACES] for crop in place.shown]
    layered = layers.layers(files.clusters)
    ids += layered.shown if layered else []
    stations = facts.stations(survey)
    summary = summarise(survey, clusters, model)
    plain = json.loads(json.dumps({key: value for key, value in config.items() if key not in NOT_SHOWN}, default=str))
    html = page.render(
        title=config.get("report", {}).get("title") or "Camera-trap survey",
        made=datetime.datetime.now().astimezone(),
        survey=survey,
        summary=summary,
        clusters=clusters,
        said=facts.said(survey.crops[survey.crops["cluster"].notna() | survey.crops["state"].notna()]),
        species=facts.species(survey),
        seen=[{**figure, **thumbnails.figure(figure["path"])} for figure in survey.seen["figures"]],
        methods=facts.methods(survey),
        judged=judged(survey),
        bands=bands,
        crops=thumbnails.crops(files.crops_table, files.crops, list(dict.fromkeys(ids))),
        layers=layered,
        left_out=places[:SHOWN_PLACES],
        stations=stations,
        clocks=facts.clocks(survey),
        timeline=charts.timeline(stations),
        map=charts.station_map(stations),
        figures=figures_,
        failures=survey.failures[:SHOWN_FAILURES],
        versions=installed() if versions is None else versions,
        config=yaml.safe_dump(plain, sort_keys=True, allow_unicode=True, default_flow_style=False),
        exports=EXPORTS,
        model=model,
        config_seed=config.get("seed"),
        words=words,
        charts=charts,
    )
    write_text(out_html, html)
    write_json(out_summary, summary)
    return summary


def summarise(survey: Survey, clusters: list[dict], model: str) -> dict:
    """Return the figures of the page as plain data."""
    pictures = survey.evaluation["pictures"] or {}
    return {
        "counts": survey.counts["categories"],
        "n_images": survey.counts["found"],
        "n_crops": survey.counts["crops"],
        "k": survey.choice["k"],
        "metrics": survey.evaluation["metrics"],
        "pictures": {key: pictures[key]["value"] for key in ("found", "kept") if key in pictures} or None,
        "primary": survey.choice["primary"],
        "reason": survey.choice["reason"],
        "clusters": [row["crops"] for row in clusters if row["cluster"] >= 0],
        "names": {str(cluster): name for cluster, name in survey.names.items()},
        "noise": survey.choice["noise"],
        "clustered": int(survey.crops["cluster"].notna().sum()),
        "bursts": survey.counts["bursts"],
        "events": survey.counts["events"],
        "stations": survey.counts["stations"],
        "removed": survey.counts["removed"],
        "failures": len(survey.failures),
        "nuisance": {name: found["ami"] for name, found in survey.nuisance.items()},
        "model": model,
        "weights": {"detector": survey.detector.get("sha256"), "embedder": survey.embedder.get("sha256")},
    }


def judged(survey: Survey) -> bool:
    """Is there anything to say of a truth? A survey without labels was evaluated, too, but nobody asked for it."""
    result = survey.evaluation
    return bool(result["clusterings"]) or "column" not in result["source"]


def installed() -> dict[str, str]:
    """Versions of Python and of the packages that shape results, those that are there."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
