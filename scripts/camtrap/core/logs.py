"""Everything a job says goes to its log; an error begins with one line that says what to do."""

import logging
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from camtrap.core import checksums
from camtrap.core.errors import OutageError, UserError
from camtrap.core.system import in_words, missing
from camtrap.core.whole import first_damaged


@contextmanager
def job(
    log: str | os.PathLike,
    threads: int = 1,
    inputs: Sequence[str | os.PathLike] = (),
    outputs: Sequence[str | os.PathLike] = (),
) -> Iterator[None]:
    """Send what this process (and its libraries in C) says to the job's log; give numerical libraries their threads.

    ``inputs`` are compared with their checksums before the block, those of ``outputs`` are recorded after it.
    Libraries read the number of threads when they are loaded: import them inside the block.
    """
    results = checksums.results_of(log)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = str(threads)
    try:
        _say_to(log)
    except OSError as error:
        sys.exit(in_words(error) or str(error))
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr, force=True
    )
    # only what concerns the user: libraries talk too much below warnings
    for name in ("matplotlib", "PIL", "fontTools", "numba", "onnxscript", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # a Ctrl-C while this process began has waited (rules/internals.smk); what it does goes to the log, too
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        if gone := missing(inputs):
            raise OutageError(gone)
        if results:
            checksums.verify(results, inputs)
            checksums.forget(results, outputs)
        yield
        if results:
            checksums.record(results, outputs)
    except UserError as error:
        logging.error("%s", error)
        sys.exit(1)
    except Exception as error:
        if told := in_words(error, inputs):
            logging.error("%s", told)
            sys.exit(1)
        # an older survey has no checksums: is it a file that cannot be read?
        if damaged := first_damaged(inputs, error):
            logging.error("%s", damaged)
            sys.exit(1)
        logging.error("%s: %s", type(error).__name__, error)
        raise


def _say_to(log: str | os.PathLike) -> None:
    os.makedirs(os.path.dirname(log) or ".", exist_ok=True)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(file, stream.fileno())


def progress(items: Iterable, total: int, what: str, seconds: float = 10) -> Iterator:
    """Yield the items and log, every so many seconds, how far it is and how long it will take."""
    start = last = time.monotonic()
    for number, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - last >= seconds or number == total:
            last, rate = now, number / max(now - start, 1e-9)
            logging.info("%s: %d of %d (%.1f/s, %.0f s left)", what, number, total, rate, (total - number) / rate)
