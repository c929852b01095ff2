"""A batch that does not fit into a GPU's memory is halved, and stays so."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from camtrap.core.errors import UserError

if TYPE_CHECKING:
    import torch


def halving(
    forward: Callable,
    inputs: "Sequence | np.ndarray | torch.Tensor",
    limit: list[int],
    error: type[Exception],
    free: Callable[[], None],
    join: Callable = np.concatenate,
) -> Any:
    """Call ``forward`` on parts of at most ``limit[0]`` rows; where memory runs out, halve the limit and go on.

    Parameters
    ----------
    limit : list of one int
        Kept by the caller from call to call: a batch that did not fit once is not tried again.
    error : type
        What ``forward`` raises when memory runs out.
    free : callable
        Called then, before the next try.
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
        except error:
            free()
            if size == 1:
                raise UserError(
                    "the GPU's memory does not hold one picture: choose a smaller model or another GPU"
                ) from None
            limit[0] = min(limit[0], max(1, size // 2))
            logging.warning("out of GPU memory: the batch is now %d", limit[0])
    return outputs[0] if len(outputs) == 1 else join(outputs)
