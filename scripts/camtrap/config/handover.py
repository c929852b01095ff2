"""The configuration is completed and checked once, in the main process; its jobs take it from there.

A cluster's job is a Snakemake of its own that parses the Snakefile again. The checking library alone takes a third of a
second to import, as long as a job of an empty shard works.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).resolve().parents[3] / "config" / "schema.yaml"
VARIABLE = "CAMTRAP_CONFIG"


def complete_once(
    config: dict[str, Any], main: bool, files: Iterable[str | Path] = (), arguments: Iterable[str] = ()
) -> dict[str, Any]:
    """Complete and check the configuration in place, or take what the main process made of the same one.

    Parameters
    ----------
    config : dict
        As read from YAML and the command line.
    main : bool
        Whether this is the main process. It hands the completed configuration to its jobs in an environment variable.
    files, arguments : iterable
        Where the configuration comes from: YAML files and what follows ``--config``; those that take precedence last.

    Returns
    -------
    dict
        The same object, completed. A job that was handed nothing (a cluster that drops the environment), or the completion
        of another configuration or schema, completes it anew.

    Raises
    ------
    ConfigError
        As :func:`camtrap.config.complete.complete`.
    DamageError
        As :func:`camtrap.config.kept.kept`.
    """
    key = _key(config)
    if not main:
        handed = json.loads(os.environ.get(VARIABLE) or "{}")
        if handed.get("key") == key:
            config.clear()
            config.update(handed["config"])
            return config
    from camtrap.config.complete import complete, load_schema
    from camtrap.config.kept import kept
    from camtrap.config.spelled import home, spell

    spell(config, files, arguments)
    home(config)
    schema, embed = load_schema(), config.get("embed")
    results = str(config.get("results") or schema["properties"]["results"]["default"])
    complete(config, schema, kept(results, schema, str(embed.get("model")) if isinstance(embed, dict) else ""))
    if main:
        _hand(key, config)
    return config


def _key(config: dict[str, Any]) -> str:
    """Hash of a configuration as it was given, and of the schema that it is completed by."""
    given = json.dumps(_by_text(config), sort_keys=True, default=repr)
    return hashlib.sha256(given.encode() + SCHEMA.read_bytes()).hexdigest()


def _by_text(value: object) -> object:
    """With keys that are text: YAML makes numbers and dates of some, which JSON neither sorts nor holds."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else repr(key): _by_text(inner) for key, inner in value.items()}
    return [*map(_by_text, value)] if isinstance(value, list) else value


def _hand(key: str, config: dict[str, Any]) -> None:
    os.environ.pop(VARIABLE, None)
    text = json.dumps({"key": key, "config": _by_text(config)}, default=repr)
    # what JSON cannot hold (a key that is a number or a date) would come out changed: such a job completes it anew
    if json.loads(text)["config"] == config and len(text) < 100_000:  # Linux takes 128 KiB for a variable
        os.environ[VARIABLE] = text
