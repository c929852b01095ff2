"""What an expert decided about the crops: kept outside the results, added to, never changed. Imports nothing heavy."""

import os
from pathlib import Path

DECISIONS, FITS = "decisions.jsonl", "fits"
_VARIABLE = "CAMTRAP_DECIDED"


def folder_of(results: str | Path, setting: str | None = None) -> Path:
    """Where decisions lie: ``review.folder``, or else ``<results>.review`` beside the results."""
    return Path(setting) if setting else Path(f"{str(results).rstrip('/')}.review")


def decided(folder: str | Path, main: bool) -> bool:
    """Whether there are decisions.

    Parameters
    ----------
    folder : path
    main : bool
        Whether this is the main process. What it sees is handed to its jobs in an environment variable: a first decision may be
        made while they run, and one run has one set of rules.
    """
    said, _, of = os.environ.get(_VARIABLE, "").partition(":")
    if not main and of == str(folder):
        return said == "yes"
    found = (Path(folder) / DECISIONS).exists()
    if main:
        os.environ[_VARIABLE] = f"{'yes' if found else 'no'}:{folder}"
    return found
