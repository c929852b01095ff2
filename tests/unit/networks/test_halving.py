import weakref

import numpy as np
import pytest
import torch

from camtrap.core.errors import UserError
from camtrap.networks.halving import halving, out_of_memory


def card(rows):
    """A forward function of a GPU that holds so many rows, and the sizes it was called with."""
    sizes = []

    def forward(inputs):
        sizes.append(len(inputs))
        if len(inputs) > rows:
            raise torch.OutOfMemoryError
        return inputs * 2.0

    return forward, sizes


def test_out_of_memory_halves_the_batch_and_loses_no_row():
    forward, sizes = card(3)
    freed = []
    limit = [16]
    inputs = np.arange(13.0)[:, None]
    outputs = halving(forward, inputs, limit, lambda: freed.append(True))
    np.testing.assert_array_equal(outputs, inputs * 2)
    assert sizes == [13, 6, 3, 3, 3, 3, 1]
    assert limit == [3]
    assert len(freed) == 2
    sizes.clear()
    halving(forward, inputs[:4], limit, lambda: None)
    assert sizes == [3, 1]  # what did not fit is not tried again


def test_a_card_too_small_for_one_row_is_one_clear_line():
    forward, _ = card(0)
    with pytest.raises(UserError, match="does not hold one picture"):
        halving(forward, np.zeros((4, 1)), [4], lambda: None)


def test_what_the_failed_call_held_is_let_go_of_before_the_next():
    """An error keeps the frames that it went through, and so their tensors."""
    held, alive = [], []

    def forward(inputs):
        large = np.zeros(1000)
        held.append(weakref.ref(large))
        if len(inputs) > 1:
            raise torch.OutOfMemoryError
        return inputs

    halving(forward, np.zeros((2, 1)), [2], lambda: alive.append(held[0]() is not None))
    assert alive == [False]


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_which_errors_say_that_memory_ran_out(error, memory):
    assert out_of_memory(error) == memory


def test_another_error_is_handed_on():
    def forward(inputs):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        halving(forward, np.zeros((2, 1)), [2], lambda: None)
