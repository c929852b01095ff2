"""config/folders.yaml against the second seed's recipe, written here from its description: the folders hold the same pictures."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import Survey
from PIL import Image

CONFIG = Path(__file__).resolve().parents[2] / "config" / "folders.yaml"
K = 4

pytestmark = pytest.mark.long


def make_pictures(folder):
    """Sixteen pictures of four looks, in two folders, with names that occur twice."""
    random = np.random.default_rng(3)
    looks = [random.integers(0, 255, (3 + look, 5, 3), dtype=np.uint8) for look in range(K)]
    for number in range(16):
        noisy = looks[number % K].astype(int) + random.integers(-12, 12, looks[number % K].shape)
        picture = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
        path = folder / "pictures" / f"folder {number // 8}" / f"ñandú {number % 8}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.resize((300 + number, 200), Image.Resampling.BICUBIC).save(path, quality=92)


def straight_line(folder, weights):
    """Each whole picture at 224 x 224, ResNet-50 without its last layer."""
    import torch
    import torchvision

    network = torchvision.models.resnet50(weights=None)
    network.load_state_dict(torch.load(weights, weights_only=True))
    extractor = torch.nn.Sequential(*list(network.children())[:-1]).eval()
    transform = torchvision.transforms.Compose(
        [
            torchvision.transforms.ToTensor(),
            torchvision.transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
        ]
    )
    rows = {}
    for path in sorted((folder / "pictures").rglob("*.jpg")):
        picture = Image.open(path).convert("RGB").resize((224, 224), Image.BILINEAR)
        with torch.no_grad():
            features = extractor(transform(picture)[None]).flatten().numpy()
        rows[path.relative_to(folder / "pictures").as_posix()] = (np.asarray(picture), features)
    return rows


def test_folders_hold_the_pictures_that_the_recipe_puts_together(tmp_path):
    from camtrap.networks import torchvision_ops

    torchvision_ops.ensure()
    import torch
    import torchvision
    from sklearn.cluster import KMeans

    survey = Survey(tmp_path)
    survey.cache = tmp_path / "cache"
    make_pictures(tmp_path)
    torch.manual_seed(2)
    weights = tmp_path / "random50.pth"
    torch.save(torchvision.models.resnet50(weights=None).state_dict(), weights)
    survey.settings = {
        "images": "pictures",
        "results": "results",
        "plan": {"settle_seconds": 0},
        "embed": {"weights": str(weights), "runtime": "torch"},  # to convert it takes longer than all else
        "cluster": {"k": K, "project": {"perplexity": 4, "iterations": 20}},
        "evaluate": {"seeds": 1},
    }
    (tmp_path / "survey.yaml").write_text(CONFIG.read_text())
    survey.run()
    expected = straight_line(tmp_path, weights)
    results = survey.results
    crops = pd.concat(map(pd.read_parquet, sorted((results / "crops").glob("*.parquet")))).set_index("path")
    vectors = pd.concat(map(pd.read_parquet, sorted((results / "embeddings" / "resnet50").glob("*.parquet"))))
    vectors = vectors.set_index("crop_id")["embedding"]
    assert sorted(crops.index) == sorted(expected)
    for path, (pixels, features) in expected.items():
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(crops.loc[path, "image"]))), pixels)
        scale = np.abs(features).max()
        np.testing.assert_allclose(vectors[crops.loc[path, "crop_id"]] / scale, features / scale, atol=1e-4)
    order = sorted(expected, key=lambda path: crops.loc[path, "crop_id"])
    seed = yaml.safe_load((CONFIG.parent / "config.yaml").read_text())["seed"]
    labels = KMeans(K, random_state=seed).fit_predict(np.stack([expected[path][1] for path in order]))
    together = {frozenset(path for path, label in zip(order, labels, strict=True) if label == k) for k in range(K)}
    copied = {}
    for path in (results / "export" / "folders").rglob("*.jpg"):
        copied.setdefault(path.parent, set()).add(path.read_bytes())
    originals = {path: (tmp_path / "pictures" / path).read_bytes() for path in expected}
    assert {frozenset(p for p in originals if originals[p] in content) for content in copied.values()} == together
