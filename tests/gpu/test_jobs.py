"""Several jobs on one card: the lease lets in so many, a killed one frees its place and its memory."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JOB = """
import sys, time
import numpy as np
from camtrap.networks import torchvision_ops
from camtrap.networks.device import lease
torchvision_ops.ensure()
import torch, torchvision
from camtrap.embed.engines import torch_engine
device, hold = sys.argv[1], float(sys.argv[2])
torch.manual_seed(0)
network = torchvision.models.resnet18(num_classes=8).eval()
inputs = np.random.default_rng(0).standard_normal((16, 3, 64, 64), dtype=np.float32)
print("looking", flush=True)
with lease(1, ["0"] if device == "cpu" else None, sys.argv[3], wait=0.05) as leased:
    begin = time.monotonic()
    engine = torch_engine(network, "cpu" if device == "cpu" else leased, 1, False, 8)
    total = float(np.abs(engine.forward(inputs)).sum())
    kept = torch.empty(2**29, dtype=torch.uint8, device=device) if device != "cpu" else None
    print("leased", leased, flush=True)
    time.sleep(hold)
    print(begin, time.monotonic(), total, flush=True)
"""


@pytest.fixture
def job(tmp_path, device):
    started = []

    def start(hold, places):
        environment = os.environ | {"PYTHONPATH": path(), "CAMTRAP_JOBS_PER_GPU": str(places)}
        command = [sys.executable, "-c", JOB, device, str(hold), str(tmp_path)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def path():
    return os.pathsep.join([str(ROOT / "scripts"), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])


def test_no_more_jobs_than_places_compute_at_once_and_all_give_the_same(job, measured):
    jobs = [job(1.0, 2) for _ in range(4)]
    ended = [process.communicate(timeout=120)[0].splitlines()[-1].split() for process in jobs]
    spans = [(float(begin), float(end)) for begin, end, _ in ended]
    together = max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans)
    totals = [float(total) for *_, total in ended]
    measured("four jobs, two places: most at once", together)
    assert together == 2
    assert max(totals) - min(totals) <= 1e-5 * max(totals)


def test_a_killed_job_frees_its_place_and_its_memory(job, device, measured):
    def free():
        if device == "cpu":
            return 0
        import torch

        return torch.cuda.mem_get_info(device)[0]

    before = free()
    first = job(600, 1)
    while not first.stdout.readline().startswith("leased"):
        assert first.poll() is None
    held = before - free()
    second = job(0, 1)
    assert second.stdout.readline() == "looking\n"
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert second.stdout.readline().startswith("leased")
    assert second.wait(60) == 0
    for _ in range(50):
        if (left := before - free()) < 2**28:
            break
        time.sleep(0.1)
    measured("memory that a job held, and after it was killed, MB", [held / 1e6, left / 1e6])
    assert left < 2**28
    assert device == "cpu" or held > 2**29
