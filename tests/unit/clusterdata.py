"""Small embeddings on disk for the clustering tests."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def blobs(sizes=(40, 30, 20), dims=32, spread=0.25, seed=0):
    """Return (x, y): unit-length centres with Gaussian noise; the kinds are mixed."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=(len(sizes), dims))
    centre /= np.linalg.norm(centre, axis=1, keepdims=True)
    y = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    x = centre[y] + spread * rng.normal(size=(len(y), dims)) / np.sqrt(dims)
    return x.astype(np.float32), y


def survey(folder, x, shards=3, seed=0, drop=(), dtype=np.float32, **columns):
    """Write embeddings/*.parquet and crops.parquet; return (files, crops). ``drop``: rows without an embedding."""
    rng = np.random.default_rng(seed)
    n = len(x)
    ids = np.array([f"{i:06d}-crop" for i in range(n)], dtype=str)
    shard = rng.integers(0, shards, n)
    folder.mkdir(parents=True, exist_ok=True)
    files, row = [], np.zeros(n, np.int32)
    for s in range(shards):
        members = rng.permutation(np.flatnonzero(shard == s))
        row[members] = np.arange(len(members))
        members = members[~np.isin(members, list(drop))]
        file = folder / f"shard{s}.parquet"
        values = pa.FixedSizeListArray.from_arrays(pa.array(x[members].astype(dtype).ravel()), x.shape[1])
        pq.write_table(pa.table({"crop_id": pa.array(ids[members].tolist(), pa.string()), "embedding": values}), file)
        files.append(file)
    table = {
        "crop_id": pa.array(ids.tolist(), pa.string()),
        "shard": pa.array([f"shard{s}" for s in shard], pa.string()),
        "row": row,
        "burst": pa.array([f"b{i}" for i in range(n)], pa.string()),
        "infrared": np.zeros(n, bool),
        "station": pa.array(["A"] * n, pa.string()),
        "camera": pa.array(["c"] * n, pa.string()),
        "batch": pa.array(["card"] * n, pa.string()),
        "clustered": np.ones(n, bool),
    }
    pq.write_table(pa.table({**table, **columns}), folder / "crops.parquet")
    return files, folder / "crops.parquet"


def fit_all(folder, files, crops, ks=(2, 3, 5), methods=("average",), params=None, seed=0):
    """Run reduce … choose; return choice.json's content and the table of clusters."""
    from camtrap.cluster import choose, neighbours, reduce
    from camtrap.cluster.fit import fit_method, fit_sweep

    params = params or {}
    reduced = folder / "reduced"
    reduce.reduce(files, crops, reduced, params.get("reduce"))
    neighbours.neighbours(reduced, folder / "near.npz", None, seed)
    sweeps = []
    for k in ks:
        sweeps += [folder / f"kmeans{k}.npz", folder / f"gmm{k}.npz"]
        fit_sweep("kmeans", reduced, k, sweeps[-2], params.get("kmeans"), seed)
        fit_sweep("gmm", reduced, k, sweeps[-1], params.get("gmm"), seed)
    fitted = [folder / f"{method}.npz" for method in methods]
    for method, out in zip(methods, fitted, strict=True):
        fit_method(method, reduced, folder / "near.npz", out, params.get(method), seed)
    at = (folder / "choice.json", folder / "clusters.parquet")
    choice = choose.choose(reduced, folder / "near.npz", sweeps, fitted, *at, params.get("choose"))
    return choice, pq.read_table(at[1]).to_pandas()
