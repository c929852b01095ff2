"""What the system says when a job can do nothing about it: a full disk, no memory, too many open files. In words, for its log."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["in_words", "missing"]

_AGAIN = "the same command goes on"
_FULL = f"there is no room left: make some; {_AGAIN}"
_MEMORY = f"memory is full: with fewer --cores more is left for each job; {_AGAIN}"
_FILES = f"too many files are open: take fewer --cores, or allow more (ulimit -n); {_AGAIN}"
_CLOSED = f"it cannot be read or written here: look at its permissions; {_AGAIN}"
_AWAY = f"the disk does not answer; {_AGAIN}"
_WORDS = (
    dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _FULL)
    | dict.fromkeys((errno.EMFILE, errno.ENFILE), _FILES)
    | dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _CLOSED)
    | dict.fromkeys((errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ETIMEDOUT), _AWAY)
    | {errno.ENOMEM: _MEMORY}
)


def in_words(error: BaseException, inputs: Iterable[str | os.PathLike] = ()) -> str | None:
    """One line for an error of the system, or for an input that is gone; None for what is a fault of ours.

    Parameters
    ----------
    inputs : iterable of path
        What the job reads: these were there when it was started.
    """
    if isinstance(error, MemoryError):
        return _MEMORY
    if not isinstance(error, OSError) or error.errno is None:
        return None
    if error.errno == errno.ENOENT:
        return missing(inputs)
    words = _WORDS.get(error.errno)
    if words is None:
        return None
    return f"{os.fsdecode(error.filename)}: {words}" if isinstance(error.filename, str | bytes) else words


def missing(inputs: Iterable[str | os.PathLike]) -> str | None:
    """The line that names the first of a job's inputs that is gone: Snakemake has seen them all before it started the job."""
    gone = next((path for path in map(Path, inputs) if not path.exists()), None)
    return f"{gone}: it was there when this job was planned, and is gone; {_AGAIN}" if gone else None
