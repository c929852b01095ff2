"""Files that a job could not use because they were gone, changed or closed at that moment: the next plan looks at them again.

``plan/again/{shard}.tsv`` holds their paths. It is written beside a job's results, and read when there is a new plan.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from camtrap.core.errors import OutageError
from camtrap.core.files import write_text
from camtrap.core.paths import Roots
from camtrap.pictures.frames import split_frame
from camtrap.pictures.source import CHANGED, CLOSED, VANISHED, Planned


def note(
    results: str | os.PathLike, shard: str, failures: Iterable[tuple[str, str]], n_read: int, planned: Planned
) -> None:
    """Note the failures that tell of this moment and not of the file.

    Parameters
    ----------
    results : path
        The results folder.
    shard : str
        Of which the files were to be read.
    failures : iterable of (path, reason)
        All failures of the job.
    n_read : int
        How many pictures the job was to read.
    planned : Planned
        What was gone when the run was planned.

    Raises
    ------
    OutageError
        All of several pictures have vanished, or none of them may be read.
    """
    failures = [(split_frame(path)[0] or path, reason) for path, reason in failures]
    gone = [path for path, reason in failures if reason.endswith(VANISHED) and path not in planned.gone]
    if len(gone) == n_read > 1:
        raise OutageError(
            f"{gone[0]} and all other {n_read - 1} pictures of {shard} have vanished; is the disk mounted? "
            "Once they are back, the same command tries again"
        )
    closed = [path for path, reason in failures if reason.endswith(CLOSED)]
    if len(closed) == n_read > 1:
        raise OutageError(
            f"{closed[0]} and all other {n_read - 1} pictures of {shard} may not be read by this user: change their permissions "
            "(chmod -R u+rX on your own ones); the same command tries again"
        )
    paths = {path for path, reason in failures if reason.endswith((VANISHED, CHANGED, CLOSED))}
    file = _file(Path(results) / "plan", shard)
    if paths:
        write_text(file, "".join(f"{path}\n" for path in sorted(paths | noted(file.parent.parent, shard))))


def forget(results: str | os.PathLike, shard: str) -> None:
    """A shard's files are all looked at once more: what was noted before does not count."""
    _file(Path(results) / "plan", shard).unlink(missing_ok=True)


def noted(plan: Path, shard: str) -> set[str]:
    """Paths of a shard's files that are to be looked at again."""
    try:
        return set(_file(plan, shard).read_text(encoding="utf-8").split("\n")) - {""}
    except FileNotFoundError:
        return set()


def readable(plan: Path, shard: str, roots: Roots) -> set[str]:
    """Of :func:`noted` those that can be read now: of the others nothing would come but what came before."""
    return {path for path in noted(plan, shard) if os.access(roots.locate(path), os.R_OK)}


def _file(plan: Path, shard: str) -> Path:
    return plan / "again" / f"{shard}.tsv"
