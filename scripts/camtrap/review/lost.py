"""A log of decisions that knows less than these results were made of: it was damaged, or another's lies in its place."""

import os
from collections.abc import Collection
from pathlib import Path

from camtrap.core.errors import UserError
from camtrap.core.files import read_json
from camtrap.review.decisions import key
from camtrap.review.log import Log

__all__ = ["refuse"]


def refuse(folder: str | os.PathLike, results: str | os.PathLike, given: Collection[str]) -> None:
    """Refuse to make labels of such a log: nothing is ever taken out of one, not even by an undo.

    Parameters
    ----------
    folder : path
        ``<results>.review``, where there is one.
    results : path
        ``tables/labels.json`` has how many decisions were read for it. (An earlier version did not write it down.)
    given : collection of str
        Names that these results have from decisions.

    Raises
    ------
    UserError
        In one line, with the first line of the log that cannot be read.
    """
    log, info = Log(folder), Path(results) / "tables" / "labels.json"
    there = log.read()
    before = int(read_json(info, "names").get("decisions", 0)) if info.exists() else 0
    known = {key(decision.name) for decision in there if decision.name is not None}
    lost = sorted(name for name in given if key(name) not in known)
    if len(there) >= before and not lost:
        return
    what = f"{before} decisions were in it when these results were made, and {len(there)} can be read now"
    if len(there) >= before:
        what = f"it knows nothing of names that these results have from decisions ({', '.join(lost[:3])})"
    raise UserError(
        f"{log.path}: {what}: put a copy of it back, or say yes: 'plan={{redo: names}}'"
        + "".join(f" ({note.removeprefix(f'{log.path}: ')})" for note in log.notes[:1])
    )
