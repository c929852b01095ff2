"""Networks of timm, with weights from its hub."""

import logging
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camtrap.core.errors import UserError
from camtrap.embed.models import Embedder, Transform
from camtrap.networks import torchvision_ops
from camtrap.networks.weights import cache_folder, fetch, pinned

if TYPE_CHECKING:
    import torch

LIBRARY = "timm"
ALIASES = {"dinov2": "vit_base_patch14_dinov2.lvd142m"}


def knows(name: str) -> bool:
    """Whether timm has a model of this name; what follows a point names its weights."""
    timm = _timm()
    return name in ALIASES or timm.is_model(name.partition(".")[0])


def names() -> list[str]:
    """All models of timm, and our short names."""
    return [*ALIASES, *_timm().list_models()]


def weights(name: str, cache: str | None, sha256: str | None) -> Path:
    """Path of the weights, downloaded once.

    Raises
    ------
    UserError
        There are none, their SHA-256 is not known, or they could not be downloaded.
    """
    timm = _timm()
    full = ALIASES.get(name, name)
    config = timm.get_pretrained_cfg(full)
    if config is None or not (config.hf_hub_id or config.url):
        raise UserError(f"embed.model: timm has no weights for {name!r}; name a local file as embed.weights")
    if not config.hf_hub_id:
        url = str(config.url)
        file = url.rpartition("/")[2]
        return fetch(url, cache_folder(cache) / file, sha256 or pinned(file), "embed")
    repository = config.hf_hub_id if not config.hf_hub_id.endswith("/") else f"{config.hf_hub_id}{full}"
    from huggingface_hub import hf_hub_url, try_to_load_from_cache

    file, folder = "model.safetensors", cache_folder(cache) / "hub"
    there = try_to_load_from_cache(
        repository, file, cache_dir=folder
    )  # of the hub's own downloader, which we used before
    target = Path(there) if isinstance(there, str) else folder / f"{repository.replace('/', '--')}.safetensors"
    return fetch(hf_hub_url(repository, file), target, sha256, "embed")


def transform(name: str) -> Transform:
    """timm's own transform; DINOv2 sees 224 pixels, where timm would take 518."""
    return transform_of(ALIASES[name], "Apache-2.0", 224) if name == "dinov2" else transform_of(name)


def transform_of(full: str, licence: str | None = None, image_size: int | None = None) -> Transform:
    """The transform that timm's table gives for a model."""
    config = _timm().get_pretrained_cfg(full)
    if config is None:
        raise UserError(f"embed.model: timm has no weights of this name for {full!r}")
    return Transform(
        image_size or config.input_size[-1],
        config.interpolation,
        tuple(config.mean),
        tuple(config.std),
        licence or config.license or "see the model's page",
    )


def build(embedder: Embedder, path: Path | None) -> "torch.nn.Module":
    """The network without its classifier."""
    return create(ALIASES.get(embedder.model, embedder.model), embedder, path)


def create(full: str, embedder: Embedder, path: Path | None) -> "torch.nn.Module":
    """A network by timm's name, with the weights of a file in one of timm's formats, or random ones."""
    timm = _timm()
    extra: dict[str, Any] = {"img_size": embedder.image_size} if "vit" in full or "swin" in full else {}
    if path is None:
        return timm.create_model(full, pretrained=False, num_classes=0, **extra)
    logging.info("weights of %s from %s", full, path)
    return timm.create_model(full, pretrained=True, pretrained_cfg_overlay={"file": str(path)}, num_classes=0, **extra)


def _timm() -> Any:
    """The library, which takes seconds to import."""
    torchvision_ops.ensure()
    return import_module("timm")
