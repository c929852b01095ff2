"""Reading the plan's tables."""

import os
from collections.abc import Iterator
from pathlib import Path

from camtrap.core.errors import DamageError, PlanError
from camtrap.pictures.frames import is_video
from camtrap.pictures.source import Planned
from camtrap.plan.scan import Row

__all__ = ["has_videos", "planned_of", "read_manifest", "read_tsv", "videos_planned"]


def planned_of(results: str | os.PathLike, shard: str) -> Planned:
    """What the plan knows of a shard's files, for the jobs that read them; nothing where there is no plan."""
    plan = Path(results) / "plan"
    rows = read_manifest(plan / "manifests" / f"{shard}.tsv")
    known: dict[str, tuple[int, ...]] = {path: (changed,) for path, _, changed in rows}
    # both lists may name all of a survey: they are not held in memory
    touched = plan / "touched.tsv"
    try:
        for path, _, changed in _lines(touched):
            if path in known:
                known[path] += (int(changed),)
    except ValueError:
        raise DamageError.of(touched, "not rows of path, size and time") from None
    current = plan / "current"
    name = current.read_text(encoding="utf-8", errors="replace").rpartition(":")[2] if current.exists() else ""
    gone = frozenset(path for (path,) in _lines(plan / "removed" / f"{name}.tsv") if path in known)
    return Planned(known, gone)


def _lines(file: Path) -> Iterator[list[str]]:
    """Rows of a tab-separated file without its header, one after the other; a missing file has none."""
    if file.exists():
        with open(file, encoding="utf-8", newline="\n") as lines:
            next(lines, None)
            for line in lines:
                yield line.rstrip("\n").split("\t")


def read_tsv(path: str | os.PathLike) -> list[list[str]]:
    """Rows of a tab-separated file without its header; a missing file has none."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        raise PlanError(f"{path} is damaged (not UTF-8): put back a copy of it") from None
    return [line.split("\t") for line in text.split("\n")[1:] if line]


def has_videos(manifest: str | os.PathLike) -> bool:
    """Whether a shard has videos; False where its manifest is not there yet."""
    return any(is_video(row[0]) for row in read_manifest(manifest))


def videos_planned(manifests: Path) -> list[str]:
    """Paths of all videos in a folder of manifests, sorted."""
    rows = (row for manifest in manifests.glob("*.tsv") for row in read_manifest(manifest))
    return sorted({row[0] for row in rows if is_video(row[0])})


def read_manifest(path: str | os.PathLike) -> list[Row]:
    """Rows of a manifest: (path, size in bytes, mtime in ns).

    Raises
    ------
    DamageError
        A row does not have three columns, or size or time is not a number.
    """
    try:
        return [(name, int(size), int(mtime)) for name, size, mtime in read_tsv(path)]
    except ValueError:
        raise DamageError.of(path, "not rows of path, size and time") from None
