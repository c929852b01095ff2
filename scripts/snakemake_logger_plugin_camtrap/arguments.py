"""Mistakes in the command that Snakemake answers with a traceback before it reads a Snakefile.

Snakemake imports its plugins before it looks at the command, so that they can be said here in one line.
"""

import os
import sys
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

__all__ = ["mistake", "refuse"]


def mistake(arguments: Sequence[str]) -> str | None:
    """What is wrong with a command's ``--config`` and ``--configfile``, in one line; None if nothing is.

    Parameters
    ----------
    arguments : sequence of str
        What follows ``snakemake``.
    """
    for at, option in enumerate(arguments):
        values = list(takewhile(lambda value: not value.startswith("-"), arguments[at + 1 :]))
        values = [value for value in values if not value.startswith("base64//")]  # how Snakemake tells its jobs
        if option in ("--config", "-C"):
            if any("=" not in value or value.startswith("=") for value in values):
                return f"--config {' '.join(values)}: write name=value, without blanks around = (--config images=… results=…)"
        elif option in ("--configfile", "--configfiles"):
            for value in values:
                if "://" not in value and not os.path.exists(value):
                    return f"--configfile {value}: there is no such file in {os.getcwd()}; look at its path"
    return None


def refuse() -> None:
    """End this process if it is Snakemake and its command has such a mistake."""
    if Path(sys.argv[0]).name not in ("snakemake", "__main__.py"):
        return
    if said := mistake(sys.argv[1:]):
        sys.exit(said)
