"""Find pictures and videos below the picture roots: names, sizes and times; none is read."""

import os
from collections.abc import Iterator

from camtrap.core.errors import PlanError
from camtrap.core.paths import Roots, to_text

PICTURES = frozenset(["jpg", "jpeg", "jpe", "png", "tif", "tiff", "bmp", "webp", "gif"])
VIDEOS = frozenset(["mp4", "avi", "mov", "m4v", "mpg", "mpeg", "mkv", "wmv", "3gp"])
# Folders of operating systems and network disks: deleted pictures, thumbnails, or closed to the user.
SYSTEM = frozenset(["lost+found", "System Volume Information", "$RECYCLE.BIN", "RECYCLER", "@eaDir", "#recycle"])
Row = tuple[str, int, int]


def batches(roots: Roots, results: str | os.PathLike) -> Iterator[tuple[str, list[Row]]]:
    """Yield (batch, its pictures), one batch after the other so that memory holds one batch.

    Parameters
    ----------
    roots : Roots
        Of a single folder each first-level folder is a batch, loose files are batch "."; a named root is a batch.
    results : path
        The results folder is passed over if it lies among the pictures.

    Raises
    ------
    PlanError
        A root is missing or is the results folder, or a folder cannot be listed.
    """
    skip = os.path.realpath(results)
    for name, folder in roots.folders.items():
        if not folder.is_dir():
            raise PlanError(f"{folder}: there is no such picture folder (images in the configuration)")
        if os.path.realpath(folder) == skip:
            raise PlanError(f"{folder}: pictures and results cannot be the same folder (images, results)")
        if not roots.single:
            yield name, list(scan(folder, f"{name}/", skip))
            continue
        for entry in sorted(_list(os.fspath(folder)), key=lambda entry: entry.name):
            if _is_folder(entry, skip):
                batch = to_text(entry.name)
                yield batch, list(scan(entry.path, f"{batch}/", skip))
        yield ".", list(scan(folder, "", skip, deep=False))


def scan(folder: str | os.PathLike, prefix: str = "", skip: str | None = None, deep: bool = True) -> Iterator[Row]:
    """Yield (path, size in bytes, mtime in ns) of every picture and video below a folder.

    Passed over are hidden files and folders, those of operating systems, links to nothing or into a circle, results of
    this workflow, and the folder ``skip``.

    Raises
    ------
    PlanError
        A folder cannot be listed: its pictures would count as removed.
    """
    pending = [(os.fspath(folder), prefix)]
    while pending:
        current, text = pending.pop()
        for entry in _list(current):
            name = to_text(entry.name)
            if _is_media(entry.name) and (status := _status(entry)):
                yield text + name, status.st_size, status.st_mtime_ns
            elif deep and _is_folder(entry, skip):
                pending.append((entry.path, f"{text}{name}/"))


def _is_media(name: str) -> bool:
    extension = name.rpartition(".")[2].lower()
    return (extension in PICTURES or extension in VIDEOS) and not name.startswith(".")


def _status(entry: os.DirEntry) -> os.stat_result | None:
    """Size and time of a file; None for a folder and for a link to nothing or to itself."""
    try:
        return None if _is_dir(entry) else entry.stat()
    except OSError:
        return None


def _is_dir(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_folder(entry: os.DirEntry, skip: str | None) -> bool:
    """Is this a folder in which pictures are sought?"""
    if entry.name.startswith(".") or entry.name in SYSTEM or not _is_dir(entry):
        return False
    if os.path.exists(os.path.join(entry.path, "plan", "index.tsv")):
        return False
    if not entry.is_symlink():
        return skip is None or os.path.realpath(entry.path) != skip
    real = os.path.realpath(entry.path)
    above = os.path.realpath(os.path.dirname(entry.path))
    return real != skip and not f"{above}{os.sep}".startswith(f"{real}{os.sep}")


def _list(folder: str) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise PlanError(f"{to_text(folder)}: this folder cannot be read ({error.strerror})") from None
