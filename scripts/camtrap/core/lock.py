"""Locks that the operating system frees when their process ends, however it ends."""

import errno
import os
import time
from pathlib import Path
from typing import TextIO

# File systems without flock (Lustre as some sites mount it): there is no lock to be had, and that must not end the work.
NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK)


class Lock:
    """An exclusive lock on a file, held by one process on one machine (or one shared file system that knows flock).

    ``purpose`` is what the holder says that it is doing.
    """

    def __init__(self, path: str | os.PathLike, purpose: str = "at work"):
        self.path = Path(path)
        self.purpose = purpose
        self.file: TextIO | None = None

    def acquire(self, passing: str | None = None, patience: float = 0) -> bool:
        """Take the lock; False if another run holds it.

        Where its holder's purpose is ``passing``, wait up to ``patience`` seconds for it to end; also where the holder has
        not yet said what for.
        """
        last = time.monotonic() + patience
        while not self._take():
            said = self._said()
            if passing is None or (said and not said.endswith(passing)) or time.monotonic() > last:
                return False
            time.sleep(0.2)
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self.file:
            self.file.truncate(0)  # the next holder is not taken for this one before it has written its own name
            self.file.close()
            self.file = None

    def holder(self) -> str:
        """Who holds it and what for: "process 12 on host, at work"."""
        return self._said() or "another run"

    def _said(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def _take(self) -> bool:
        import fcntl

        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = open(self.path, "a+", encoding="utf-8")  # noqa: SIM115 (it stays open: that is the lock)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        except OSError as error:
            if error.errno not in NO_LOCKS:
                file.close()
                raise
        file.truncate(0)
        file.write(f"process {os.getpid()} on {os.uname().nodename}, {self.purpose}")
        file.flush()
        self.file = file
        return True
