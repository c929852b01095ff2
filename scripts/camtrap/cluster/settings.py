"""Settings of the clustering steps: their defaults are those of config/schema.yaml."""

from collections.abc import Mapping
from copy import deepcopy

from camtrap.config.complete import load_schema


def defaults(section: str) -> dict:
    """Return the defaults of a section of ``cluster``."""
    known = load_schema()["properties"]["cluster"]["properties"][section]["properties"]
    return {key: deepcopy(inner["default"]) for key, inner in known.items()}


def fill(section: str, params: Mapping | None) -> dict:
    """Return the section's settings, the defaults where ``params`` has none.

    Raises
    ------
    ValueError
        On a key that the section does not know. (A configuration is checked before: this is a call from Python.)
    """
    known, params = defaults(section), dict(params or {})
    unknown = sorted(set(params) - set(known))
    if unknown:
        raise ValueError(f"cluster.{section}: unknown setting {unknown[0]!r} (known: {', '.join(known)})")
    return {**known, **params}
