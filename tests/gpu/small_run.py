"""One small run of two threads, for tools that watch memory: DEVICE FOLDER DECODE, a folder of JPEG crops, gpu or cpu."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from camtrap.core.parallel import ordered  # noqa: E402
from camtrap.embed import on_device  # noqa: E402
from camtrap.embed.engines import torch_engine  # noqa: E402
from camtrap.embed.models import load, resolve  # noqa: E402

OPTIONS = {"model": "resnet18", "weights": "random", "weights_sha256": None, "image_size": 64}


def main(device: str, folder: str, decodes: str) -> None:
    """Compute each batch twice, by two threads."""
    import numpy as np

    crops = [path.read_bytes() for path in sorted(Path(folder).glob("*.jpg"))]
    embedder = resolve(OPTIONS)
    engine = torch_engine(load(embedder, OPTIONS), device, 1, False, 4, encoded=embedder)
    batches = [crops[:4], crops[4:], crops[:4], crops[4:]]
    if "cpu" in (device, decodes):
        batches = [on_device.prepare(batch, embedder, "cpu").numpy() for batch in batches]
    vectors = list(ordered(engine.forward, batches, engine.workers))
    for one, other in zip(vectors[:2], vectors[2:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    print("computed", sum(map(len, vectors)), "vectors")


if __name__ == "__main__":
    main(*sys.argv[1:])
