"""What each faster or smaller way costs in agreement: `python tests/bench/agreement.py` (part of `make bench`).

Crops in JPEG, vectors in float16 and int8 on shared/data/crops/animals22 with efficientnet_lite0's real weights (cosine to float32
on lossless crops, AMI of the clusters with the kinds); scaled decoding on large real pictures (cosine); the motion pre-filter on
simulated surveys (animals kept, empty pictures spared). What has no data here is left out, saying so. Writes build/bench/agreement.json.
"""

import csv
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from camtrap.core.errors import PictureError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

import material  # noqa: E402

DATA = ROOT.parent / "shared" / "data"
OPTIONS = material.OPTIONS | {"model": "efficientnet_lite0", "weights": None}
SEEDS = 5


def write_crops(path: Path, images: list[bytes]) -> Path:
    """A crops table of encoded images."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from camtrap.crop.run import CROP_SCHEMA

    empty = dict.fromkeys(CROP_SCHEMA.names)
    rows = [empty | {"crop_id": f"{i:07d}", "image": image} for i, image in enumerate(images)]
    pq.write_table(pa.Table.from_pylist(rows, CROP_SCHEMA), path, row_group_size=256)
    return path


def embed(folder: Path, crops: Path, **changes) -> np.ndarray:
    """The embed stage, float32 (n, d)."""
    import pyarrow.parquet as pq

    from camtrap.core.files import write_json
    from camtrap.embed.int8 import calibrate
    from camtrap.embed.models import resolve
    from camtrap.embed.run import embed_shard

    options, quantised = OPTIONS | changes, None
    write_json(folder / "embedder.json", resolve(options).as_dict())
    if options["precision"] == "int8":
        quantised = folder / "int8.onnx"
        calibrate([crops], folder / "embedder.json", quantised, options)
    out = folder / "embeddings.parquet"
    embed_shard(crops, folder / "embedder.json", out, options, str(folder / "cache"), threads=2, quantised=quantised)
    column = pq.read_table(out)["embedding"].combine_chunks()
    return column.flatten().to_numpy().astype(np.float32).reshape(len(column), -1)


def cosines(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """Median and least cosine of the rows."""
    found = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return {"median_cosine": float(np.median(found)), "least_cosine": float(found.min())}


def agreement_with_truth(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """AMI of K-Means (true k) and of the primary method with the kinds, means of seeds."""
    from labelled import Labelled
    from quality import METHODS, run
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_mutual_info_score as ami

    n = len(y)
    data = Labelled("", x, y, np.arange(n).astype(str), np.full(n, "A"), np.zeros(n, bool))
    fits = [run(data, METHODS[:1], {}, seed) for seed in range(SEEDS)]
    vectors = fits[0]["vectors"]["x"]
    k = len(np.unique(y))
    plain = [ami(y, KMeans(k, n_init=10, random_state=seed).fit_predict(vectors)) for seed in range(SEEDS)]
    return {
        "ami_kmeans": float(np.mean(plain)),
        "ami_primary": float(np.mean([ami(y, f["primary"]["labels"]) for f in fits])),
    }


def formats(folder: Path) -> dict:
    """Crops and vectors stored or computed in fewer bits."""
    from camtrap.crop.geometry import cut
    from camtrap.embed.engines import has_bfloat16
    from camtrap.pictures import decode
    from camtrap.pictures.encode import encode

    with open(DATA / "crops" / "animals22" / "labels.csv", newline="") as file:
        rows = sorted((row["path"], row["label"]) for row in csv.DictReader(file))
    y = np.array([label for _, label in rows])
    crops = [cut(decode.decode((DATA / "crops" / "animals22" / path).read_bytes()), (0, 0, 1, 1)) for path, _ in rows]
    stored = {"png": [encode(c, "png", 95) for c in crops]}
    stored |= {f"jpeg {quality}": [encode(c, "jpeg", quality) for c in crops] for quality in (95, 80)}
    tables = {name: write_crops(folder / f"{name}.parquet", images) for name, images in stored.items()}
    exact = embed(folder, tables["png"])
    out = {}
    ways = [(name, name, {}) for name in stored]
    ways += [("png, float16", "png", {"storage": "float16"}), ("jpeg 95, int8", "jpeg 95", {"precision": "int8"})]
    ways += [("png, mixed", "png", {"precision": "mixed"})] if has_bfloat16() else []
    for name, kind, changes in ways:
        x = embed(folder, tables[kind], **changes)
        bytes_ = sum(map(len, stored[kind])) / len(crops)
        out[name] = {"bytes_a_crop": round(bytes_), **cosines(exact, x), **agreement_with_truth(x, y)}
        print(f"  {name:<16}", "  ".join(f"{key} {value:.4f}" for key, value in out[name].items()), flush=True)
    return out


def scaled(folder: Path) -> dict:
    """Crops from pictures decoded at a part of their size, against full decoding."""
    from camtrap.crop.geometry import cut, scale
    from camtrap.pictures import decode
    from camtrap.pictures.encode import encode

    random = np.random.default_rng(0)
    options = {"shape": "pad", "padding": 0.0, "size": 224, "decode": "scaled"}
    whole, small, scales = [], [], []
    for path in sorted((DATA / "camera-traps").glob("northwest/images/**/*.[jJ][pP]*")):
        data = path.read_bytes()
        try:
            width, height = decode.rotated_size(decode.open_header(data))
            full = decode.decode(data)
        except PictureError:
            continue
        for _ in range(4):
            side = random.uniform(0.3, 0.6)
            box = (random.uniform(0, 1 - side), random.uniform(0, 1 - side), side, side)
            part = scale({"width": width, "height": height}, [box], options)
            if part > 1:
                scales.append(part)
                whole.append(encode(cut(full, box, "pad", 224), "png", 95))
                small.append(encode(cut(decode.decode(data, scale=part), box, "pad", 224), "png", 95))
    a, b = (
        embed(folder, write_crops(folder / f"{name}.parquet", images)) for name, images in (("w", whole), ("s", small))
    )
    found = {"crops": len(whole), "scales": {str(s): scales.count(s) for s in sorted(set(scales))}, **cosines(a, b)}
    print(" ", found, flush=True)
    return found


def prefilter(folder: Path) -> dict:
    """Animals that the motion pre-filter would keep, and empty pictures that the network is spared."""
    from camtrap.core.paths import Roots
    from camtrap.detect.motion import detect_motion
    from camtrap.index.run import index_shard
    from camtrap.pictures import decode
    from camtrap.plan.ledger import Plan
    from camtrap.simulate import simulate

    counts = {kind: [0, 0] for kind in ("animal", "person", "empty")}
    for seed in (1, 2, 3):
        at = folder / f"survey{seed}"
        simulate(at, seed, cards=1, stations=4, pictures=400, workers=2)
        roots = Roots(str(at / "images"))
        rows = [row for shard in Plan(at / "results").update(roots, 1000).fresh for row in shard.rows]
        index = [row for row in index_shard(rows, roots).to_pylist() if row["status"] != "failed"]
        found = detect_motion(index, lambda path, roots=roots: decode.load(roots, path))
        with open(at / "truth.csv", newline="") as file:
            category = {row["path"]: row["category"] for row in csv.DictReader(file)}
        for path, boxes in found.items():
            if category[path] in counts:
                counts[category[path]][0] += bool(boxes)
                counts[category[path]][1] += 1
    shares = {kind: {"asked": asked / max(n, 1), "pictures": n} for kind, (asked, n) in counts.items()}
    print(" ", shares, flush=True)
    return shares


def main() -> None:
    """Measure all that there is data for."""
    out = {}
    parts = [(formats, DATA / "crops" / "animals22"), (scaled, DATA / "camera-traps" / "northwest"), (prefilter, None)]
    with tempfile.TemporaryDirectory() as name:
        for part, needed in parts:
            if needed is not None and not needed.exists():
                print(f"left out: {part.__name__}, because {needed.name} is not there")
                continue
            print(part.__name__, flush=True)
            out[part.__name__] = part(Path(name))
    file = ROOT / "build" / "bench" / "agreement.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(out, indent=1) + "\n")
    print(f"written to {file}")


if __name__ == "__main__":
    main()
