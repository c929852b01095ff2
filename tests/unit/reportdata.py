"""Surveys as the pipeline leaves them, of so few rows that all can be worked out by hand, and what a page says of them."""

import io
import json
from html.parser import HTMLParser

import numpy as np
import pandas as pd
from PIL import Image

from camtrap.report import build, words
from camtrap.report.gather import Files

MODEL = "net"
SHARD = "card-00000-aaaaaaaa"
NASTY = "<script>alert(1)</script>"
NASTY_FILE = "card/\"quoted\" 'it'\n<img src=x onerror=alert(2)>&amp;.jpg"
CONFIG = {"report": {"title": "Yasuní <2024>"}, "seed": 7, "results": "/somewhere", "images": f"/{NASTY}"}
IMAGE_COLUMNS = ["path", "station", "datetime", "latitude", "longitude", "category", "event", "clock"]


class Page(HTMLParser):
    """What a browser would make of the page: tags with attributes, the text, and the texts of scripts."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.scripts, self._open = [], "", [], []
        self.feed(html)
        self.ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if self._open[-1:] == ["script"]:
            self.scripts.append(data)
        elif self._open[-1:] != ["style"]:
            self.text += data

    def all(self, name, **wanted):
        return [a for tag, a in self.tags if tag == name and wanted.items() <= a.items()]


def picture(path, category, station="A", time=None, event=None, clock=None, place=(None, None)):
    return dict(zip(IMAGE_COLUMNS, (path, station, time, *place, category, event, clock), strict=True))


def crop(number, path, cluster, station="A", time=None, burst=None, event=None, infrared=False, suggestion=None):
    return {
        "crop_id": f"{number:04d}",
        "path": path,
        "station": station,
        "datetime": time,
        "burst": burst or f"b{number}",
        "event": event or f"e{number}",
        "infrared": infrared,
        "cluster": cluster,
        "suggestion": cluster if suggestion is None else suggestion,
    }


def write(
    folder, images, crops, failures=(), confusion=None, switches=(), representatives=None, names=None, name_notes=()
):
    """A results folder as the pipeline leaves it, of so many rows that all can be worked out by hand."""
    results, cluster_folder = folder / "results", folder / "results" / "clusters" / MODEL
    for sub in ("tables", "crops", "models", f"clusters/{MODEL}/reduced", f"clusters/{MODEL}/evaluation"):
        (results / sub).mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(images, columns=IMAGE_COLUMNS).astype({"datetime": "datetime64[us]"})
    table.astype({"latitude": float, "longitude": float}).to_parquet(results / "tables" / "images.parquet")
    columns = ["crop_id", "path", "station", "datetime", "burst", "event", "infrared", "cluster", "suggestion"]
    rows = pd.DataFrame(crops, columns=columns).astype({"datetime": "datetime64[us]", "infrared": bool})
    rows = rows.assign(shard=SHARD, row=np.arange(len(rows), dtype="int32"), category="animal", repeat=False)
    rows["clustered"] = True
    text = ["crop_id", "path", "station", "burst", "event", "shard", "category"]
    rows = rows.astype(dict.fromkeys(text, "string"))
    rows.drop(columns=["cluster", "suggestion"]).to_parquet(results / "tables" / "crops.parquet")
    rows["image"] = [jpeg(number) for number in range(len(rows))]
    rows[["crop_id", "image"]].to_parquet(results / "crops" / f"{SHARD}.parquet")
    labels = rows[["crop_id", "cluster", "suggestion"]].astype({"cluster": "int32", "suggestion": "int32"})
    labels["leiden"] = labels["cluster"]
    labels.to_parquet(cluster_folder / "clusters.parquet")
    places = np.random.default_rng(0).normal(size=(len(rows), 2)).astype("float32") + labels[["cluster"]].to_numpy(
        "float32"
    )
    plane = pd.DataFrame(places, columns=["umap_x", "umap_y"]).assign(crop_id=rows["crop_id"].to_numpy())
    plane.to_parquet(cluster_folder / "project.parquet")
    if representatives is None:
        representatives = [
            (name, role, rank, crop_id)
            for name, part in labels.groupby("cluster")
            for role in ("nearest", "spread", "outlier")
            for rank, crop_id in enumerate(part["crop_id"][:4])
        ]
    chosen = pd.DataFrame(representatives, columns=["cluster", "role", "rank", "crop_id"])
    chosen.astype({"cluster": "int32", "rank": "int32"}).to_parquet(cluster_folder / "representatives.parquet")
    k, noise = int(labels["cluster"].max()) + 1 if len(labels) else 0, int((labels["cluster"] < 0).sum())
    category = table["category"].value_counts()
    counts = {
        "found": int((table["category"] != "removed").sum()),
        "categories": {name: int(category.get(name, 0)) for name in words.CATEGORIES},
        "removed": int(category.get("removed", 0)),
        "damaged": 0,
        "videos": 0,
        "repeat_detections": 0,
        "bursts": 3,
        "events": 3,
        "crops": len(rows),
        "clustered": len(rows),
        "stations": int(table["station"].nunique()),
    }
    reduced = {"n_crops": len(rows), "n_missing": 0, "n_units": len(rows), "dims": 2, "unit": "burst"}
    evaluation = {"problem": None, "source": {"column": "label"}, "clusterings": {}, "metrics": None}
    if confusion is not None:
        evaluation |= {"source": {"table": "t.csv"}, "metrics": {"ami": 0.75}}
    scores = [{"k": 2, "silhouette": 0.25, "bic": -120034.5}, {"k": 3, "silhouette": None, "bic": -9.5}]
    sweep = {"k": 2, "reason": "k = 2 has the highest silhouette", "scores": scores}
    files = {
        "tables/counts.json": counts,
        f"clusters/{MODEL}/reduced/info.json": reduced | {"explained_variance": 0.5, "switches": list(switches)},
        f"clusters/{MODEL}/choice.json": {
            "primary": "leiden",
            "reason": "leiden: a plateau",
            "k": k,
            "noise": noise,
            "switches": {},
            "sweeps": {"kmeans": sweep},
            "methods": {"leiden": {"k": k, "silhouette": 0.125}},
        },
        f"clusters/{MODEL}/evaluation/evaluation.json": evaluation | {"pictures": None, "seeds": None, "species": []},
        f"clusters/{MODEL}/names.json": {"names": names or {}, "notes": list(name_notes), "given": []},
        f"clusters/{MODEL}/nuisance.json": {"station": {"ami": 0.61, "values": 2, "crops": len(rows)}},
        f"clusters/{MODEL}/project.json": {"switches": []},
        "models/detector.json": {"backend": "motion", "model": None, "sha256": None},
        f"models/{MODEL}.json": {
            "model": "efficientnet",
            "library": "timm",
            "source": "x",
            "licence": "y",
            "sha256": "f" * 64,
        },
    }
    table = pd.DataFrame(confusion or (), columns=["cluster", "label", "crops"])
    table.to_parquet(cluster_folder / "evaluation" / "confusion.parquet")
    for name, value in files.items():
        (results / name).write_text(json.dumps(value))
    table = pd.DataFrame(failures, columns=["path", "stage", "status", "reason"])
    table.to_csv(results / "tables" / "failures.csv", index=False)
    return results


def jpeg(number):
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), (number % 250, 80, 90)).save(buffer, "JPEG")
    return buffer.getvalue()


def png():
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(buffer, "PNG")
    return buffer.getvalue()


def files(results, **more):
    """The files of a results folder, under the names of the rule's inputs."""
    clusters = results / "clusters" / MODEL
    return Files(
        images=results / "tables" / "images.parquet",
        crops_table=results / "tables" / "crops.parquet",
        counts=results / "tables" / "counts.json",
        failures=results / "tables" / "failures.csv",
        crops=sorted((results / "crops").iterdir()),
        info=clusters / "reduced" / "info.json",
        choice=clusters / "choice.json",
        clusters=clusters / "clusters.parquet",
        nuisance=clusters / "nuisance.json",
        projection=clusters / "project.json",
        plane=clusters / "project.parquet",
        representatives=clusters / "representatives.parquet",
        sheets=clusters / "sheets",
        evaluation=clusters / "evaluation" / "evaluation.json",
        confusion=clusters / "evaluation" / "confusion.parquet",
        figures=clusters / "figures",
        names=clusters / "names.json",
        embedder=results / "models" / f"{MODEL}.json",
        detector=results / "models" / "detector.json",
        **more,
    )


def make(results, labels=None, label_info=None, seen=None, **options):
    out = results / "report"
    summary = build(
        files(results, labels=labels, label_info=label_info, seen=seen),
        MODEL,
        CONFIG,
        out / "report.html",
        out / "summary.json",
        **options,
    )
    return (out / "report.html").read_text(encoding="utf-8"), summary


def hostile(folder):
    """9 pictures, 5 crops in 2 clusters and noise, every name as bad as it can be."""
    noon, night = pd.Timestamp("2024-05-01 12:30"), pd.Timestamp("2024-06-03 23:59")
    images = [
        picture(NASTY_FILE, "animal", NASTY, noon, "e1", place=(-0.6, -76.1)),
        picture("card/2.jpg", "animal", NASTY, noon, "e1", place=(-0.6, -76.1)),
        picture("card/3.jpg", "animal", "B & C", night, "e2", place=(-0.7, -76.2)),
        picture("card/4.jpg", "person", "B & C", pd.Timestamp("1970-01-01"), clock="epoch", place=(-0.7, -76.2)),
        *(picture(f"card/empty{n}.jpg", "empty", NASTY, noon, place=(-0.6, -76.1)) for n in range(2)),
        picture("card/bad.jpg", "failed", None),
        picture("card/copy.jpg", "duplicate", NASTY, noon),
        picture("card/gone.jpg", "removed", NASTY, noon),
    ]
    crops = [
        crop(1, NASTY_FILE, 0, NASTY, noon, "b1", "e1"),
        crop(2, "card/2.jpg", 0, NASTY, noon, "b1", "e1"),
        crop(3, "card/2.jpg", 0, NASTY, noon, "b2", "e1"),
        crop(4, "card/3.jpg", 1, "B & C", night, "b3", "e2", infrared=True),
        crop(5, "card/3.jpg", -1, "B & C", night, "b3", "e2", infrared=True, suggestion=1),
    ]
    failures = [("card/bad.jpg", "index", "failed", f"not a picture: {NASTY}")]
    confusion = [(0, "<b>deer</b>", 2), (0, "", 1), (1, "ocelot", 1)]
    return write(folder, images, crops, failures, confusion)
