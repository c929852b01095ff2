import numpy as np
import pytest

from camtrap.core.errors import UserError
from camtrap.networks.halving import halving


class OutOfMemory(Exception):
    """What a GPU raises."""


def card(rows):
    """A forward function of a GPU that holds so many rows, and the sizes it was called with."""
    sizes = []

    def forward(inputs):
        sizes.append(len(inputs))
        if len(inputs) > rows:
            raise OutOfMemory
        return inputs * 2.0

    return forward, sizes


def test_out_of_memory_halves_the_batch_and_loses_no_row():
    forward, sizes = card(3)
    freed = []
    limit = [16]
    inputs = np.arange(13.0)[:, None]
    outputs = halving(forward, inputs, limit, OutOfMemory, lambda: freed.append(True))
    np.testing.assert_array_equal(outputs, inputs * 2)
    assert sizes == [13, 6, 3, 3, 3, 3, 1]
    assert limit == [3]
    assert len(freed) == 2
    sizes.clear()
    halving(forward, inputs[:4], limit, OutOfMemory, lambda: None)
    assert sizes == [3, 1]  # what did not fit is not tried again


def test_a_card_too_small_for_one_row_is_one_clear_line():
    forward, _ = card(0)
    with pytest.raises(UserError, match="does not hold one picture"):
        halving(forward, np.zeros((4, 1)), [4], OutOfMemory, lambda: None)
