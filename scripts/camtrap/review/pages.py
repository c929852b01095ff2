"""A group page by page: in order of similarity, "all good" doubling and bisection until it is known where the group stops being pure.

Of n pages about 2 log2(n) are looked at (galloping search, Bentley and Yao 1976; the rule of MorphoCluster, Schröder and others
2020). It supposes that what comes later in the order is not better. How pure the pages are that nobody saw, an audit says
(`camtrap.review.audit`).
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from camtrap.cluster.scores import normalise

__all__ = ["Search", "following", "order", "pages", "searched"]


class Search(NamedTuple):
    """What is known of ``n`` pages: all before ``good`` are good (0: none), and ``bad`` is the first one known not to be (n: none)."""

    n: int
    good: int = 0
    bad: int | None = None

    @property
    def first_bad(self) -> int:
        """The first page known not to be good; n where there is none."""
        return self.n if self.bad is None else self.bad


def following(search: Search) -> int | None:
    """The page to look at next; None where it is known how many are good: ``search.good``.

    While all are good the step doubles: pages 0, 1, 3, 7, … and the last one; after the first that is not, halves.
    """
    if search.good >= search.first_bad:
        return None
    if search.bad is None:
        return min(max(search.good * 2 - 1, 0), search.n - 1)
    return (search.good + search.bad) // 2


def searched(n: int, answers: Iterable[tuple[int, bool]]) -> Search:
    """What answers, in any order, say of n pages: (page, whether all on it is good)."""
    said = list(answers)
    bad = min((page for page, fine in said if not fine and 0 <= page < n), default=None)
    good = max((page + 1 for page, fine in said if fine and 0 <= page < (n if bad is None else bad)), default=0)
    return Search(n, good, bad)


def order(x: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """The crops of a group, the most typical first, whole bursts together.

    Parameters
    ----------
    x : float32 array of shape (m, d)
        Vectors of the crops.
    unit : int array of shape (m,)
        The burst (or unit) of each.

    Returns
    -------
    int64 array of shape (m,)
        Rows: units by the cosine of their mean with the mean of all units; of equals the lower number first, and within one as given.
    """
    if not len(x):
        return np.zeros(0, np.int64)
    _, own = np.unique(unit, return_inverse=True)
    size = np.bincount(own)
    by_unit = np.argsort(own, kind="stable")
    starts = np.r_[0, np.cumsum(size)[:-1]]
    mean = normalise(np.add.reduceat(np.asarray(x, np.float32)[by_unit], starts, axis=0))
    cosine = np.round(mean @ normalise(mean.mean(0, keepdims=True))[0], 6)
    rank = np.empty(len(size), np.int64)
    rank[np.argsort(-cosine, kind="stable")] = np.arange(len(size))
    return np.argsort(rank[own], kind="stable")


def pages(unit: np.ndarray, most: int) -> np.ndarray:
    """Of crops in the order of :func:`order` the page of each, int64 (m,): up to ``most`` crops, and no burst cut in two.

    A burst that is longer than a page is a page of its own.
    """
    page, number, filled = np.zeros(len(unit), np.int64), 0, 0
    if not len(unit):
        return page
    starts = np.flatnonzero(np.r_[True, unit[1:] != unit[:-1]])
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(unit)], strict=True):
        if filled and filled + end - start > most:
            number, filled = number + 1, 0
        page[start:end] = number
        filled += end - start
    return page
