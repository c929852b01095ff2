"""Embedders by name: what identifies one, how a crop becomes its input, and the network without its classifier."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from camtrap.core.errors import UserError
from camtrap.core.hashes import file_hash
from camtrap.embed.registry import library_of
from camtrap.networks.weights import local
from camtrap.pictures.decode import one_line

if TYPE_CHECKING:
    import torch

RANDOM = "random"


@dataclass(frozen=True)
class Transform:
    """How a crop becomes a network's input, and the licence of the network's weights.

    ``image_size`` in pixels; ``interpolation`` is a filter of Pillow; ``mean`` and ``std`` of the input scaled to 0..1.
    """

    image_size: int
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    licence: str


@dataclass(frozen=True)
class Embedder:
    """What identifies an embedder: everything here goes into the embeddings' file metadata.

    ``image_size`` in pixels; ``mean`` and ``std`` of the input scaled to 0..1; ``source`` says where the weights were
    taken from ("file", "random", or a key of :data:`camtrap.embed.registry.LIBRARIES`); ``sha256`` is that of the
    weights.
    """

    model: str
    library: str
    source: str
    sha256: str
    image_size: int
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    pooling: str
    licence: str

    def as_dict(self) -> dict[str, Any]:
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
    name = options["model"]
    _, library = library_of(name)
    path, source = _weights(options, cache)
    sha256 = RANDOM if path is None else file_hash(path)
    if options["weights_sha256"] and sha256 != options["weights_sha256"]:
        raise UserError(f"{path}: its SHA-256 is {sha256}, not {options['weights_sha256']} as configured")
    transform = library.transform(name)
    return Embedder(
        model=name,
        library=library.LIBRARY,
        source=source,
        sha256=sha256,
        image_size=options["image_size"] or transform.image_size,
        interpolation=transform.interpolation,
        mean=transform.mean,
        std=transform.std,
        pooling="average",
        licence="none (random weights)" if source == RANDOM else transform.licence,
    )


def load(embedder: Embedder, options: dict, cache: str | None = None) -> "torch.nn.Module":
    """Build the network without its classifier and load its weights (after their hash has been compared).

    Raises
    ------
    UserError
        The weights have changed, or the configured file holds others than the model's.

    Returns
    -------
    torch.nn.Module
        In evaluation mode; maps float32 (n, 3, image_size, image_size) to float32 (n, d).
    """
    import torch

    path, _ = _weights(options, cache, embedder.sha256)
    if path is not None and file_hash(path) != embedder.sha256:
        raise UserError(f"{path}: the weights have changed since they were looked up; run again")
    if path is None:
        torch.manual_seed(0)
    try:
        network = library_of(embedder.model)[1].build(embedder, path).eval()
    except (UserError, MemoryError):
        raise
    except Exception as error:  # of many kinds: the file may be anything
        if embedder.source != "file":
            raise
        raise UserError(
            f"{path}: these are not weights of {embedder.model} ({one_line(error)}): set embed.weights or embed.model"
        ) from None
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network


def _weights(options: dict, cache: str | None, recorded: str | None = None) -> tuple[Path | None, str]:
    """Path of the weights and where they come from; (None, "random") for random ones.

    ``recorded`` is the SHA-256 that the survey found, where they were looked up before.
    """
    name, configured = options["model"], options["weights"]
    if configured == RANDOM:
        return None, RANDOM
    if configured:
        return local(configured, options["weights_sha256"], "embed.weights"), "file"
    source, library = library_of(name)
    return library.weights(name, cache, options["weights_sha256"] or recorded), source


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
    mean, std = (np.array(values, np.float32) for values in (embedder.mean, embedder.std))
    return ((scaled - mean) / std).transpose(2, 0, 1)
