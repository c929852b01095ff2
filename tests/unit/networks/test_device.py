"""Devices are leased between real processes; only the list of devices is invented."""

import os
import select
import signal
import subprocess
import sys

import pytest

from camtrap.core.errors import UserError
from camtrap.networks.device import lease, visible

JOB = """
import sys
from camtrap.networks.device import lease
print("looking", flush=True)
with lease(1, sys.argv[2].split(","), sys.argv[1], wait=0.02) as device:
    print(device, flush=True)
    sys.stdin.readline()
assert "torch" not in sys.modules
"""


@pytest.fixture
def job(tmp_path):
    """Start a process that leases a device and keeps it until it is told to end."""
    started = []

    def start(devices="0,1", **environment):
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("CAMTRAP", "CUDA"))}
        process = subprocess.Popen(
            [sys.executable, "-c", JOB, str(tmp_path), devices],
            env={**clean, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert process.stdout.readline() == b"looking\n"
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def end(process):
    process.stdin.write(b"\n")
    assert process.wait(30) == 0


def waits(process, seconds=0.3):
    """The process, which is looking for a device, has none (a wrong lease would be said at once)."""
    return not select.select([process.stdout], [], [], seconds)[0] and process.poll() is None


def test_the_cpu_is_not_leased(tmp_path):
    with lease(0, ["0"], str(tmp_path / "locks")) as device:
        assert device == "cpu"
    assert not (tmp_path / "locks").exists()


def test_each_process_has_a_device_of_its_own(job):
    first, second = job(), job()
    assert {first.stdout.readline(), second.stdout.readline()} == {b"cuda:0\n", b"cuda:1\n"}
    third = job()
    assert waits(third)
    end(first)
    assert third.stdout.readline().startswith(b"cuda:")
    end(second)
    end(third)


def test_a_killed_job_frees_its_device(job):
    first = job("0")
    assert first.stdout.readline() == b"cuda:0\n"
    second = job("0")
    assert waits(second)
    first.send_signal(signal.SIGKILL)
    assert second.stdout.readline() == b"cuda:0\n"
    end(second)


def test_a_failed_job_frees_its_device(tmp_path):
    with pytest.raises(ValueError, match="out of memory"), lease(1, ["0"], str(tmp_path)):
        raise ValueError("out of memory")
    with lease(1, ["0"], str(tmp_path)) as device:
        assert device == "cuda:0"


def test_several_jobs_on_a_device_spread_over_the_devices_first(job):
    jobs = [job(CAMTRAP_JOBS_PER_GPU="2")]
    said = [jobs[0].stdout.readline()]
    for _ in range(3):
        jobs.append(job(CAMTRAP_JOBS_PER_GPU="2"))
        said.append(jobs[-1].stdout.readline())
    assert said == [b"cuda:0\n", b"cuda:1\n", b"cuda:0\n", b"cuda:1\n"]
    fifth = job(CAMTRAP_JOBS_PER_GPU="2")
    assert waits(fifth)
    end(jobs[1])
    assert fifth.stdout.readline() == b"cuda:1\n"


def test_the_lease_is_on_the_device_not_on_its_place_in_the_list(job):
    """Jobs that see the devices 1,0 and 0,1 must not meet on one of them."""
    first = job("1,0")
    assert first.stdout.readline() == b"cuda:0\n"
    second = job("0,1")
    assert second.stdout.readline() == b"cuda:0\n"
    assert waits(job("0,1"))


def test_jobs_of_slurm_have_devices_of_their_own(job):
    """SLURM calls the only device of each job 0."""
    first = job("0", SLURM_JOB_ID="7")
    second = job("0", SLURM_JOB_ID="8")
    assert first.stdout.readline() == second.stdout.readline() == b"cuda:0\n"
    assert waits(job("0", SLURM_JOB_ID="8"))


def test_a_gpu_that_torch_does_not_see_is_refused_at_once(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="torch sees none") as error, lease(1):
        pass
    assert "--resources gpu=0" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("listed", "count", "expected"), [("", 2, ["0", "1"]), ("3,1", 2, ["3", "1"]), ("GPU-a", 1, ["GPU-a"])]
)
def test_devices_are_those_that_the_process_sees(monkeypatch, listed, count, expected):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    assert visible() == expected
