"""A survey as the page of the experts reads it, without running the workflow: groups in a space, crops with pictures, tables."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import simplejpeg

STATIONS = ["Laguna", "Río Norte", "<img src=x onerror=alert(1)>"]
BURST = 3


def write(
    folder: Path,
    sizes: list[int],
    noise: int = 0,
    shard_size: int = 500,
    person: int | None = None,
    pictures: bool = True,
    seed: int = 1,
    jpegs: list[bytes] | None = None,
) -> Path:
    """Write ``results`` below ``folder``; return it.

    Parameters
    ----------
    sizes : list of int
        Crops of each kind; the clusters are the kinds, and the last one is like the first. A burst has three crops.
    noise : int
        Crops that are in no cluster.
    person : int, optional
        The kind that is people.
    pictures : bool
        Also the pictures, in ``folder / "images"``.
    jpegs : list of bytes, optional
        Stored crops, used in turn for those of one kind; else one in the kind's colour is drawn.
    """
    rng = np.random.default_rng(seed)
    n, k = sum(sizes) + noise, len(sizes)
    kind = np.r_[np.repeat(np.arange(k), sizes), np.full(noise, -1)]
    burst = np.arange(n) // BURST
    burst = np.unique(np.stack([kind, burst]), axis=1, return_inverse=True)[1].ravel()
    center = rng.normal(size=(k + 1, 64))
    if k > 2:  # the last kind is like the first one
        center[k - 1] = center[0] + 0.6 * center[k - 1]
    x = center[kind] + 0.35 * rng.normal(size=(n, 64))
    x[kind < 0] = rng.normal(size=(noise, 64))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    image = np.array([f"{(number * 2654435761) % 2**63:016x}" + "0" * 48 for number in range(n)])
    crop = np.char.add(np.array([one[:16] for one in image]), "-1000-2000-3000-4000")
    order = np.argsort(crop)
    kind, burst, x, image, crop = kind[order], burst[order], x[order], image[order], crop[order]
    results = folder / "results"
    for below in ("tables", "crops", "clusters/net/reduced", "plan"):
        (results / below).mkdir(parents=True, exist_ok=True)
    shard_of, row = np.arange(n) // shard_size, np.arange(n) % shard_size
    names = [f"card-{number:05d}-0000000{number % 10}" for number in range(int(shard_of.max(initial=0)) + 1)]
    station = burst % len(STATIONS)
    when = np.datetime64("2024-03-01T06:00:00") + (burst * 3607 + row % BURST).astype("timedelta64[s]")
    path = [f"card/{STATIONS[s].replace('/', '_')}/IMG {number:06d}.JPG" for number, s in enumerate(station.tolist())]
    table = {
        "crop_id": crop,
        "image_id": image,
        "path": path,
        "category": np.where(kind == person, "person", "animal") if person is not None else ["animal"] * n,
        "conf": np.full(n, 0.9, np.float32),
        **{name: np.full(n, value, np.float32) for name, value in zip("xywh", (0.1, 0.2, 0.3, 0.4), strict=True)},
        "infrared": burst % 2 == 1,
        "shard": np.array(names)[shard_of],
        "row": row.astype(np.int32),
        "station": np.array(STATIONS)[station],
        "datetime": when.astype("datetime64[us]"),
        "burst": [f"b{number}" for number in burst],
        "event": [f"e{number}" for number in burst],
        "camera": ["c"] * n,
        "batch": ["card"] * n,
    }
    pq.write_table(pa.table(table), results / "tables/crops.parquet")
    images = {
        name: table[name] for name in ("image_id", "path", "station", "datetime", "category", "burst", "infrared")
    }
    pq.write_table(pa.table(images), results / "tables/images.parquet")
    for number, name in enumerate(names):
        rows = np.flatnonzero(shard_of == number)
        stored = [_jpeg(int(kind[r]), int(r), jpegs) for r in rows]
        pq.write_table(
            pa.table({"crop_id": crop[rows], "image": stored}),
            results / "crops" / f"{name}.parquet",
            row_group_size=128,
        )
    model = results / "clusters/net"
    mean = np.stack([x[kind == c].mean(0) if (kind == c).any() else np.zeros(64) for c in range(k)] or [np.zeros(64)])
    distance = np.linalg.norm(x - mean[kind], axis=1).astype(np.float32)
    clusters = {
        "crop_id": crop,
        "cluster": kind.astype(np.int32),
        "probability": np.where(kind >= 0, 1 - distance / 4, 0).astype(np.float32),
        "distance": distance,
        "suggestion": kind.astype(np.int32),
    }
    pq.write_table(pa.table(clusters), model / "clusters.parquet")
    (model / "choice.json").write_text(json.dumps({"k": k, "primary": "average"}))
    plane = (x @ rng.normal(size=(64, 2))).astype(np.float32)
    pq.write_table(pa.table({"crop_id": crop, "umap_x": plane[:, 0], "umap_y": plane[:, 1]}), model / "project.parquet")
    np.save(model / "reduced/vectors.npy", x)
    ids = {name: table[name] for name in ("crop_id", "burst", "station", "camera", "batch", "infrared")}
    pq.write_table(pa.table(ids | {"unit": burst.astype(np.int32)}), model / "reduced/ids.parquet")
    (model / "reduced/info.json").write_text("{}")
    if pictures:
        for number, one in enumerate(path):
            target = folder / "images" / one
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_jpeg(int(kind[number]), number, None, (240, 320)))
        (results / "plan/places.json").write_text(json.dumps({"images": str(folder / "images")}))
    return results


def _jpeg(kind: int, number: int, jpegs: list[bytes] | None, size: tuple[int, int] = (96, 128)) -> bytes:
    if jpegs:
        return jpegs[number % len(jpegs)]
    colour = hashlib.sha256(f"kind {kind}".encode()).digest()[:3]
    pixels = np.empty((*size, 3), np.uint8)
    pixels[:] = np.frombuffer(colour, np.uint8)
    pixels[: size[0] // 3, : 10 + number % (size[1] - 20)] //= 2
    return simplejpeg.encode_jpeg(pixels, quality=85)
