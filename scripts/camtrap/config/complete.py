"""The configuration: defaults filled in, mistakes refused in one line that says what to write instead."""

import difflib
import math
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING

import yaml

from camtrap.config.handover import SCHEMA
from camtrap.core.errors import ConfigError
from camtrap.core.named import named

if TYPE_CHECKING:
    from jsonschema import ValidationError


LONGEST = 400  # characters of what is said of one value


@cache
def load_schema() -> dict:
    """Return the JSON schema of the configuration.

    ``x-registry: package.module:NAME`` in a sub-schema becomes its ``enum``: the keys of that registry, so that what is
    registered can be configured. ``x-properties: package.module:function`` adds the properties that the function returns to those
    that stand there. Such modules import nothing heavy.
    """
    schema = yaml.load(SCHEMA.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    _resolve(schema)
    return schema


def _resolve(schema: dict) -> None:
    if "x-registry" in schema:
        schema["enum"] = list(named(schema["x-registry"]))
    if "x-properties" in schema:
        # What the file says takes precedence, and keeps its order: the order of keys is that of a rule's parameters.
        added = named(schema["x-properties"])()
        schema["properties"] |= {key: inner for key, inner in added.items() if key not in schema["properties"]}
    for value in schema.values():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                _resolve(inner)


def complete(config: dict, schema: dict | None = None, kept: Mapping[str, object] | None = None) -> dict:
    """Fill defaults in place (nested ones too) and check the configuration against the schema.

    What is alike comes out alike, whatever the order of the keys and whether a default was written down or not: Snakemake
    compares it with what an earlier run was told.

    Parameters
    ----------
    config : dict
        As read from YAML and the command line.
    kept : mapping, optional
        Of `camtrap.config.kept.kept`: the defaults that an existing survey keeps.

    Returns
    -------
    dict
        The same object.

    Raises
    ------
    ConfigError
        One line for each mistake; an unknown key is answered with the nearest right one.
    """
    schema = schema or load_schema()
    mistakes = [*_unknown(config, schema, "")]
    if not mistakes:
        config.update({key: _typed(value, schema["properties"].get(key, {})) for key, value in config.items()})
        _fill(config, schema, kept or {})
        from jsonschema import Draft202012Validator  # a third of a second, and only the main process validates

        errors = sorted(
            Draft202012Validator(schema).iter_errors(config), key=lambda error: list(map(str, error.absolute_path))
        )
        mistakes = [
            f"{'.'.join(map(str, error.absolute_path)) or 'configuration'}: "
            + ("it has no value" if error.instance is None else _said(error))
            for error in errors
        ] or [*_infinite(config, "")]
    if not mistakes:
        _settle(config, schema)
        _shorten(config)
        mistakes = [*_together(config)]
    if mistakes:
        raise ConfigError("; ".join(mistakes) + " (all keys: config/README.md)")
    return config


def _said(error: "ValidationError") -> str:
    """What is wrong with a value, in words for who wrote it."""
    words = str(error.schema.get("description", ""))
    said = f"{error.instance!r} is not right: {words}" if error.validator == "pattern" and words else error.message
    # what was pasted by mistake may be as long as a file
    return said if len(said) <= LONGEST else f"{said[: LONGEST // 2]} … {said[-LONGEST // 2 :]}"


def _infinite(value: object, prefix: str) -> Iterator[str]:
    """Numbers that are none, or have no end: every comparison with `.nan` is false, so no limit of the schema refuses it. And NUL."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        for number in inner if isinstance(inner, list) else [inner]:
            if isinstance(number, float) and not math.isfinite(number):
                yield f"{prefix}{key}: {number} is not a number that can be used"
            elif isinstance(number, str) and "\0" in number:
                yield f"{prefix}{key}: {number!r} has a character that no text and no path has"
        yield from _infinite(inner, f"{prefix}{key}.")


def _unknown(value: object, schema: dict, prefix: str) -> Iterator[str]:
    known = schema.get("properties")
    if not isinstance(value, dict) or known is None:
        return
    for key, inner in value.items():
        if key in known:
            yield from _unknown(inner, known[key], f"{prefix}{key}.")
        elif schema.get("additionalProperties", False) is False:
            yield f"unknown key {prefix}{key}" + _nearest(str(key), schema, prefix)


def _nearest(key: str, schema: dict, prefix: str) -> str:
    """Suggest the same key where it belongs, else one of this level that is spelled alike."""
    head, mark, value = key.replace("=", ":").partition(":")
    if mark and head.strip() in schema["properties"]:  # YAML takes {threshold:0.3} for a key without a value
        return f": write '{head.strip()}: {value.strip()}', with a colon and a blank"
    elsewhere = [path for path in _all_keys(load_schema(), "") if path.rpartition(".")[2] == key]
    if elsewhere:
        depth = min(path.count(".") for path in elsewhere)
        return f": did you mean {' or '.join(path for path in elsewhere if path.count('.') == depth)}?"
    near = difflib.get_close_matches(key, map(str, schema["properties"]), n=1, cutoff=0.75)
    if not near:  # mistyped and in the wrong place
        known = {path.rpartition(".")[2] for path in _all_keys(load_schema(), "")}
        if alike := difflib.get_close_matches(key, sorted(known), n=1, cutoff=0.85):
            return _nearest(alike[0], schema, prefix)
        near = difflib.get_close_matches(key, map(str, schema["properties"]), n=1, cutoff=0.5)
    if near:
        return f": did you mean {prefix}{near[0]}?"
    return f": here stand {', '.join(map(str, schema['properties']))}"


def _all_keys(schema: dict, prefix: str) -> Iterator[str]:
    for key, inner in schema.get("properties", {}).items():
        yield f"{prefix}{key}"
        yield from _all_keys(inner, f"{prefix}{key}.")


def _typed(value: object, schema: dict) -> object:
    """Numbers and the like that came as text: so `--config 'crop={threshold: 0.3}'` reaches us."""
    if isinstance(value, dict):
        known, other = schema.get("properties", {}), schema.get("additionalProperties")
        other = other if isinstance(other, dict) else {}
        return {key: _typed(inner, known.get(key, other)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner, schema.get("items", {})) for inner in value]
    kinds = schema.get("type", "string")
    if isinstance(value, str) and ("string" not in kinds or (value == "null" and "null" in kinds)):
        try:
            read = yaml.safe_load(value)
            return float(read) if isinstance(read, str) and "number" in kinds else read  # YAML takes 1e-1 for text
        except (yaml.YAMLError, ValueError):
            return value
    return value


def _fill(config: dict, schema: dict, kept: Mapping[str, object], prefix: str = "") -> None:
    for key, inner in schema.get("properties", {}).items():
        path = f"{prefix}{key}"
        if config.get(key) is None and "properties" in inner:
            config[key] = {}
        elif key not in config and "default" in inner:
            config[key] = deepcopy(kept.get(path, inner["default"]))
        for word, meaning in inner.get("x-words", {}).items():
            if config.get(key) == word:
                config[key] = kept.get(f"{path}={word}", meaning)
        if isinstance(config.get(key), dict) and "properties" in inner:
            _fill(config[key], inner, kept, f"{path}.")


def _together(config: dict) -> Iterator[str]:
    """What no key alone is wrong about."""
    if config.get("embed", {}).get("decode") == "gpu" and config["crop"]["format"] != "jpeg":
        yield "embed.decode: gpu needs crop.format: jpeg"
    cluster = config.get("cluster", {})
    if cluster.get("groups") is not None and (
        "consensus" not in cluster["methods"] or cluster["choose"]["primary"] not in ("auto", "consensus")
    ):
        yield (
            "cluster.groups needs the method consensus to be shown: set cluster.methods: [consensus, leiden], and "
            "cluster.choose.primary: auto"
        )


def _shorten(config: dict) -> None:
    """`cluster.groups` is a short word for the setting of the method that is asked."""
    cluster = config.get("cluster", {})
    if cluster.get("groups") is not None:
        cluster["consensus"]["groups"] = cluster["groups"]


def _settle(config: dict, schema: dict) -> None:
    """Bring the keys into the schema's order, and numbers into its type (5.0 as an integer, 0 for the default 0.0)."""
    known = schema.get("properties", {})
    ordered = {key: config[key] for key in [*(key for key in known if key in config), *config]}
    for key, inner in known.items():
        value = ordered.get(key)
        if isinstance(value, dict):
            _settle(value, inner)
        elif isinstance(value, float) and "integer" in inner.get("type", ()):
            ordered[key] = int(value)
        elif isinstance(value, (int, float)) and value == inner.get("default"):
            ordered[key] = inner["default"]
    config.clear()
    config.update(ordered)


def beyond_defaults(config: dict, *path: str) -> dict:
    """Of a section of a completed configuration what is not the default (where that changed: the one before)."""
    schema = load_schema()
    for key in path:
        config, schema = config[key], schema["properties"][key]
    return {key: value for key, value in config.items() if value != _before(schema["properties"][key])}


def default_of(key: str) -> object:
    """The schema's default of a dotted key (where that changed: the one before); None where there is no such key."""
    schema = load_schema()
    for name in key.split("."):
        schema = schema.get("properties", {}).get(name, {})
    return _before(schema)


def _before(schema: dict) -> object:
    """What a survey was made with whose settings do not speak of this key."""
    return schema.get("x-before", schema.get("default"))
