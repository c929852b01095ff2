"""From the fitted clusterings to a choice, and from units back to crops."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from camtrap.cluster import fits, layers, scores, verdict
from camtrap.cluster import neighbours as nn
from camtrap.cluster.assign import Known, compact, most_common, nested, settle
from camtrap.cluster.reduced import Reduced
from camtrap.cluster.settings import fill
from camtrap.core import files


def choose(
    reduced_dir: str | Path,
    neighbours: str | Path,
    sweep_files: list[str | Path],
    method_files: list[str | Path],
    out_choice: str | Path,
    out_clusters: str | Path,
    params: dict | None = None,
    known: Known | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> dict:
    """Choose k for each sweep and the primary clustering; carry the labels to the crops.

    Parameters
    ----------
    reduced_dir, neighbours : path
    sweep_files : list of path
        Of `fit.fit_sweep`.
    method_files : list of path
        Of `fit.fit_method`.
    out_choice : path
        JSON: ``primary``, ``reason`` (a sentence), ``k``, ``noise``, ``sweeps`` {method: {k, reason, criterion, scores: [{k, silhouette,
        bic, …}]}}, ``methods`` {method: metrics}, ``switches``.
    out_clusters : path
        Parquet, one row per crop, sorted by crop_id: crop_id; cluster int32 (0… by size descending, then by smallest crop_id; -1 noise);
        probability float32; distance float32 to the cluster's mean (for noise: to the suggested one's); suggestion int32
        (nearest cluster for noise, else the cluster); coarse, fine int32; a column int32 for each method.
    params : dict
        Section ``choose`` of the settings.
    known : Known, optional
        What experts said of the crops, in the order of ``reduced/ids.parquet``: the named groups are the first clusters then, and
        only the rest is clustered (`assign.settle`). ``choice.json`` has their names, ``groups``.
    settings : mapping, optional
        Section ``cluster``, and ``seed``: for the rest.

    Returns
    -------
    dict
        What ``out_choice`` holds.
    """
    params = fill("choose", params)
    reduced = Reduced(reduced_dir)
    ids = reduced.ids("crop_id", "unit")
    unit = ids["unit"].to_numpy()
    units = reduced.units()
    near = nn.read(neighbours)

    sweeps: dict[str, list[fits.Fit]] = {}
    for file in sweep_files:
        fit = fits.read(file)
        sweeps.setdefault(fit.method, []).append(fit)
    picked, report = {}, {}
    for method, group in sorted(sweeps.items()):
        group.sort(key=lambda fit: fit.metrics["k"])
        best, verdict_ = verdict.choose_k([fit.metrics for fit in group], params["criterion"])
        picked[method], report[method] = group[best], verdict_
    for file in method_files:
        fit = fits.read(file)
        picked[fit.method] = fit
    primary, reason = verdict.choose_primary({m: {**f.metrics, "k": f.k} for m, f in picked.items()}, params["primary"])
    fit = picked[primary]

    labels = {m: number(f.labels[unit], len(unit)) for m, f in picked.items()}
    main = labels[primary]
    probability = fit.probability if fit.probability is not None else layers.membership(near, fit.labels)
    of_crop = probability[unit].astype(np.float32)
    if known is not None:
        main, sure, counts = settle(units, unit, known, primary, settings or {}, seed)
        reason = f"{primary}: {_stays(counts, len(known.names))}"
        of_unit = most_common(main, unit, len(units)).astype(np.int32)
        fit = fits.Fit(primary, compact(of_unit), fit.centres, fit.metrics)
        of_crop = np.where(main < len(known.names), sure, layers.membership(near, of_unit)[unit]).astype(np.float32)
    if {"coarse", "fine"} <= fit.layers.keys():
        coarse, fine = fit.layers["coarse"], fit.layers["fine"]
    else:
        coarse, fine = layers.layers(units, fit, params)
    coarse, fine = coarse[unit], fine[unit]
    if known is not None:
        coarse, fine = (nested(layer, main, of_unit[unit]) for layer in (coarse, fine))
    vectors = reduced.vectors()
    distance, suggestion = _distances(vectors, main)
    table = {
        "crop_id": ids["crop_id"],
        "cluster": main,
        "probability": of_crop,
        "distance": distance,
        "suggestion": suggestion,
        "coarse": number(coarse, len(unit)),
        "fine": number(fine, len(unit)),
    }
    table |= {method: labels[method] for method in sorted(labels)}
    files.write_parquet(out_clusters, pa.table(table))
    result = {
        "primary": primary,
        "reason": reason,
        "k": int(main.max(initial=-1)) + 1,
        "noise": int((main < 0).sum()),
        "sweeps": report,
        "methods": {m: {**f.metrics, "k": f.k} for m, f in sorted(picked.items())},
        "switches": {m: f.metrics["switches"] for m, f in sorted(picked.items()) if f.metrics.get("switches")},
    }
    if known is not None:
        result["groups"] = {str(number_): name for number_, name in enumerate(known.names)}
    files.write_json(out_choice, result)
    return result


def _stays(counts: Mapping[str, int], names: int) -> str:
    groups = f"{names} named group{'s' * (names != 1)} stay{'s' * (names == 1)} as decided ({counts['said']:,} crops)"
    new = (
        f"{counts['assigned']:,} new crops were assigned to them" if counts["assigned"] else "no new crop was assigned"
    )
    return f"{groups}; {new}; the other {counts['rest']:,} crops were clustered by themselves into {counts['clusters']}"


def number(labels: np.ndarray, n: int) -> np.ndarray:
    """Return the labels renumbered by size, descending, then by first row; -1 stays. int32 (n,)."""
    kept = labels >= 0
    names, first, inverse, count = np.unique(labels[kept], return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(names), np.int32)
    rank[np.lexsort((first, -count))] = np.arange(len(names))
    out = np.full(n, -1, np.int32)
    out[kept] = rank[inverse]
    return out


def _distances(vectors: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each crop's distance to its cluster's mean and its cluster; for noise those of the nearest cluster."""
    n, k = len(vectors), int(labels.max(initial=-1)) + 1
    if not k:
        return np.zeros(n, np.float32), np.full(n, -1, np.int32)
    kept = np.flatnonzero(labels >= 0)
    centres, _ = scores.means(vectors if len(kept) == n else vectors[kept], labels[kept], k)
    distance, suggestion = np.zeros(n, np.float32), labels.astype(np.int32).copy()
    square = (centres**2).sum(1)
    for start in range(0, n, 16_384):
        part = slice(start, start + 16_384)
        x = np.asarray(vectors[part], np.float32)
        own = suggestion[part]
        lost = own < 0
        if lost.any():
            own[lost] = (square - 2 * x[lost] @ centres.T).argmin(1)
        distance[part] = np.sqrt(((x - centres[own]) ** 2).sum(1))
    return distance, suggestion
