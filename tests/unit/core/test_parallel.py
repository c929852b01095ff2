"""Threads that work ahead: order, bound, errors."""

import threading

import pytest

from camtrap.core.parallel import ordered


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_order_is_kept_whoever_finishes_first(workers):
    gates = [threading.Event() for _ in range(6)]

    def work(number):
        if number % 2 == 0 and workers > 1 and number + 1 < len(gates):
            assert gates[number + 1].wait(5)  # even ones end after the odd one behind them
        gates[number].set()
        return number * number

    assert list(ordered(work, range(6), workers)) == [0, 1, 4, 9, 16, 25]


def test_no_more_is_taken_than_memory_should_hold():
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    results = ordered(lambda number: number, items(), 2, ahead=3)
    next(results)
    assert len(taken) == 5
    results.close()


def test_an_error_reaches_the_caller():
    def work(number):
        if number == 2:
            raise ValueError("two")
        return number

    given = ordered(work, range(5), 2)
    assert [next(given), next(given)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(given)
