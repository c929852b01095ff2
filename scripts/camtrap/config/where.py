"""In which line of which file a key of the configuration was written, and in which letters."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml


def line_of(key: str, files: Iterable[str | Path]) -> str | None:
    """Return ``my.yaml, line 12`` for a dotted key, by the last file that has it; None where no file does.

    Parameters
    ----------
    key : str
        As ``cluster.k``.
    files : iterable of path
        YAML files; later ones take precedence. A file that cannot be read has no keys.
    """
    found = [(file, key_node) for file, key_node, _ in _places(key, files)]
    return f"{found[-1][0]}, line {found[-1][1].start_mark.line + 1}" if found else None


def text_of(key: str, files: Iterable[str | Path]) -> str | None:
    """Return how a single value was written, as ``2024_05_01``, which YAML takes for a number; arguments as :func:`line_of`."""
    found = [node.value for _, _, node in _places(key, files) if isinstance(node, yaml.ScalarNode)]
    return found[-1] if found else None


def texts_of(key: str, files: Iterable[str | Path]) -> dict[str, str]:
    """As :func:`text_of` of a mapping: its keys and its single values, of all files together."""
    found: dict[str, str] = {}
    for _, _, node in _places(key, files):
        if isinstance(node, yaml.MappingNode):
            found |= {name.value: inner.value for name, inner in node.value if isinstance(inner, yaml.ScalarNode)}
    return found


def _places(key: str, files: Iterable[str | Path]) -> Iterator[tuple[str | Path, yaml.Node, yaml.Node]]:
    """Each file that has the key, with the nodes of the key and of its value."""
    for file in files:
        try:
            with open(file, encoding="utf-8") as stream:
                node = yaml.compose(stream, Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue
        if found := _node(node, key.split(".")):
            yield file, *found


def _node(node: yaml.Node | None, keys: list[str]) -> tuple[yaml.Node, yaml.Node] | None:
    found = None
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            return None
        for name, value in node.value:
            if name.value == key:
                found, node = (name, value), value
                break
        else:
            return None
    return found
