"""Threads that work ahead while their results are taken in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int, ahead: int = 1
) -> Iterator[Result]:
    """Yield ``function(item)`` in the items' order; ``workers`` threads work, memory holds no more than it must.

    Parameters
    ----------
    function : callable
        Called by several threads at once. The first error ends the iteration.
    items : iterable
        Taken one after another by the caller's thread, and only ``workers + ahead`` before their results.
    workers : int
        Threads; less than one counts as one.
    ahead : int
        Results that may wait to be taken.
    """
    workers = max(1, workers)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= workers + ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of ``size`` items; the last may be shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
