"""Tests on a real GPU (`tests/gpu/run.sh`); GPU_TEST_DEVICE=cpu tries the tests themselves, with small networks.

What they measure is added to ``measured.jsonl`` in the folder $OUT (default build/gpu), a line for each.
"""

import json
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "bench")]
DEVICE = os.environ.get("GPU_TEST_DEVICE", "cuda:0")
SMALL = {"resnet152": "resnet18", "tf_efficientnet_lite2": "efficientnet_lite0"}
OUT = Path(os.environ.get("OUT", ROOT / "build" / "gpu"))


def pytest_collection_modifyitems(items):
    """Skip all where there is no GPU."""
    import torch

    if DEVICE != "cpu" and not torch.cuda.is_available():
        for item in items:
            item.add_marker(pytest.mark.skip(reason="torch sees no GPU here"))


@pytest.fixture(scope="session")
def device():
    """The device that is tested: "cuda:0", or "cpu" to try the tests."""
    return DEVICE


@pytest.fixture(scope="session")
def measured():
    """Call it with a name and a number: both are written down."""

    def note(name, value):
        OUT.mkdir(parents=True, exist_ok=True)
        with (OUT / "measured.jsonl").open("a") as file:
            file.write(json.dumps({name: value}) + "\n")
        print(f"{name}: {value}")

    return note


@pytest.fixture(scope="session")
def work(tmp_path_factory):
    """Folder of pictures and networks; the bench uses the same."""
    folder = os.environ.get("GPU_WORK")
    return Path(folder) if folder else tmp_path_factory.mktemp("gpu")


@pytest.fixture(scope="session")
def pictures(work):
    """Simulated pictures of 3 megapixels (tried on a CPU: of 0.3)."""
    import gpu_material

    return gpu_material.simulated(work, 3, small=DEVICE == "cpu")[:8]


@pytest.fixture(scope="session")
def crops(pictures):
    """JPEG crops of those pictures, as the crop stage makes them."""
    from camtrap.crop.geometry import cut
    from camtrap.pictures.decode import decode
    from camtrap.pictures.encode import encode

    boxes = [(0.1, 0.2, 0.3, 0.4), (0.5, 0.1, 0.45, 0.5), (0.3, 0.5, 0.1, 0.1), (0.0, 0.0, 1.0, 1.0)]
    found = [cut(decode(path.read_bytes()), box, "pad", 256, 0.0) for path in pictures for box in boxes]
    return [encode(pixels, "jpeg", 95) for pixels in found]


@pytest.fixture(scope="module")
def network_of(pictures, device):
    import gpu_material

    known = {}

    def get(name):
        name = SMALL.get(name, name) if device == "cpu" else name
        if name not in known:
            known[name] = gpu_material.embedder_network(name, pictures)
        embedder, network = known[name]
        return embedder, gpu_material.copied(network)

    return get
