"""A batch that does not fit into a GPU's memory is halved, and stays so."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from camtrap.core.errors import UserError

if TYPE_CHECKING:
    import torch


def out_of_memory(error: Exception) -> bool:
    """Whether a GPU's memory ran out: torch's allocator says so, or CUDA or one of its libraries, which have no type for it."""
    import torch

    if isinstance(error, torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    # the last is what cuDNN says where no way to compute a convolution fits into the memory that is left
    said = ("out of memory", "alloc_failed", "unable to find an engine to execute this computation")
    return isinstance(error, RuntimeError) and any(words in text for words in said)


def halving(
    forward: Callable,
    inputs: "Sequence | np.ndarray | torch.Tensor",
    limit: list[int],
    free: Callable[[], None],
    join: Callable = np.concatenate,
) -> Any:
    """Call ``forward`` on parts of at most ``limit[0]`` rows; where memory runs out, halve the limit and go on.

    Parameters
    ----------
    limit : list of one int
        Kept by the caller from call to call: a batch that did not fit once is not tried again.
    free : callable
        Called when memory ran out (:func:`out_of_memory`), before the next try. What the failed call held is let go of by then.
    join : callable
        Puts the parts' outputs together.

    Raises
    ------
    UserError
        Not even one row fits.
    """
    outputs, start = [], 0
    while start < len(inputs):
        size = min(limit[0], len(inputs) - start)
        try:
            outputs.append(forward(inputs[start : start + size]))
            start += size
            continue
        except Exception as error:
            if not out_of_memory(error):
                raise
        # not in the except clause: there the error is alive, and with it all tensors of the call that failed
        free()
        if size == 1:
            raise UserError("the GPU's memory does not hold one picture: choose a smaller model or another GPU")
        limit[0] = min(limit[0], max(1, size // 2))
        logging.warning("out of GPU memory: the batch is now %d", limit[0])
    return outputs[0] if len(outputs) == 1 else join(outputs)
