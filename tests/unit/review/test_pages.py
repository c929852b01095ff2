"""All good: doubling and bisection; order and pages."""

import numpy as np
import pytest

from camtrap.review.pages import Search, following, order, pages, searched


def looks(n, good):
    """Pages looked at until it is known that the first ``good`` of n are."""
    answers = []
    while (page := following(searched(n, answers))) is not None:
        assert page not in dict(answers)
        answers.append((page, page < good))
    assert searched(n, answers).good == good
    return len(answers)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 64, 100])
def test_every_border_is_found(n):
    for good in range(n + 1):
        looks(n, good)


def test_few_pages_are_looked_at():
    assert looks(2000, 2000) <= 13
    assert np.mean([looks(2000, good) for good in range(2001)]) < 21


def test_the_step_doubles():
    seen = []
    while (page := following(searched(100, seen))) is not None:
        seen.append((page, True))
    assert [page for page, _ in seen] == [0, 1, 3, 7, 15, 31, 63, 99]


def test_answers_in_any_order_and_of_no_page_at_all():
    assert searched(10, [(4, False), (1, True), (7, False), (9, True)]) == Search(10, 2, 4)
    assert following(Search(0)) is None


def test_typical_bursts_come_first_and_stay_whole():
    x = np.array([[0.5, 1], [1, -0.2], [1, 0.1], [0.6, 1], [0.9, 0.1]], np.float32)
    found = order(x, np.array([1, 2, 3, 1, 3]))
    assert found.tolist() == [2, 4, 1, 0, 3]


def test_no_burst_is_cut_by_a_page():
    unit = np.repeat([3, 1, 2, 9, 5], [2, 2, 3, 9, 1])
    assert pages(unit, 4).tolist() == [0] * 4 + [1] * 3 + [2] * 9 + [3]
    assert pages(unit[:0], 4).tolist() == []
