"""How many jobs compute on a card at once, and in how many threads: decided by the main process, told to jobs by the environment.

A job starts and prepares pictures while another one computes, so two are faster than one (docs/performance.md).
"""

import os

from camtrap.core.errors import UserError

JOBS, CARDS, THREADS = "CAMTRAP_JOBS_PER_GPU", "CAMTRAP_GPUS", "CAMTRAP_GPU_THREADS"
AUTO = "auto"
# Cores and memory of a card from which two jobs share it. Most threads of such a job: with four one job was nearly as fast as
# with sixteen.
CORES_FOR_TWO, BYTES_FOR_TWO, MOST_THREADS = 8, 16 * 10**9, 8


def share_cards(offered: int, cores: int | None) -> int:
    """Decide it, and tell all jobs.

    Half of the cores are left to the stages that compute on no card. What the user has set in the environment
    (CAMTRAP_JOBS_PER_GPU, CAMTRAP_GPU_THREADS) is kept.

    Parameters
    ----------
    offered : int
        ``--resources gpu=N``: cards; jobs where the user has set how many share a card.
    cores : int or None
        None where Snakemake was not told.

    Returns
    -------
    int
        Jobs that may have a card at once.

    Raises
    ------
    UserError
        What the user has set is no number from 1 on.
    """
    each, cores = _number(JOBS), cores or 1
    cards, jobs = (-(-offered // each), offered) if each else (offered, offered)
    if each is None:
        shared = cores >= CORES_FOR_TWO * offered
        os.environ[JOBS] = AUTO if shared else "1"
        jobs *= 1 + shared
    os.environ[CARDS] = str(cards)
    if _number(THREADS) is None:
        os.environ[THREADS] = str(max(1, min(MOST_THREADS, cores // (2 * jobs))))
    return jobs


def _number(name: str) -> int | None:
    """What the user has set; None where nothing is, or only what an earlier call has said."""
    text = os.environ.get(name, AUTO).strip()
    if text == AUTO:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UserError(f"{name}={text}: it must be a number from 1 on")
    return int(text)


def threads_beside_a_card(otherwise: int) -> int:
    """Threads of a job on a card as :func:`share_cards` said; ``otherwise`` where nobody did (a cluster, whose profile does)."""
    return _number(THREADS) or otherwise


def places(devices: int, real: bool = True) -> list[tuple[int, int]]:
    """Places of jobs on a machine's cards, (card, place on it), those to be taken first first.

    Jobs spread over the cards; where fewer cards were offered than there are, they fill one before they take another.

    Parameters
    ----------
    devices : int
        Cards that this process sees.
    real : bool
        Whether torch may be asked for their memory: a small one has one place where nobody said otherwise.
    """
    each = _number(JOBS) if JOBS in os.environ else 1
    numbers = [each or (1 if real and _bytes(card) < BYTES_FOR_TWO else 2) for card in range(devices)]
    found = [(card, place) for card, number in enumerate(numbers) for place in range(number)]
    return found if (_number(CARDS) or devices) < devices else sorted(found, key=lambda one: one[1])


def _bytes(card: int) -> int:
    import torch

    return torch.cuda.get_device_properties(card).total_memory
