"""Networks of torchvision, with its own weights."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camtrap.embed.models import Embedder, Transform
from camtrap.networks import torchvision_ops
from camtrap.networks.weights import cache_folder, fetch, pinned

if TYPE_CHECKING:
    import torch

LIBRARY = "torchvision"
# The seeds' weights: what torchvision called pretrained=True (Yasuní notebooks), IMAGENET1K_V1.
FIRST_WEIGHTS = {"resnet152", "resnet50"}


def knows(name: str) -> bool:
    """Whether torchvision has a classifier of this name."""
    return name in names()


def names() -> list[str]:
    """All classifiers of torchvision."""
    models = _models()
    return models.list_models(module=models)


def weights(name: str, cache: str | None, sha256: str | None) -> Path:
    """Path of the weights, downloaded once and checked."""
    url = _entry(name).url
    file = url.rpartition("/")[2]
    return fetch(url, cache_folder(cache) / file, sha256 or pinned(file), "embed")


def transform(name: str) -> Transform:
    """The transform of the weights."""
    transform = _entry(name).transforms()
    return Transform(
        transform.crop_size[0],
        transform.interpolation.value,
        tuple(transform.mean),
        tuple(transform.std),
        "BSD-3-Clause (torchvision)",
    )


def build(embedder: Embedder, path: Path | None) -> "torch.nn.Module":
    """The network with an identity in the place of its classifier."""
    models = _models()
    import torch

    network = models.get_model(embedder.model, weights=None)
    if path is not None:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    # the classifier: the last linear layer, or SqueezeNet's convolution to as many channels as there are classes
    modules = dict(network.named_modules())
    linear = [name for name, module in modules.items() if isinstance(module, torch.nn.Linear)]
    convolutions = {name: module for name, module in modules.items() if isinstance(module, torch.nn.Conv2d)}
    last = linear or [name for name, module in convolutions.items() if module.out_channels == 1000]
    parent, _, attribute = last[-1].rpartition(".")
    setattr(network.get_submodule(parent), attribute, torch.nn.Identity())
    return network


def _entry(name: str) -> Any:
    """The weights' entry in torchvision's tables."""
    weights = _models().get_model_weights(name)
    return weights.IMAGENET1K_V1 if name in FIRST_WEIGHTS else weights.DEFAULT


def _models() -> Any:
    """The library's models; it takes seconds to import."""
    torchvision_ops.ensure()
    return import_module("torchvision.models")
