"""config/yasuni.yaml against an independent, straight-line version of the notebooks' recipe, written from its description."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

REPO = Path(__file__).resolve().parents[2]
K = 3

pytestmark = pytest.mark.long


def make_survey(folder):
    """Twelve noisy pictures of three sizes and a MegaDetector file with boxes in their middle and at their borders."""
    random = np.random.default_rng(5)
    images = []
    boxes = [[0.3, 0.3, 0.2, 0.35], [0.0, 0.05, 0.3, 0.2], [0.62, 0.5, 0.38, 0.5], [0.411, 0.307, 0.123, 0.254]]
    for number in range(12):
        height, width = [(240, 320), (300, 200), (361, 433)][number % 3]
        coarse = random.integers(0, 255, (6, 8, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        path = folder / "images" / "card1" / f"station {number % 2}" / f"IMG_{number:04d}.JPG"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, quality=92)
        detections = [
            {"category": "1", "conf": 0.95, "bbox": boxes[number % 4]},
            {"category": "1", "conf": 0.5, "bbox": [0.1, 0.1, 0.2, 0.2]},
            {"category": "2", "conf": 0.99, "bbox": [0.5, 0.1, 0.2, 0.2]},
        ]
        if number % 5 == 0:
            detections.append({"category": "1", "conf": 0.9, "bbox": [0.05, 0.55, 0.25, 0.3]})
        images.append({"file": path.relative_to(folder / "images").as_posix(), "detections": detections})
    categories = {"1": "animal", "2": "person", "3": "vehicle"}
    md = {"info": {"format_version": "1.4"}, "detection_categories": categories, "images": images}
    (folder / "md.json").write_text(json.dumps(md))


def straight_line(folder, weights):
    """Confidence >= 0.9, animals; square around the box, clamped; 224; ImageNet normalisation; ResNet-152 without its last layer."""
    import torch
    import torchvision

    network = torchvision.models.resnet152(weights=None)
    network.load_state_dict(torch.load(weights, weights_only=True))
    extractor = torch.nn.Sequential(*list(network.children())[:-1]).eval()
    to_input = torchvision.transforms.Compose(
        [
            torchvision.transforms.ToTensor(),
            torchvision.transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
        ]
    )
    rows = []
    for image in json.loads((folder / "md.json").read_text())["images"]:
        picture = Image.open(folder / "images" / image["file"]).convert("RGB")
        width, height = picture.size
        for detection in image["detections"]:
            if detection["category"] != "1" or detection["conf"] < 0.9:
                continue
            x, y, w, h = detection["bbox"]
            middle_x, middle_y = (x + w / 2) * width, (y + h / 2) * height
            half = max(w * width, h * height) / 2
            corners = (
                max(0, round(middle_x - half)),
                max(0, round(middle_y - half)),
                min(width, round(middle_x + half)),
                min(height, round(middle_y + half)),
            )
            crop = picture.crop(corners).resize((224, 224), Image.BILINEAR)
            with torch.no_grad():
                features = extractor(to_input(crop)[None]).flatten().numpy()
            rows.append({"file": image["file"], "box": (x, y, w, h), "crop": np.asarray(crop), "features": features})
    return rows


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    from camtrap.networks import torchvision_ops

    torchvision_ops.ensure()
    import torch
    import torchvision

    folder = tmp_path_factory.mktemp("notebooks")
    make_survey(folder)
    torch.manual_seed(1)
    weights = folder / "random152.pth"
    torch.save(torchvision.models.resnet152(weights=None).state_dict(), weights)
    changed = {
        "images": str(folder / "images"),
        "results": "results",
        "plan": {"settle_seconds": 0},
        "detector": {"backend": "json", "json": str(folder / "md.json")},
        "embed": {"weights": str(weights)},
        "cluster": {"k": K, "project": {"perplexity": 4, "iterations": 20}},
        "evaluate": {"seeds": 1},
    }
    (folder / "changed.yaml").write_text(yaml.safe_dump(changed))
    configs = [REPO / "config" / "yasuni.yaml", folder / "changed.yaml"]
    command = [
        "-m",
        "snakemake",
        "-s",
        REPO / "Snakefile",
        "--directory",
        folder,
        "--cores",
        "2",
        "--configfile",
        *configs,
    ]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    expected = straight_line(folder, weights)
    results = folder / "results"
    crops = pd.concat(pd.read_parquet(path) for path in sorted((results / "crops").glob("*.parquet")))
    vectors = pd.concat(
        pd.read_parquet(path) for path in sorted((results / "embeddings" / "resnet152").glob("*.parquet"))
    )
    ours = crops.merge(vectors, on="crop_id").merge(
        pd.read_parquet(results / "clusters" / "resnet152" / "clusters.parquet"), on="crop_id"
    )
    return expected, ours, results


def find(ours, row):
    """Our crop of a box of the recipe."""
    near = np.abs(ours[["x", "y", "w", "h"]].to_numpy() - np.array(row["box"])).max(axis=1) < 1e-4
    match = ours[near & (ours["path"] == row["file"])]
    assert len(match) == 1
    return match.iloc[0]


def test_the_same_detections_are_cropped(both):
    expected, ours, _ = both
    assert len(expected) == len(ours) == 15


def test_crops_are_equal_pixel_for_pixel(both):
    import io

    for row in both[0]:
        crop = np.asarray(Image.open(io.BytesIO(find(both[1], row)["image"])))
        assert crop.shape == (224, 224, 3)
        np.testing.assert_array_equal(crop, row["crop"])


def test_features_agree(both):
    for row in both[0]:
        ours = find(both[1], row)["embedding"]
        scale = np.abs(row["features"]).max()
        assert len(ours) == 2048
        np.testing.assert_allclose(ours / scale, row["features"] / scale, atol=1e-4)


def test_labels_are_equal(both):
    from sklearn.cluster import KMeans

    expected, ours, _ = both
    rows = sorted(expected, key=lambda row: find(ours, row)["crop_id"])
    labels = KMeans(n_clusters=K, random_state=42).fit_predict(np.stack([row["features"] for row in rows]))
    found = [find(ours, row)["kmeans"] for row in rows]
    # the numbers of clusters are names: the same crops must be together
    pairs = set(zip(labels.tolist(), found, strict=True))
    assert len(pairs) == len(set(labels)) == len(set(found)) == K


def test_both_records_of_the_notebooks_are_written(both):
    _, ours, results = both
    records = json.loads((results / "export" / "yasuni.json").read_text())
    assert len(records) == 12
    lines = [json.loads(line) for line in (results / "export" / "yasuni_features.jsonl").read_text().splitlines()]
    vectors = [d for line in lines for d in line["detectors"]["megadetectorV5"]["output"]["detections"]]
    assert len(vectors) == len(ours)
    assert all(len(vector["features"]) == 2048 for vector in vectors)
    assert all(math.isfinite(value) for value in vectors[0]["features"])
