"""The nearest neighbours of each unit, by FAISS: all pairs, or an inverted file above a size."""

import json
from pathlib import Path

import numpy as np

from camtrap.cluster.kmeans import every
from camtrap.cluster.reduced import Reduced
from camtrap.cluster.scores import normalise
from camtrap.cluster.settings import fill
from camtrap.core import files


def neighbours(reduced_dir: str | Path, out: str | Path, params: dict | None = None, seed: int = 0) -> dict:
    """Find each unit's k nearest other units by cosine.

    Parameters
    ----------
    reduced_dir : path
    out : path
        ``.npz``: index int32 (n_units, k), -1 where there are fewer units; similarity float32 (n_units, k), cosine, descending.
    params : dict
        Section ``neighbours`` of the settings.
    seed : int

    Returns
    -------
    dict
        k, recall (against all pairs, of 1,000 units; None where all pairs were searched), switches.
    """
    params = fill("neighbours", params)
    x = normalise(Reduced(reduced_dir).units()).astype(np.float32)
    index, similarity, recall = search(x, params, seed)
    info: dict = {"k": int(index.shape[1]), "recall": recall, "switches": []}
    if recall is not None:
        info["switches"].append(
            {
                "what": "neighbours by an inverted file",
                "size": len(x),
                "limit": params["exact_up_to"],
                "reason": f"all pairs cost the square of the units; recall {recall:.3f} of 1,000 units",
            }
        )
    with files.replacing(out) as temporary, open(temporary, "wb") as file:
        np.savez(file, index=index, similarity=similarity, info=np.array(json.dumps(info)))
    return info


def search(x: np.ndarray, params: dict, seed: int) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Return index (n, k), similarity (n, k) and recall of the k nearest rows of ``x`` (rows of length 1)."""
    import faiss

    n, k = len(x), min(params["k"], max(len(x) - 1, 0))
    if k == 0:
        return np.zeros((n, 0), np.int32), np.zeros((n, 0), np.float32), None
    x = np.ascontiguousarray(x)
    flat = faiss.IndexFlatIP(x.shape[1])
    if n <= params["exact_up_to"]:
        flat.add(x)
        cosine, found = flat.search(x, k + 1)
        return *_without_self(cosine, found, np.arange(n)), None
    cells = min(n, int(4 * np.sqrt(n)))
    index = faiss.IndexIVFFlat(flat, x.shape[1], cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed, index.cp.niter = seed % 2**31, 8
    index.train(x[every(n, 40 * cells)])
    index.add(x)
    index.nprobe = params["probes"]
    cosine, found = index.search(x, k + 1)
    found, similarity = _without_self(cosine, found, np.arange(n))
    probe = every(n, 1_000)
    exact = faiss.IndexFlatIP(x.shape[1])
    exact.add(x)
    cosine, true = exact.search(x[probe], k + 1)
    true, _ = _without_self(cosine, true, probe)
    recall = float(np.mean([len(np.intersect1d(a, b)) / k for a, b in zip(found[probe], true, strict=True)]))
    return found, similarity, recall


def _without_self(similarity: np.ndarray, index: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop each row's own entry (or, where copies crowd it out, the last one); order by similarity, then by row."""
    n, k = index.shape
    own = index == rows[:, None]
    own[~own.any(1), -1] = True
    index, similarity = index[~own].reshape(n, k - 1), similarity[~own].reshape(n, k - 1)
    order = np.lexsort((index, -similarity), axis=1)
    take = np.take_along_axis
    return take(index, order, 1).astype(np.int32), take(similarity, order, 1).astype(np.float32)


def read(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Return index and similarity of a file of :func:`neighbours`."""
    with np.load(path, allow_pickle=False) as file:
        return file["index"], file["similarity"]
