"""From embeddings in shards to reduced vectors in one file: L2, PCA, L2."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from camtrap.cluster import embeddings, units
from camtrap.cluster.modes import NIGHT_AND_DAY, night_and_day
from camtrap.cluster.reduced import IDS, INFO, MEMBERS, MISSING, PCA, UNITS, VECTORS
from camtrap.cluster.scores import normalise
from camtrap.cluster.settings import fill
from camtrap.core import files

_DECIMALS = 5  # vectors are rounded, so that the order in which a computer sums cannot show in a label


def reduce(
    embedding_files: list[str | Path],
    crops: str | Path,
    out_dir: str | Path,
    params: dict | None = None,
) -> dict:
    """Reduce the embeddings of the clustered crops and gather them into units.

    Parameters
    ----------
    embedding_files : list of path
        ``embeddings/{model}/{shard}.parquet``.
    crops : path
        ``tables/crops.parquet``.
    out_dir : path
        Gets `camtrap.cluster.reduced.FILES`. ``vectors.npy`` float32 (n, d), rows sorted by crop_id; ``ids.parquet`` crop_id,
        burst, infrared, station, camera, batch, unit (int32); ``pca.npz`` mean (modes, D), components (d, D), variance (d,),
        total; ``units.npy`` float32 (n_units, d); ``units.parquet`` unit, crop_id (the medoid), n_crops; ``missing.csv``
        crop_id, reason; ``info.json``.
    params : dict
        Section ``reduce`` of the settings.

    Returns
    -------
    dict
        What ``info.json`` holds: n_crops, n_missing, n_units, n_bursts_split, dims, explained_variance, unit, space and
        ``switches``, a list of {what, size, limit, reason}. With ``centre: auto`` also night_and_day (`night_and_day`) and
        ``centred``, which is what was done: all or mode.

    Notes
    -----
    Memory: at most ``pca_sample`` raw embeddings and all reduced vectors.
    There is no chance in it: the sample of the PCA is every m-th crop by crop_id.
    The PCA's covariance and the projection are float64, the vectors are rounded to 5 decimals: labels do not depend on the
    order of the shards or the number of threads.
    """
    params = fill("reduce", params)
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    table = embeddings.clustered_crops(crops)
    paths = [Path(file) for file in embedding_files]
    switches: list[dict] = []
    if params["space"] == "raw":
        vectors, table, lost = _raw(paths, table, out_dir)
        model: dict = {}
    elif params["space"] == "pca":
        vectors, table, lost, model = _pca(paths, table, params, switches)
        files.write_npy(out_dir / VECTORS, vectors)
    else:
        raise ValueError(f"cluster.reduce.space: {params['space']!r} (known: pca, raw)")
    night = model.pop("night", None)
    with files.replacing(out_dir / PCA) as temporary, open(temporary, "wb") as file:
        np.savez(file, **model)

    unit, prototypes, medoids, n_split = units.gather(vectors, table["burst"], params)
    if unit is None or prototypes is None:  # every crop is its own unit
        unit = np.arange(len(vectors), dtype=np.int32)
        (out_dir / UNITS).unlink(missing_ok=True)
        os.link(out_dir / VECTORS, out_dir / UNITS)
    else:
        files.write_npy(out_dir / UNITS, prototypes)
    n_units = len(medoids)
    ids = table.drop(columns="shard").assign(unit=unit.astype(np.int32))
    files.write_parquet(out_dir / IDS, pa.Table.from_pandas(ids, preserve_index=False))
    files.write_parquet(
        out_dir / MEMBERS,
        pa.table(
            {
                "unit": np.arange(n_units, dtype=np.int32),
                "crop_id": table["crop_id"].to_numpy()[medoids],
                "n_crops": np.bincount(unit, minlength=n_units).astype(np.int32),
            }
        ),
    )
    files.write_csv(out_dir / MISSING, ["crop_id", "reason"], lost)
    info = {
        "n_crops": len(vectors),
        "n_missing": len(lost),
        "n_units": n_units,
        "n_bursts_split": n_split,
        "dims": int(vectors.shape[1]),
        "space": params["space"],
        "unit": params["unit"],
        "explained_variance": float(model["variance"].sum() / model["total"]) if model.get("total") else None,
        "switches": switches,
    }
    if night is not None:
        info |= {"night_and_day": round(night, 4), "centred": "mode" if night >= NIGHT_AND_DAY else "all"}
    files.write_json(out_dir / INFO, info)
    return info


def _drop(
    table: pd.DataFrame, found: np.ndarray, usable: np.ndarray, paths: list[Path]
) -> tuple[np.ndarray, pd.DataFrame, list[tuple[str, str]]]:
    """Return the positions that stay, the table of these, and what is missing."""
    lost = embeddings.missing(paths, table, found, usable)
    keep = np.flatnonzero(usable)
    return keep, table.iloc[keep].reset_index(drop=True), lost


def _raw(
    paths: list[Path], table: pd.DataFrame, out_dir: Path
) -> tuple[np.ndarray, pd.DataFrame, list[tuple[str, str]]]:
    """Write the embeddings as they are into ``vectors.npy``, in the order of crop_id."""
    n = len(table)
    found, usable = np.zeros(n, bool), np.zeros(n, bool)
    width = 0
    for place, matrix in embeddings.stream(paths, table):
        found[place] = True
        usable[place] = np.isfinite(matrix).all(1) & matrix.any(1)
        width = matrix.shape[1]
    keep, kept, lost = _drop(table, found, usable, paths)
    target = np.full(n, -1)
    target[keep] = np.arange(len(keep))
    if not len(keep):
        files.write_npy(out_dir / VECTORS, np.zeros((0, 0), np.float32))
        return np.load(out_dir / VECTORS), kept, lost
    with files.replacing(out_dir / VECTORS) as temporary:
        out = np.lib.format.open_memmap(temporary, "w+", np.float32, (len(keep), width))
        files.reserve(temporary)
        for place, matrix in embeddings.stream(paths, table):
            wanted = usable[place]
            out[target[place[wanted]]] = matrix[wanted]
        out.flush()
        del out
    return np.load(out_dir / VECTORS, mmap_mode="r"), kept, lost


def _pca(
    paths: list[Path], table: pd.DataFrame, params: dict, switches: list[dict]
) -> tuple[np.ndarray, pd.DataFrame, list[tuple[str, str]], dict]:
    """Fit the PCA on (a sample of) the crops, then project all of them."""
    n, limit = len(table), params["pca_sample"]
    chosen = np.arange(n) if n <= limit else (np.arange(limit) * n) // limit
    if n > limit:
        switches.append(
            {
                "what": "PCA on a sample",
                "size": n,
                "limit": limit,
                "reason": "the covariance of a sample gives the same axes at a fixed cost and memory",
            }
        )
    infrared = table["infrared"].fillna(False).to_numpy(bool).astype(int)
    mode = infrared if params["centre"] == "mode" else np.zeros(n, int)
    sample, found, usable = _collect(paths, table.iloc[chosen])
    sample, sample_mode = normalise(sample[usable]), mode[chosen][usable]
    model = fit_pca(sample, sample_mode, params["dims"])
    night: float | None = None
    if params["centre"] == "auto":
        night = night_and_day(project(sample, sample_mode, model), infrared[chosen][usable])
        if night >= NIGHT_AND_DAY:
            mode, sample_mode = infrared, infrared[chosen][usable]
            model = fit_pca(sample, sample_mode, params["dims"])
    vectors = np.zeros((n, len(model["components"])), np.float32)
    if n <= limit:
        vectors[usable] = project(sample, sample_mode, model, params["whiten"])
        all_found, all_usable = found, usable
    else:
        del sample
        all_found, all_usable = np.zeros(n, bool), np.zeros(n, bool)
        for place, matrix in embeddings.stream(paths, table):
            all_found[place] = True
            good = np.isfinite(matrix).all(1) & matrix.any(1)
            all_usable[place] = good
            place = place[good]
            vectors[place] = project(normalise(matrix[good].astype(np.float64)), mode[place], model, params["whiten"])
    keep, kept, lost = _drop(table, all_found, all_usable, paths)
    return (vectors if len(keep) == n else vectors[keep]), kept, lost, {**model, "night": night}


def _collect(paths: list[Path], part: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the raw embeddings of ``part`` as float32 (len(part), D), which were found, and which are usable."""
    where = np.full(int(part.index.max()) + 1 if len(part) else 0, -1)
    where[part.index] = np.arange(len(part))
    found, usable, out = np.zeros(len(part), bool), np.zeros(len(part), bool), None
    for place, matrix in embeddings.stream(paths, part):
        if out is None:
            out = np.zeros((len(part), matrix.shape[1]), np.float32)
        rows = where[place]
        out[rows] = matrix
        found[rows] = True
        usable[rows] = np.isfinite(matrix).all(1) & matrix.any(1)
    return (np.zeros((len(part), 0), np.float32) if out is None else out), found, usable


def fit_pca(x: np.ndarray, mode: np.ndarray, dims: int) -> dict:
    """Fit an exact PCA; the sign of each axis makes its largest entry positive.

    Parameters
    ----------
    x : array of shape (n, D)
    mode : int array of shape (n,)
        0, or 0 and 1: each mode's mean is subtracted apart.
    dims : int
        Axes to keep; fewer where the data's rank is lower.

    Returns
    -------
    dict
        mean (modes, D), components (d, D), variance (d,), float64; total, a float.
    """
    n, width = x.shape
    mean = np.zeros((int(mode.max(initial=0)) + 1, width))
    for m in range(len(mean)):
        if (mode == m).any():
            mean[m] = x[mode == m].mean(0, dtype=np.float64)
    if n < 2 or not width:
        return {"mean": mean, "components": np.zeros((min(1, width), width)), "variance": np.zeros(0), "total": 0.0}
    if n <= width:
        centred = x.astype(np.float64) - mean[mode]
        total = float((centred**2).sum() / n)
        _, s, axes = np.linalg.svd(centred, full_matrices=False)
        variance = s**2 / n
    else:
        import scipy.linalg

        covariance = np.zeros((width, width))
        for start in range(0, n, 4_096):
            part = x[start : start + 4_096].astype(np.float64) - mean[mode[start : start + 4_096]]
            covariance += part.T @ part
        covariance /= n
        total = float(np.trace(covariance))
        first = max(0, width - dims)
        variance, axes = scipy.linalg.eigh(covariance, subset_by_index=[first, width - 1], overwrite_a=True)
        variance, axes = variance[::-1], axes.T[::-1]
    rank = int((variance > 1e-10 * max(total, 1e-300)).sum())
    keep = max(1, min(dims, rank))
    variance, axes = np.maximum(variance[:keep], 0), axes[:keep]
    sign = np.sign(axes[np.arange(keep), np.abs(axes).argmax(1)])
    return {
        "mean": mean,
        "components": axes * np.where(sign == 0, 1, sign)[:, None],
        "variance": variance,
        "total": total,
    }


def project(x: np.ndarray, mode: np.ndarray, model: dict, whiten: bool = False) -> np.ndarray:
    """Project L2-normalised rows on the PCA's axes and normalise again: float32 (n, d), rounded to 5 decimals."""
    axes = model["components"].T
    if whiten and len(model["variance"]):
        axes = axes / np.sqrt(np.maximum(model["variance"], 1e-12))
    out = np.zeros((len(x), axes.shape[1]), np.float32)
    for start in range(0, len(x), 8_192):
        part = slice(start, start + 8_192)
        centred = x[part].astype(np.float64) - model["mean"][mode[part]]
        out[part] = np.round(normalise(centred @ axes), _DECIMALS)
    return out
