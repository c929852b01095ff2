"""Two-dimensional maps of the crops: t-SNE and UMAP coordinates (drawing is elsewhere)."""

import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa

from camtrap.cluster.compiled import keep_compiled
from camtrap.cluster.kmeans import every
from camtrap.cluster.reduced import Reduced
from camtrap.cluster.settings import fill
from camtrap.core import files

_PLACED_BY = 5  # neighbours whose median is the place of a crop outside the sample


def project(
    reduced_dir: str | Path,
    out: str | Path,
    params: dict | None = None,
    seed: int = 0,
    out_info: str | Path | None = None,
) -> dict:
    """Compute t-SNE and UMAP coordinates of the crops.

    Parameters
    ----------
    reduced_dir : path
    out : path
        Parquet: crop_id, tsne_x, tsne_y, umap_x, umap_y float32 (null where the method is not asked for), sampled bool.
    params : dict
        Section ``project`` of the settings.
    seed : int
    out_info : path, optional
        JSON: what is returned.

    Returns
    -------
    dict
        ``tsne``: kl, perplexity, iterations, converged (the divergence changed by less than 1 % over the last 50 iterations);
        ``switches``.

    Notes
    -----
    t-SNE by openTSNE (Poličar et al. 2024): PCA start, learning rate n/12 (Belkina et al. 2019). Above ``sample`` crops the
    coordinates are fitted on every m-th crop, and each other crop is placed at the median of its nearest sampled ones (the start of
    openTSNE's ``transform``). One thread: with more, both methods sum in another order each time.
    """
    params = fill("project", params)
    reduced = Reduced(reduced_dir)
    x = reduced.vectors()
    crop_id = reduced.ids("crop_id")["crop_id"]
    n = len(x)
    rows = every(n, params["sample"])
    sampled = np.zeros(n, bool)
    sampled[rows] = True
    info: dict = {"n": n, "sampled": len(rows), "switches": []}
    if len(rows) < n:
        info["switches"].append(
            {
                "what": "t-SNE and UMAP on a sample, the rest placed in it",
                "size": n,
                "limit": params["sample"],
                "reason": "their time",
            }
        )
    table = {"crop_id": crop_id}
    few = np.ascontiguousarray(x[rows], np.float32)
    rest = np.flatnonzero(~sampled)
    near = (
        [_nearest(x[part], few, _PLACED_BY)[0] for part in np.array_split(rest, len(rest) // 50_000 + 1)]
        if len(rest)
        else []
    )
    for method, embed in (("tsne", _tsne), ("umap", _umap)):
        xy = np.full((n, 2), np.nan, np.float32)
        if method in params["methods"] and n:
            xy[rows], info[method] = embed(few, params, seed)
            if near:
                xy[rest] = np.concatenate([np.median(xy[rows][index], 1) for index in near])
        for axis, column in zip("xy", xy.T, strict=True):
            table[f"{method}_{axis}"] = pa.array(column.astype(np.float32), from_pandas=True)
    table["sampled"] = sampled
    files.write_parquet(out, pa.table(table))
    if out_info is not None:
        files.write_json(out_info, info)
    return info


def _nearest(x: np.ndarray, among: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest rows of ``among`` for each row of ``x``: index and Euclidean distance, (n, k); exact."""
    import faiss

    index = faiss.IndexFlatL2(among.shape[1])
    index.add(among)
    square, found = index.search(np.ascontiguousarray(x, np.float32), k)
    return found, np.sqrt(np.maximum(square, 0))


def _own_nearest(few: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's k nearest other rows; a row's own place is dropped (or, where copies crowd it out, the last one)."""
    found, distance = _nearest(few, few, k + 1)
    own = found == np.arange(len(few))[:, None]
    own[~own.any(1), -1] = True
    return found[~own].reshape(len(few), k), distance[~own].reshape(len(few), k)


def _line(x: np.ndarray) -> np.ndarray:
    """Return coordinates for what cannot be embedded: a row of points."""
    return np.stack([np.arange(len(x), dtype=np.float32), np.zeros(len(x), np.float32)], 1)


def _is_too_few(few: np.ndarray) -> bool:
    """Whether there is nothing to embed: fewer than five crops, or copies of one (they have no first component)."""
    return len(few) < 5 or not np.ptp(few, axis=0).any()


def _tsne(few: np.ndarray, params: dict, seed: int) -> tuple[np.ndarray, dict]:
    if _is_too_few(few):
        return _line(few), {"kl": None, "perplexity": None, "iterations": 0, "converged": True}
    import openTSNE
    from openTSNE import affinity, initialization
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    perplexity = min(params["perplexity"], (len(few) - 1) / 3)
    index = PrecomputedNeighbors(*_own_nearest(few, min(len(few) - 1, int(3 * perplexity))))
    near = affinity.PerplexityBasedNN(knn_index=index, perplexity=perplexity, n_jobs=1)
    start = (
        initialization.pca(few, random_state=seed)
        if few.shape[1] > 1
        else initialization.random(few, random_state=seed)
    )
    embedding = openTSNE.TSNEEmbedding(start, near, random_state=seed, n_jobs=1)
    embedding.optimize(250, exaggeration=12, momentum=0.8, inplace=True)
    done, kl, converged = 0, None, False
    while done < params["iterations"] and not converged:
        embedding.optimize(50, momentum=0.8, inplace=True)
        done += 50
        last, kl = kl, float(embedding.kl_divergence)
        converged = last is not None and abs(last - kl) < 0.005 * abs(kl)
    info = {"kl": kl, "perplexity": perplexity, "iterations": 250 + done, "converged": converged}
    return np.asarray(embedding, np.float32), info


def _umap(few: np.ndarray, params: dict, seed: int) -> tuple[np.ndarray, dict]:
    if _is_too_few(few):
        return _line(few), {"neighbours": None}
    import umap

    keep_compiled()
    near = min(params["umap_neighbours"], len(few) - 1)
    index, distance = _own_nearest(few, near - 1)
    own = np.arange(len(few))[:, None]  # UMAP counts a row as its own first neighbour
    known = (np.hstack([own, index]), np.hstack([np.zeros(own.shape, np.float32), distance]), None)
    start = "spectral" if len(few) > 20 else "random"
    model = umap.UMAP(
        n_neighbors=near,
        min_dist=params["umap_min_dist"],
        random_state=seed,
        n_jobs=1,
        init=start,
        precomputed_knn=known if len(few) > 4_096 else (None, None, None),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that new points cannot be transformed; none are
        xy = model.fit_transform(few)
    return xy.astype(np.float32), {"neighbours": near}
