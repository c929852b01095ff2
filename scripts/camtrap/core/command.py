"""Commands that a person gives in a terminal."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

__all__ = ["deaf", "hear_again", "run"]

INTERRUPTED = 130  # the exit status of a shell's command that Ctrl-C ended


def run(main: Callable[[], int | None]) -> NoReturn:
    """End with the exit status that ``main`` returns; after Ctrl-C with a line instead of a traceback."""
    try:
        status = main()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        status = INTERRUPTED
    sys.exit(status)


@contextmanager
def deaf() -> Iterator[None]:
    """A process that is started within does not hear of Ctrl-C, which is for all processes of a terminal, until it is ready."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def hear_again() -> None:
    """A worker that was started :func:`deaf` is ready: Ctrl-C ends it without a word, since its parent has one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
