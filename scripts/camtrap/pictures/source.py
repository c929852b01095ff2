"""The file of a picture or video: what may be read of it, whether it is the one that was planned, and what no picture is to blame for."""

import errno
import os
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from camtrap.core.errors import OutageError, PictureError
from camtrap.core.hashes import file_hash
from camtrap.core.paths import Roots

# A picture of 100 million pixels without compression has 300 MB; several are in memory at once.
MAX_BYTES = 300_000_000
VANISHED = "the file has vanished since it was planned"
CLOSED = "there is no permission to read the file"
CHANGED = "the file has changed since it was planned; run again"
# Some network disks keep times less finely than others that show the same file.
SAME_TIME_NS = 1_000_000
_DISK = {errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.EREMOTEIO}
_NETWORK = {errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH, errno.ETIMEDOUT}
PASSING = frozenset(_DISK | _NETWORK | {errno.EMFILE, errno.ENFILE, errno.ENOMEM})


@dataclass(frozen=True)
class Seen:
    """What a file was when it was planned or indexed.

    Attributes
    ----------
    size : int
        Bytes.
    times : tuple of int
        Times of change (ns) that it may have; none: any.
    sha256 : str or None
        Where its content is known.
    gone : bool
        It was not there when this run was planned.
    """

    size: int
    times: tuple[int, ...] = ()
    sha256: str | None = None
    gone: bool = False

    def check(self, path: str | os.PathLike, status: os.stat_result) -> None:
        """Compare a file with it; where only the time differs and the content is known, that decides.

        Raises
        ------
        PictureError
            It is another file.
        """
        same = not self.times or any(abs(status.st_mtime_ns - time) < SAME_TIME_NS for time in self.times)
        if status.st_size != self.size or not (same or (self.sha256 and file_hash(path) == self.sha256)):
            raise PictureError(CHANGED)


@dataclass(frozen=True)
class Planned:
    """What the plan knows of a shard's files: by path the times that they may have; and which of them are gone."""

    times: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    gone: Collection[str] = ()

    def of(self, row: Mapping[str, Any]) -> Seen | None:
        """What the index saw of a row's file."""
        path = row.get("video") or row["path"]
        if row.get("bytes") is None:
            return None
        known = None if row.get("video") else row.get("image_id")
        return Seen(row["bytes"], self.times.get(path, ()), known, path in self.gone)


def check(path: str | os.PathLike, seen: Seen | None = None) -> os.stat_result:
    """Look at a file without opening it (a pipe would wait for ever).

    Raises
    ------
    PictureError
        It is gone, cannot be read, is not a regular file, or is not the one that was ``seen``.
    OutageError
        The disk does not answer.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise told(error, path) from None
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, a socket or a device"
        raise PictureError(f"the file cannot be read (it is {kind})")
    if seen is not None:
        seen.check(path, status)
    return status


def read(path: str | os.PathLike, seen: Seen | None = None, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a whole picture, once.

    Raises
    ------
    PictureError
        As :func:`check`; or it has more than ``max_bytes``, or grows while it is read.
    OutageError
        The disk does not answer.
    """
    size = check(path, seen).st_size
    if size > max_bytes:
        raise PictureError(f"{size:,} bytes are more than a picture has (the limit is {max_bytes:,})")
    try:
        with open(path, "rb") as file:
            data = file.read(size + 1)
            status = os.fstat(file.fileno())
    except OSError as error:
        raise told(error, path) from None
    if len(data) != size or (seen is not None and status.st_size != size):
        raise PictureError(CHANGED)
    return data


def told(error: OSError, path: str | os.PathLike) -> PictureError | OutageError:
    """What an error of the system means: for this picture, or for all of them."""
    if error.errno in PASSING:
        return OutageError(
            f"{os.fspath(path)}: the disk or the system does not answer ({os.strerror(error.errno)}); "
            "the same command tries again (if only this file cannot be read, move it away)"
        )
    if isinstance(error, FileNotFoundError):
        return PictureError(VANISHED)
    if isinstance(error, PermissionError):
        return PictureError(CLOSED)
    return PictureError(f"the file cannot be read ({error.strerror or error})")


def no_memory(path: str) -> OutageError:
    """What to say where memory ended."""
    return OutageError(
        f"{path}: memory is full; the same command tries again (with fewer --cores more is left for each job)"
    )


def blame(roots: Roots, path: str, error: PictureError, seen: Seen | None) -> PictureError | OutageError:
    """Of a picture that has vanished since this run was planned, say whether its whole card or the picture folder has."""
    if str(error) != VANISHED or (seen is not None and seen.gone):
        return error
    first, _, rest = path.partition("/")
    folders = [os.fspath(roots.folders["" if roots.single else first])]
    if roots.single and rest:
        folders.append(roots.locate(first))
    for folder in folders:
        if not os.path.isdir(folder):
            return OutageError(
                f"{folder}: this picture folder is not there; once it is back, the same command tries again"
            )
    return error
