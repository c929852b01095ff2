"""The libraries of embedders: one entry per library. Who builds a network asks here and nowhere else.

To add a library: write its module, which has what :class:`Library` lists, and add one entry to :data:`LIBRARIES`.
"""

import difflib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from camtrap.core.errors import UserError

if TYPE_CHECKING:
    import torch

    from camtrap.embed.models import Embedder, Transform

# The key is what the embedder's ``source`` says of weights that the library provides. The first that knows a name takes it.
LIBRARIES = {
    "package": "camtrap.embed.packaged",
    "torchvision": "camtrap.embed.by_torchvision",
    "timm": "camtrap.embed.by_timm",
}


class Library(Protocol):
    """What the module of a library has. ``name`` is always a model that it knows."""

    LIBRARY: str  # what the embedder's ``library`` says

    def knows(self, name: str) -> bool:
        """Whether it has a model of this name."""

    def names(self) -> list[str]:
        """Models to suggest for a mistyped name."""

    def weights(self, name: str, cache: str | None, sha256: str | None) -> Path:
        """Path of the model's own weights, which are downloaded into the cache if need be.

        ``sha256`` is what they must have: the user's, or what the survey found before. Without it nothing is downloaded
        whose hash the library does not know.
        """

    def transform(self, name: str) -> "Transform":
        """How a crop becomes the model's input."""

    def build(self, embedder: "Embedder", path: Path | None) -> "torch.nn.Module":
        """The network without its classifier, with the weights of ``path`` (None: random ones)."""


def library_of(name: str) -> tuple[str, Library]:
    """The key and the module of the library that knows a model.

    Raises
    ------
    UserError
        There is none; the message suggests names that are alike.
    """
    libraries = {key: cast(Library, import_module(module)) for key, module in LIBRARIES.items()}
    for key, library in libraries.items():
        if library.knows(name):
            return key, library
    there = {known for library in libraries.values() for known in library.names()}
    near = difflib.get_close_matches(name, sorted(there), n=3)
    raise UserError(
        f"embed.model: there is no model {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else "")
    )
