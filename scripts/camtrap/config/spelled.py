"""Text as it was written: a folder ``2024_05_01`` is not a number, ``+10:00`` not 600 and ``off`` not false; and ``~`` is home."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from camtrap.config.complete import load_schema
from camtrap.config.where import text_of, texts_of

__all__ = ["home", "spell"]

# All keys that name a file or a folder.
PATHS = (
    *("images", "results", "cache", "metadata.stations", "detector.weights", "detector.json"),
    *("embed.weights", "evaluate.truth", "export.names", "export.species", "review.folder"),
)


def spell(config: dict[str, Any], files: Iterable[str | Path], arguments: Iterable[str]) -> None:
    """Make text that YAML took for a number, a date or a truth value text again, in place, where only text can stand.

    Parameters
    ----------
    config : dict
        As it was read.
    files : iterable of path
        Its YAML files; later ones take precedence.
    arguments : iterable of str
        ``key=value``, as after ``--config``; they take precedence over the files. What is nested there is text already.
    """
    files, told = list(files), dict(argument.partition("=")[::2] for argument in arguments)
    for section, key, name in _sections(config, [*_texts(load_schema())]):
        value = section[key]
        if isinstance(value, dict):
            if any(_is_other(word) for pair in value.items() for word in pair):
                section[key] = texts_of(name, files) or {str(batch): str(folder) for batch, folder in value.items()}
        elif not isinstance(value, list):
            section[key] = told[name] if name in told and _is_other(value) else _written(value, name, files)


def home(config: dict[str, Any]) -> None:
    """Put the home folder in the place of ``~`` in paths, in place (the shell does so only on its own command line)."""
    for section, key, _ in _sections(config, PATHS):
        value = section[key]
        if isinstance(value, dict):
            section[key] = {name: _at_home(inner) for name, inner in value.items()}
        else:
            section[key] = [*map(_at_home, value)] if isinstance(value, list) else _at_home(value)


def _texts(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """All keys whose value is text or a word of a list, and never a number or a truth value."""
    for key, inner in schema.get("properties", {}).items():
        kinds, words = inner.get("type", ()), inner.get("enum", [0])
        is_text = "string" in kinds and not {"integer", "number", "boolean"} & set(kinds)
        if is_text or all(word is None or isinstance(word, str) for word in words):
            yield f"{prefix}{key}"
        yield from _texts(inner, f"{prefix}{key}.")


def _sections(config: dict[str, Any], names: Iterable[str]) -> Iterator[tuple[dict[str, Any], str, str]]:
    for name in names:
        *above, key = name.split(".")
        section: object = config
        for part in above:
            section = section.get(part) if isinstance(section, dict) else None
        if isinstance(section, dict) and key in section:
            yield section, key, name


def _is_other(value: object) -> bool:
    return value is not None and not isinstance(value, (str, list, dict))


def _written(value: object, name: str, files: list[str | Path]) -> object:
    if not _is_other(value):
        return value
    return text_of(name, files) or str(value)


def _at_home(value: object) -> object:
    return os.path.expanduser(value) if isinstance(value, str) and (value == "~" or value.startswith("~/")) else value
