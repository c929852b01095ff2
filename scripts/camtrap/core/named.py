"""Registries name functions as text, so that what only looks a name up imports nothing heavy."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def named(name: str) -> Callable[..., Any]:
    """Import what ``"package.module:function"`` names.

    Raises
    ------
    ImportError, AttributeError
        There is no such module or function: a fault in the registry.
    """
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)
