"""Find pictures and videos below the picture roots: names, sizes and times; none is read."""

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator

from camtrap.core.errors import PlanError
from camtrap.core.paths import Roots, to_text

PICTURES = frozenset(["jpg", "jpeg", "jpe", "jfif", "png", "tif", "tiff", "bmp", "webp", "gif"])
VIDEOS = frozenset(["mp4", "avi", "mov", "m4v", "mpg", "mpeg", "mkv", "wmv", "3gp"])
# Pictures and videos of formats that are not read: counted, so that nobody takes them for looked at.
_UNREAD_PICTURES = {"heic", "heif", "hif", "avif", "jxl", "jp2"}
_RAW = {"cr2", "cr3", "crw", "nef", "nrw", "arw", "sr2", "dng", "raf", "orf", "rw2", "pef", "srw", "3fr", "iiq"}
_UNREAD_VIDEOS = {"mts", "m2ts", "vob", "flv", "webm", "asf", "dav", "h264", "h265"}
UNREAD = frozenset(_UNREAD_PICTURES | _RAW | _UNREAD_VIDEOS)
# Links to folders that are followed one inside the other: folders that link to each other have no end.
LINKS = 3
# Errors of a name, not of a disk: a link to nothing or to itself, or a file that was deleted at this moment.
_NO_FILE = frozenset([errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EACCES, errno.ENAMETOOLONG])
# Folders of operating systems and network disks: deleted pictures, thumbnails, or closed to the user.
SYSTEM = frozenset(["lost+found", "System Volume Information", "$RECYCLE.BIN", "RECYCLER", "@eaDir", "#recycle"])
Row = tuple[str, int, int]


def batches(
    roots: Roots, results: str | os.PathLike, passed: Counter[str] | None = None
) -> Iterator[tuple[str, list[Row]]]:
    """Yield (batch, its pictures), one batch after the other so that memory holds one batch.

    Parameters
    ----------
    roots : Roots
        Of a single folder each first-level folder is a batch, loose files are batch "."; a named root is a batch.
    results : path
        The results folder is passed over if it lies among the pictures.
    passed : Counter, optional
        Counts the files whose format is not read, by kind ("HEIC").

    Raises
    ------
    PlanError
        A root is missing or is the results folder, or a folder cannot be listed.
    """
    skip = os.path.realpath(results)
    passed = Counter() if passed is None else passed
    inside = [os.path.realpath(folder) for folder in roots.folders.values()]
    for name, folder in roots.folders.items():
        if not folder.is_dir():
            hint = "; write ~ or the whole path: only a shell knows what $ stands for" if "$" in str(folder) else ""
            raise PlanError(f"{folder}: there is no such picture folder (images in the configuration{hint})")
        top = os.fspath(folder)
        if os.path.realpath(top) == skip:
            raise PlanError(f"{folder}: pictures and results cannot be the same folder (images, results)")
        if not roots.single:
            yield name, list(_scan(top, f"{name}/", skip, inside, passed))
            continue
        for entry in sorted(_list(top), key=lambda entry: entry.name):
            if _is_folder(entry) and (links := _followed(entry, skip, inside, ())) is not None:
                batch = to_text(entry.name)
                yield batch, list(_scan(entry.path, f"{batch}/", skip, inside, passed, links))
        yield ".", list(_scan(top, "", skip, inside, passed, deep=False))


def _scan(
    folder: str,
    prefix: str,
    skip: str,
    inside: list[str],
    passed: Counter[str],
    links: tuple[str, ...] = (),
    deep: bool = True,
) -> Iterator[Row]:
    """Yield (path, size in bytes, mtime in ns) of every picture and video below a folder.

    Passed over are what is not a file (pipes, sockets, devices), hidden files and folders, those of operating systems,
    results of this workflow, the folder ``skip``, links to nothing or into a circle, and links to folders that are
    looked through anyway (``inside``). ``links`` are the real folders in which a link was followed to come here.

    Raises
    ------
    PlanError
        A folder or a file does not answer: its pictures would count as removed.
    """
    pending = [(folder, prefix, links)]
    while pending:
        current, text, links = pending.pop()
        for entry in _list(current):
            name = to_text(entry.name)
            kind = "" if name.startswith(".") or "." not in name else name.rpartition(".")[2].lower()
            if kind in PICTURES or kind in VIDEOS:
                if status := _status(entry):
                    yield text + name, status.st_size, status.st_mtime_ns
                    continue
            elif kind in UNREAD and _status(entry):
                passed[kind.upper()] += 1
                continue
            if deep and _is_folder(entry) and (further := _followed(entry, skip, inside, links)) is not None:
                pending.append((entry.path, f"{text}{name}/", further))


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """Size and time of a regular file; None for anything else, and for a link to nothing or to itself."""
    try:
        status = entry.stat()
    except OSError as error:
        if error.errno == errno.EACCES and not entry.is_symlink():
            folder = to_text(os.path.dirname(entry.path))
            raise PlanError(
                f"{folder}: there is no permission to look at the files in this folder (chmod u+x)"
            ) from None
        if error.errno in _NO_FILE:
            return None
        raise _no_answer(entry, error) from None
    return status if stat.S_ISREG(status.st_mode) else None


def _no_answer(entry: os.DirEntry[str], error: OSError) -> PlanError:
    return PlanError(f"{to_text(entry.path)}: the disk does not answer ({error.strerror}); run again later")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Is this a folder in which pictures are sought?

    Raises
    ------
    PlanError
        It does not answer: its pictures would count as removed.
    """
    if entry.name.startswith(".") or entry.name in SYSTEM:
        return False
    try:
        return entry.is_dir() and not os.path.exists(os.path.join(entry.path, "plan", "index.tsv"))
    except OSError as error:
        if error.errno in _NO_FILE:
            return False
        raise _no_answer(entry, error) from None


def _followed(entry: os.DirEntry[str], skip: str, inside: list[str], links: tuple[str, ...]) -> tuple[str, ...] | None:
    """``links`` inside this folder; None for a folder that is not to be looked through."""
    if not entry.is_symlink():
        # only the results folder's own name needs the way through all links
        same = entry.name == os.path.basename(skip) and os.path.realpath(entry.path) == skip
        return None if same else links
    real, above = os.path.realpath(entry.path), os.path.realpath(os.path.dirname(entry.path))
    if real == skip or len(links) >= LINKS or any(_lies_in(place, real) for place in (above, *links)):
        return None
    if any(_lies_in(real, root) and not _closed(real[len(root) :]) for root in inside):
        return None
    return (*links, above)


def _lies_in(path: str, folder: str) -> bool:
    return f"{path}{os.sep}".startswith(f"{folder.rstrip(os.sep)}{os.sep}")


def _closed(way: str) -> bool:
    """Does this way below a root lead through a folder that is passed over?"""
    return any(part.startswith(".") or part in SYSTEM for part in way.split(os.sep))


def _list(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise PlanError(f"{to_text(folder)}: this folder cannot be read ({error.strerror})") from None
