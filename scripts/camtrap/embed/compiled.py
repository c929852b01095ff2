"""A torch network compiled by ``torch.compile`` (``embed.compile``): once, before threads share it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from camtrap.core.errors import UserError
from camtrap.pictures.decode import one_line

if TYPE_CHECKING:
    import torch


def compiled(network: Callable, threads: int) -> Callable:
    """The network as ``torch.compile`` will have it; :func:`compile_now` lets it compile.

    One graph serves batches of any size, as the trial for the best batch, the last one of a shard and memory that runs
    out make many sizes: the number of rows alone is left open. The mode is the default: CUDA graphs (the modes
    "reduce-overhead" and "max-autotune") keep one memory for all calls, and two threads call at once.

    Parameters
    ----------
    network : callable
        A torch module in evaluation mode; maps a tensor (n, 3, s, s) to (n, d).
    threads : int
        Processes that compile kernels; torch would take one per core.
    """
    import torch
    import torch._dynamo
    import torch._inductor.config

    torch._inductor.config.compile_threads = max(1, threads)
    module = torch.compile(network)

    def call(tensor: "torch.Tensor") -> "torch.Tensor":
        torch._dynamo.mark_dynamic(tensor, 0)
        return module(tensor)

    return call


def compile_now(forward: Callable[[np.ndarray], np.ndarray], example: np.ndarray, rows: int) -> None:
    """Compile by a first call, and let nothing be compiled after it.

    torch.compile is not safe while another thread computes (its tracer patches modules for the whole process), so that
    it is done here, before there are threads, and what would compile again runs as it is: a batch of one row, which
    torch always compiles apart.

    Parameters
    ----------
    forward : callable
        Calls what :func:`compiled` gave, in the modes (inference, precision) of all later calls.
    example : float32 array, shape (3, side, side)
    rows : int
        Rows of the first batch; at least 2 are taken.

    Raises
    ------
    UserError
        torch cannot compile the network for batches of any size, or finds no compiler.
    """
    import torch

    torch.compiler.set_stance("default")
    try:
        forward(np.repeat(example[None], max(2, rows), axis=0))
    except UserError:
        raise
    except Exception as error:  # the compiler raises errors of many kinds
        raise UserError(
            f"embed.compile: torch.compile cannot compile this network here ({one_line(error)}): set it to false"
        ) from None
    torch.compiler.set_stance("eager_on_recompile")
