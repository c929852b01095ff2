"""Exports that are not asked for any more must not lie beside newer tables as if they belonged to them."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from camtrap.core import checksums
from camtrap.export.registry import EXPORTS, wanted

__all__ = ["put_aside"]

FOLDER = "outdated"


def put_aside(export: Path, settings: Mapping[str, object], sources: Iterable[Path]) -> list[str]:
    """Move exports that this run did not make, and that are older than what they are made of, to ``export/outdated/``.

    Parameters
    ----------
    export : Path
        The folder of exports.
    settings : mapping
        The configuration's ``export`` section.
    sources : iterable of Path
        What the exports are made of; those that are there count.

    Returns
    -------
    list of str
        One line for each export that was moved. What an earlier run moved under that name is gone then.
    """
    newest = max((path.stat().st_mtime_ns for path in sources if path.exists()), default=0)
    made = wanted(settings)
    lines = []
    for entry in EXPORTS.values():
        path, aside = export / entry.file, export / FOLDER / entry.file
        if entry.file in made or not path.exists() or path.stat().st_mtime_ns >= newest:
            continue
        for name in (entry.file, *entry.beside):
            _replace(export / name, export / FOLDER / name)
            checksums.forget(export.parent, [export / name])
        lines.append(f"{path} is of older clusters and is not asked for any more: moved to {aside}")
    return lines


def _replace(source: Path, target: Path) -> None:
    if not source.exists():
        return
    target.parent.mkdir(exist_ok=True)
    if target.is_dir():
        shutil.rmtree(target)
    source.replace(target)
