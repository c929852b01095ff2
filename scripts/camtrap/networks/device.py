"""Which device a job computes on: the `gpu` resource says it, never luck."""

import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from camtrap.core.errors import UserError
from camtrap.core.lock import Lock
from camtrap.networks import share

DEVICE = "CAMTRAP_DEVICE"


def visible() -> list[str]:
    """Names of the CUDA devices that this process sees: what CUDA_VISIBLE_DEVICES lists, else 0, 1, ...

    Raises
    ------
    UserError
        A GPU was asked for and torch sees none.
    """
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count == 0:
        raise UserError(
            "a GPU was asked for (resource gpu), but torch sees none here: check the driver and that torch is a CUDA build, "
            "or run on the CPU with --resources gpu=0"
        )
    listed = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return listed[:count] if listed else [str(number) for number in range(count)]


def exact_float32() -> None:
    """Let torch compute float32 on a GPU as float32: its default for convolutions is TF32, which has 10 bits instead of 23."""
    import torch

    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


def no_gpu_for_jobs() -> None:
    """Let all jobs that this process starts compute on the CPU, whatever they reserve.

    A cluster's profile asks for GPUs, and its jobs are not told ``--resources gpu=0``; they get the environment.
    """
    os.environ[DEVICE] = "cpu"


@contextmanager
def lease(gpu: int, devices: list[str] | None = None, folder: str | None = None, wait: float = 1.0) -> Iterator[str]:
    """Yield ``"cpu"``, or ``"cuda:N"`` of a device that no other job of this machine uses.

    Parameters
    ----------
    gpu : int
        The job's `gpu` resource; 0 is the CPU.
    devices : list of str, optional
        The devices to choose from; default :func:`visible`. Device i of the list is ``cuda:i`` for torch.
    folder : str, optional
        Where the lock files lie, one per device; all jobs of a machine must share it. Default: in the temporary folder.
    wait : float
        Seconds between two looks for a free device.

    Notes
    -----
    The operating system frees a lock when its process ends, so a killed job leaves no device behind. How many jobs share a
    device is what :func:`camtrap.networks.share.share_cards` said.
    Jobs of SLURM have devices of their own, which may all be called 0: a lease is kept within each. CAMTRAP_DEVICE=cpu
    leaves a reserved GPU alone: what Snakemake's ``--resources gpu=0`` tells the jobs of a cluster, and what a cluster's
    test without real GPUs needs.
    """
    if gpu < 1:
        yield "cpu"
        return
    if os.environ.get(DEVICE) == "cpu":
        logging.warning(
            "a GPU is reserved for this job, but it computes on the CPU: --resources gpu=0 or CAMTRAP_DEVICE=cpu say so"
        )
        yield "cpu"
        return
    real = devices is None
    devices = visible() if devices is None else devices
    locks = Path(folder or os.path.join(tempfile.gettempdir(), f"camtrap-gpu-{os.getuid()}"))
    locks /= os.environ.get("SLURM_JOB_ID", "")
    told = False
    while True:
        for number, place in share.places(len(devices), real):
            device = devices[number]
            lock = Lock(locks / f"{device.replace('/', '_')}.{place}.lock")
            if lock.acquire():
                try:
                    logging.info("GPU %s leased", device)
                    yield f"cuda:{number}"
                finally:
                    lock.release()
                return
        if not told:
            logging.info("all %d GPUs are in use by other jobs of this machine: waiting", len(devices))
            told = True
        time.sleep(wait)
