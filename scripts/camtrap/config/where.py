"""In which line of which file a key of the configuration was written."""

from collections.abc import Iterable
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
    found = None
    for file in files:
        try:
            with open(file, encoding="utf-8") as stream:
                node = yaml.compose(stream, Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue
        line = _line(node, key.split("."))
        if line is not None:
            found = f"{file}, line {line}"
    return found


def _line(node: yaml.Node | None, keys: list[str]) -> int | None:
    line = None
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            return None
        for name, value in node.value:
            if name.value == key:
                node, line = value, name.start_mark.line + 1
                break
        else:
            return None
    return line
