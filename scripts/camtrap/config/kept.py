"""What a survey keeps of the defaults that it was made with, when this software gets other ones.

A key of the schema whose default changed has ``x-before``: the default of commit d6a3912, or for a key that came later the value
that says what was done without it. ``x-words`` are words for a value (``embedded``), ``x-words-before`` what they meant before.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from camtrap.plan.settings import Made, settings_of


def kept(results: str | os.PathLike, schema: Mapping[str, Any], model: str = "") -> dict[str, object]:
    """Return what takes the place of a default, by dotted key; of a word by ``key=word``. Empty for a new survey.

    Parameters
    ----------
    results : path
        The results folder, which may not exist.
    schema : mapping
        Of `camtrap.config.complete.load_schema`.
    model : str
        The embedder: what was recorded of it takes precedence over what was recorded of another.

    Raises
    ------
    DamageError
        ``settings.json`` is damaged.
    """
    recorded = settings_of(results).exists()
    if not recorded and not (Path(results) / "plan" / "index.tsv").exists():
        return {}
    stages = Made.read(results, "").stages if recorded else {}
    of_model = [name for name in stages if name.endswith(f"/{model}")]
    ordered = [stages[name] for name in [*of_model, *(name for name in stages if name not in of_model)]]
    found: dict[str, object] = {}
    for key, inner in _changed(schema, ""):
        values = [value for stage in ordered for value in _values(stage, key)]
        if "x-before" in inner:
            found[key] = values[0] if values else inner["x-before"]
        for word, before in inner.get("x-words-before", {}).items():
            now = inner["x-words"][word]
            found[f"{key}={word}"] = before if not recorded or (before in values and now not in values) else now
    return found


def _changed(schema: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, inner in schema.get("properties", {}).items():
        if "x-before" in inner or "x-words-before" in inner:
            yield f"{prefix}{key}", inner
        yield from _changed(inner, f"{prefix}{key}.")


def _values(stage: object, key: str) -> Iterator[object]:
    for name in key.split("."):
        if not isinstance(stage, Mapping) or name not in stage:
            return
        stage = stage[name]
    yield stage
