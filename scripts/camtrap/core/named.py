"""Registries and the schema name functions as text, so that what only looks a name up imports nothing heavy."""

from importlib import import_module
from typing import Any


def named(name: str) -> Any:
    """Import what ``"package.module:attribute"`` names.

    Raises
    ------
    ImportError, AttributeError
        There is no such module or attribute: a fault in the registry.
    """
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)
