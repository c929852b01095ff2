"""Everything a job says goes to its log; an error begins with one line that says what to do."""

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from camtrap.core.errors import UserError


@contextmanager
def job(log: str | os.PathLike, threads: int = 1) -> Iterator[None]:
    """Send what this process (and its libraries in C) says to the job's log; give numerical libraries their threads.

    Libraries read the number of threads when they are loaded: import them inside the block.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.makedirs(os.path.dirname(log) or ".", exist_ok=True)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(file, stream.fileno())
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr, force=True
    )
    # only what concerns the user: libraries talk too much below warnings
    for name in ("matplotlib", "PIL", "fontTools", "numba", "onnxscript", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        yield
    except UserError as error:
        logging.error("%s", error)
        sys.exit(1)
    except Exception as error:
        logging.error("%s: %s", type(error).__name__, error)
        raise


def progress(items: Iterable, total: int, what: str, seconds: float = 10) -> Iterator:
    """Yield the items and log, every so many seconds, how far it is and how long it will take."""
    start = last = time.monotonic()
    for number, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - last >= seconds or number == total:
            last, rate = now, number / max(now - start, 1e-9)
            logging.info("%s: %d of %d (%.1f/s, %.0f s left)", what, number, total, rate, (total - number) / rate)
