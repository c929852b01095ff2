"""An embedder of another library is added from outside: its file and one entry in the registry, nothing else."""

import io
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from conftest import CONFIG, Survey
from PIL import Image

pytestmark = pytest.mark.long

LIBRARY = '''
"""Mean colours."""

from camtrap.embed.models import Transform
from camtrap.networks.weights import cache_folder

LIBRARY = "colours"


def knows(name):
    return name == "mean_colour"


def names():
    return ["mean_colour"]


def weights(name, cache, sha256):
    file = cache_folder(cache) / "gains"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("1 10 100")
    return file


def transform(name):
    return Transform(16, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "public domain")


def build(embedder, path):
    import torch

    class Mean(torch.nn.Module):
        gains = torch.tensor([float(gain) for gain in path.read_text().split()])

        def forward(self, pictures):
            return pictures.mean((2, 3)) * self.gains

    return Mean()
'''
ENTRY = 'LIBRARIES["their site"] = "camtrap.embed.colours"\n'


def test_a_library_is_a_file_and_one_entry(clone, tmp_path):
    survey = Survey(tmp_path / "survey", clone)
    survey.cache = tmp_path / "cache"
    for number in range(3):
        survey.picture(f"card/{number}.jpg", number)
    config = CONFIG | {"crop": {"size": 16}, "embed": {"model": "mean_colour", "runtime": "torch"}}
    (survey.folder / "survey.yaml").write_text(yaml.safe_dump(config))
    package = clone / "scripts" / "camtrap" / "embed"
    (package / "colours.py").write_text(LIBRARY)
    with open(package / "registry.py", "a") as file:
        file.write(ENTRY)
    survey.snakemake("--cores", "2", "--until", "embed", PYTHONPATH=str(clone / "scripts"))

    known = json.loads((survey.results / "models" / "mean_colour.json").read_text())
    assert [known[key] for key in ("library", "source", "licence")] == ["colours", "their site", "public domain"]
    (shard,) = survey.shards()
    crops = pq.read_table(survey.results / "crops" / f"{shard}.parquet").to_pylist()
    table = pq.read_table(survey.results / "embeddings" / "mean_colour" / f"{shard}.parquet")
    assert table["crop_id"].to_pylist() == [crop["crop_id"] for crop in crops]
    means = [np.asarray(Image.open(io.BytesIO(crop["image"]))).mean((0, 1)) / 255 for crop in crops]
    np.testing.assert_allclose(table["embedding"].to_pylist(), np.array(means) * [1, 10, 100], rtol=1e-2)
    assert len(means) == 3
