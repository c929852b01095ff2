"""What an expert decided about the crops: kept outside the results, added to, never changed. Imports nothing heavy."""

from pathlib import Path

DECISIONS, FITS = "decisions.jsonl", "fits"


def folder_of(results: str | Path, setting: str | None = None) -> Path:
    """Where decisions lie: ``review.folder``, or else ``<results>.review`` beside the results."""
    return Path(setting) if setting else Path(f"{str(results).rstrip('/')}.review")
