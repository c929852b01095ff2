"""Evaluate clusterings against a truth and write what came out."""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from camtrap.core import files
from camtrap.core.categories import SHOWN
from camtrap.core.errors import UserError
from camtrap.evaluate import bootstrap, metrics
from camtrap.evaluate.labels import read_labels
from camtrap.evaluate.truth import Truth, from_column, from_pattern, match

PRIMARY, SUGGESTION = "cluster", "suggestion"
DEFAULTS = {"seed": 0, "resamples": 1000, "confidence": 0.95, "iou": 0.3, "label_pattern": None}
ENOUGH_SEEDS = 5
CROP_COLUMNS = ["crop_id", "image_id", "path", "x", "y", "w", "h", "burst", "label"]
IMAGE_COLUMNS = ["path", "image_id", "duplicate_of", "category", "burst"]


def evaluate(
    clusters: Path,
    crops: Path,
    truth: Path | None,
    params: Mapping,
    *,
    images: Path | None = None,
    seeds: Path | Sequence[np.ndarray] = (),
    out: Path | None = None,
) -> dict:
    """Score every clustering of a table against a truth.

    Parameters
    ----------
    clusters : path of a Parquet table
        ``crop_id`` and integer columns, each a clustering (-1 is noise); ``cluster`` is the primary one, and
        ``suggestion`` the cluster nearest to each of its noise crops.
    crops, images : paths of ``tables/crops.parquet`` and ``tables/images.parquet``
        ``images`` is needed for the shares of pictures found and kept, and lets rows about pictures without a crop match.
    truth : path of a label table (see :mod:`camtrap.evaluate.labels`), or None
        None takes labels from ``params["label_pattern"]`` (a regular expression with a group ``label``, searched in the
        path), else from the column ``label`` of ``crops``.
    params : mapping
        Any of :data:`DEFAULTS`: ``seed``, ``resamples``, ``confidence`` of the bootstrap over bursts; ``iou`` from which
        a crop shows a true box; ``label_pattern``.
    seeds : sequence of (n_rows of ``clusters``,) int arrays, or path of a Parquet table of crop_id and integer columns
        The same clustering with other seeds.
    out : folder, optional
        Where to write evaluation.json, confusion.parquet, confusion.csv, species.csv and truth_problems.csv.

    Returns
    -------
    dict
        What evaluation.json holds. Scored are clustered crops that show an animal by the truth and have a label.
        ``problem`` is one line if nothing could be scored (None otherwise): a bad truth does not end the run.
    """
    params = DEFAULTS | dict(params)
    crop_table = _read(crops, CROP_COLUMNS).sort_values("crop_id", ignore_index=True)
    image_table = _read(images, IMAGE_COLUMNS) if images is not None else None
    cluster_table = files.read_parquet(clusters).to_pandas()
    columns = _clusterings(cluster_table)
    seed_table = _seeds(seeds, cluster_table)
    result: dict = {
        "problem": None,
        "source": _source(truth, params),
        "params": {k: params[k] for k in sorted(DEFAULTS)},
    }
    try:
        known, notes = _truth(truth, params, crop_table, image_table)
    except (UserError, OSError) as error:
        known, notes = _nothing(len(crop_table)), []
        result["problem"] = str(error)

    order = crop_table["crop_id"].to_numpy(object)
    clustered = crop_table["crop_id"].isin(cluster_table["crop_id"]).to_numpy()
    aligned = cluster_table.set_index("crop_id").reindex(order)
    bursts = np.array([b if isinstance(b, str) else c for b, c in zip(crop_table["burst"], order, strict=True)], object)
    has_label = np.array([label is not None for label in known.labels], bool)
    scored = clustered & has_label & (known.categories == "animal")
    result |= {
        "truth": {"rows": known.counts, "labels_from": _tally(known.how), "notes": notes},
        "crops": {
            "all": len(order),
            "clustered": int(clustered.sum()),
            "scored": int(scored.sum()),
            "not_animal": _tally([c for c in known.categories[clustered] if c in SHOWN[1:]]),
            "without_label": int((clustered & ~has_label).sum()),
            "bursts": len(set(bursts[scored])),
            "species": len(set(known.labels[scored])),
        },
    }
    if not scored.any() and result["problem"] is None:
        result["problem"] = _why_nothing(known)
    labels, sample = known.labels[scored].astype(str), aligned[scored]
    options = {"bursts": bursts[scored], **{k: params[k] for k in ("resamples", "confidence", "seed")}}
    result["clusterings"] = {name: _score(labels, sample, name, options) for name in (columns if scored.any() else ())}
    primary = result["clusterings"].get(PRIMARY)
    result["metrics"] = {k: v["value"] for k, v in primary["scores"].items()} if primary else None
    species, classes = (
        metrics.recalled(labels, sample[PRIMARY].to_numpy(np.int64), options["bursts"]) if primary else ([], [])
    )
    result |= {"species": species, "abundance": classes}
    result["seeds"] = (
        _over_seeds(seed_table, labels, seed_table.reindex(order)[scored].to_numpy())
        if len(seed_table.columns)
        else None
    )
    result["pictures"] = _pictures(known, image_table, options) if image_table is not None else None
    result = _plain(result)
    if out is not None:
        _write(Path(out), result, known, aligned, clustered, bursts)
    return result


def describe(result: Mapping) -> str:
    """Return a few lines for a terminal: AMI over the detected animals, pictures found, empty pictures kept."""

    def show(score: Mapping) -> str:
        if score["low"] is None:
            return f"{score['value']:.3f}"
        return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"

    if result["problem"]:
        lines = [f"not evaluated: {result['problem']}"]
    else:
        scores, n = result["clusterings"][PRIMARY]["scores"], result["crops"]
        lines = [f"{n['scored']} crops of {n['species']} species in {n['bursts']} bursts"]
        lines += [
            f"{name.upper()} {show(scores[name])}" for name in ("ami", "ari") if scores[name]["value"] is not None
        ]
    for key, text in (("found", "pictures with animals found"), ("kept", "empty pictures kept")):
        share = (result.get("pictures") or {}).get(key)
        if share and share["value"] is not None:
            lines.append(f"{text}: {show(share)} of {share['n']}")
    return "\n".join(lines)


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    """Those of the columns that the table has."""
    there = set(files.open_parquet(path).schema_arrow.names)
    return files.read_parquet(path, columns=[name for name in columns if name in there]).to_pandas()


def _clusterings(table: pd.DataFrame) -> list[str]:
    names = [c for c in table.columns if pd.api.types.is_integer_dtype(table[c]) and c != SUGGESTION]
    if "crop_id" not in table or PRIMARY not in names:
        raise ValueError("the table of clusters needs a column crop_id and an integer column cluster")
    return [PRIMARY] + [name for name in names if name != PRIMARY]


def _seeds(seeds: Path | str | Sequence[np.ndarray], cluster_table: pd.DataFrame) -> pd.DataFrame:
    if isinstance(seeds, (str, Path)):
        table = files.read_parquet(seeds).to_pandas().set_index("crop_id")
        return table[[c for c in table.columns if pd.api.types.is_integer_dtype(table[c])]]
    for labels in seeds:
        if len(labels) != len(cluster_table):
            raise ValueError(f"a clustering of another seed has {len(labels)} crops, the table {len(cluster_table)}")
    return pd.DataFrame({str(i): np.asarray(s) for i, s in enumerate(seeds)}, index=cluster_table["crop_id"])


def _truth(
    truth: Path | None, params: Mapping, crops: pd.DataFrame, images: pd.DataFrame | None
) -> tuple[Truth, list[str]]:
    if truth is not None:
        table = read_labels(truth)
        return match(table, crops, images, params["iou"]), table.attrs["notes"]
    if params["label_pattern"]:
        return from_pattern(crops, params["label_pattern"]), []
    return from_column(crops), []


def _source(truth: Path | None, params: Mapping) -> dict:
    if truth is None:
        return {"pattern": params["label_pattern"]} if params["label_pattern"] else {"column": "label"}
    path = Path(truth)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    return {"table": path.name, "sha256": sha256}


def _nothing(n: int) -> Truth:
    nobody = np.full(n, None, object)
    return Truth(nobody, nobody, np.full(n, "no truth", object), {}, {}, [])


def _why_nothing(known: Truth) -> str:
    if known.problems and not known.counts.get("matched"):
        _, named, reason = known.problems[0]
        return f"no row of the truth matches a picture of this survey; the first: {named}: {reason}"
    return "no clustered crop shows an animal with a label in the truth"


def _score(labels: np.ndarray, sample: pd.DataFrame, name: str, options: dict) -> dict:
    """Scores of one clustering: the headline with intervals, and noise counted each way."""
    clusters = sample[name].to_numpy(np.int64)
    suggestion = sample[SUGGESTION].to_numpy(np.int64) if name == PRIMARY and SUGGESTION in sample else None
    noise = clusters < 0
    ways = [w for w in metrics.NOISE_WAYS if w != "nearest" or suggestion is not None]
    headline = "nearest" if suggestion is not None else "singletons"
    out: dict = {
        "clusters": len(set(clusters[~noise])),
        "noise": {"crops": int(noise.sum()), "share": float(noise.mean()), "counted_as": headline},
        "scores": bootstrap.intervals(labels, clusters, noise=headline, suggestion=suggestion, **options),
    }
    # Without noise the three ways are one; only the primary clustering is worth an interval for each of them.
    others = options | {"resamples": options["resamples"] if name == PRIMARY else 0}
    out["by_noise"] = {
        way: out["scores"]
        if way == headline or not noise.any()
        else bootstrap.intervals(labels, clusters, noise=way, suggestion=suggestion, **others)
        for way in ways
    }
    return out


def _over_seeds(table: pd.DataFrame, labels: np.ndarray, scored: np.ndarray) -> dict:
    runs = [metrics.score(labels, c.astype(np.int64)) for c in scored.T] if len(labels) else []
    arrays = [table[c].to_numpy() for c in table.columns]
    between = [metrics.ari_between(a, b) for i, a in enumerate(arrays) for b in arrays[:i]]
    return {
        "n": len(arrays),
        "enough": len(arrays) >= ENOUGH_SEEDS,
        "noise_counted_as": "singletons",
        "clusters": [len(set(a[a >= 0])) for a in arrays],
        "scores": {name: _spread([run[name] for run in runs]) for name in metrics.SCORES} if runs else None,
        "ari_between_seeds": _spread(between),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return dict.fromkeys(("mean", "min", "max"), math.nan)
    return {"mean": float(np.mean(values)), "min": float(np.min(values)), "max": float(np.max(values))}


def _pictures(known: Truth, images: pd.DataFrame, options: dict) -> dict:
    """Of the readable pictures whose category is known: of those with animals the share found, of the empty ones kept."""
    counting = images[images["category"].isin([*SHOWN, "failed"])]
    true = np.array([known.images.get(path) for path in counting["path"]], object)
    ours = counting["category"].to_numpy(object)
    bursts = np.array(
        [b if isinstance(b, str) else p for b, p in zip(counting["burst"], counting["path"], strict=True)]
    )
    options = {k: options[k] for k in ("resamples", "confidence", "seed")}
    readable = ours != "failed"
    animals, empty = (true == "animal") & readable, (true == "empty") & readable
    return {
        "found": bootstrap.share(ours[animals] == "animal", bursts[animals], **options) | {"n": int(animals.sum())},
        "kept": bootstrap.share(ours[empty] != "empty", bursts[empty], **options) | {"n": int(empty.sum())},
        "true_by_found": {t: _tally(ours[true == t]) for t in SHOWN if (true == t).any()},
    }


def _tally(values: Iterable) -> dict[str, int]:
    names, counts = np.unique(np.asarray(list(values), object).astype(str), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def _plain(value: Any) -> Any:
    """The same value as JSON has it: no NaN, no numpy types."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write(
    out: Path, result: dict, known: Truth, aligned: pd.DataFrame, clustered: np.ndarray, bursts: np.ndarray
) -> None:
    import pyarrow as pa

    frame = pd.DataFrame(
        {
            "cluster": aligned.loc[clustered, PRIMARY].to_numpy(np.int32),
            "label": [label or "" for label in known.labels[clustered]],
            "burst": bursts[clustered],
        }
    )
    long = frame.groupby(["cluster", "label"], as_index=False).agg(crops=("burst", "size"), bursts=("burst", "nunique"))
    schema = [("cluster", pa.int32()), ("label", pa.string()), ("crops", pa.int64()), ("bursts", pa.int64())]
    files.write_parquet(out / "confusion.parquet", pa.Table.from_pandas(long, pa.schema(schema), preserve_index=False))
    wide = long.pivot(index="cluster", columns="label", values="crops").fillna(0).astype(int)
    header = ["cluster", *(name or "(no label)" for name in wide.columns)]
    files.write_csv(
        out / "confusion.csv", header, ([i, *row] for i, row in zip(wide.index, wide.to_numpy(), strict=True))
    )
    names = ["label", "crops", "bursts", "abundance", "recalled", "most_common", "best_share"]
    files.write_csv(out / "species.csv", names, ([s[n] for n in names] for s in result["species"]))
    files.write_csv(out / "truth_problems.csv", ["line", "what", "reason"], known.problems)
    files.write_json(out / "evaluation.json", result)
