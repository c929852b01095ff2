"""A way that is timed, in a process of its own, as its user would run it.

In one process each would live in the memory that others left: Pillow decodes a picture twice as fast where the C library
keeps freed pages as where it fetches them anew, and which of the two it does depends on what the process did before.
"""

import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable
from unittest import mock

# glibc then keeps what is freed, whatever came before
MEMORY_KEPT = {"MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**31)}


class Apart:
    """Call ``make(*arguments)`` in a new process, then what it returned each time this is called.

    Parameters
    ----------
    make : callable
        A function of a module, so that the new process finds it; it prepares (loads a network, say) and returns what is timed.
    environment : dict, optional
        Variables that the process has beside this one's.

    Attributes
    ----------
    value : object
        What the last call returned there.
    """

    def __init__(self, make: Callable[..., Callable], *arguments, environment: dict[str, str] | None = None):
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, make, arguments), daemon=True)
        with mock.patch.dict(os.environ, environment or {}):
            self._process.start()
        other.close()
        self.value: object = None
        self._receive()  # it is ready: ways prepare one after another

    def _receive(self) -> object:
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(10)
            raise RuntimeError(
                f"the process of a way has ended (exit code {self._process.exitcode}); its error, if any, stands above"
            ) from None

    def __call__(self) -> float:
        """Seconds that one call took in its process."""
        with contextlib.suppress(OSError):  # if it has ended, the next line says so
            self._pipe.send(True)
        seconds, self.value = self._receive()
        return seconds

    def close(self) -> None:
        """End the process; the value stays."""
        self._pipe.close()
        self._process.join(30)
        self._process.kill()


def _serve(pipe, make: Callable[..., Callable], arguments: tuple) -> None:
    way = make(*arguments)
    pipe.send(True)
    while True:
        try:
            pipe.recv()
        except EOFError:
            return
        begin = time.perf_counter()
        value = way()
        pipe.send((time.perf_counter() - begin, value))
