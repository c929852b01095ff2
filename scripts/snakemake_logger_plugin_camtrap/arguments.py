"""Mistakes in the command, and in its YAML files, that Snakemake answers with a traceback or not at all.

Snakemake imports its plugins before it looks at the command, so that they can be said here in one line.
"""

import re
import sys
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from snakemake_logger_plugin_camtrap.written import unusable

__all__ = ["mistake", "refuse"]

# What Snakemake takes for the name of a key (`snakemake.cli.parse_config`, 9.27.1).
_NAME = re.compile(r"[a-zA-Z_][\w-]*\w")


def mistake(arguments: Sequence[str]) -> str | None:
    """What is wrong with a command's ``--config`` and ``--configfile``, in one line; None if nothing is.

    Parameters
    ----------
    arguments : sequence of str
        What follows ``snakemake``.
    """
    for at, argument in enumerate(arguments):
        option, joined, value = argument.partition("=")
        values = [value] if joined else [*takewhile(lambda word: not word.startswith("-"), arguments[at + 1 :])]
        values = [value for value in values if not value.startswith("base64//")]  # how Snakemake tells its jobs
        if option in ("--config", "-C"):
            if said := _settings(values):
                return f"--config {' '.join(values)}: {said}"
        elif option in ("--configfile", "--configfiles"):
            for file in values:
                if "://" not in file and (said := unusable(file)):
                    return f"--configfile {file}: {said}"
    return None


def _settings(values: Sequence[str]) -> str | None:
    """What is wrong with what follows ``--config``."""
    if any(value.count("{") != value.count("}") or value.count("[") != value.count("]") for value in values):
        return "put quotation marks around what has blanks in it ('crop={threshold: 0.3}')"
    for value in values:
        name, equals, rest = value.partition("=")
        if not equals or not name:
            return "write name=value, without blanks around = (--config images=… results=…)"
        section, *keys = name.split(".")
        if keys and _NAME.fullmatch(section):
            inner = "".join(f"{{{key}: " for key in keys) + rest + "}" * len(keys)
            return f"write '{section}={inner}' instead of {value}"
        if not _NAME.fullmatch(name):
            return f"{name!r} is not a name of a setting"
    return None


def refuse() -> None:
    """End this process if it is Snakemake and its command has such a mistake."""
    if Path(sys.argv[0]).name not in ("snakemake", "__main__.py"):
        return
    if said := mistake(sys.argv[1:]):
        sys.exit(said)
