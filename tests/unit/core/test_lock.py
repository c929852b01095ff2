"""A lock holds between processes and is free when its process is gone."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading

import pytest

from camtrap.core.lock import Lock

HOLD = (
    "import sys; from camtrap.core.lock import Lock\n"
    "lock = Lock(sys.argv[1], sys.argv[2]); print(lock.acquire(), flush=True); sys.stdin.read()"
)


def other(path, purpose="at work"):
    """Another process that takes the lock and keeps it until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), purpose],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process, process.stdout.readline().strip() == "True"


def test_two_processes_exclude_each_other(tmp_path):
    path = tmp_path / "new" / "lock"
    process, took = other(path)
    assert took
    lock = Lock(path)
    assert not lock.acquire()
    assert lock.holder() == f"process {process.pid} on {os.uname().nodename}, at work"
    process.communicate("")
    assert lock.acquire()
    assert other(path)[1] is False
    lock.release()
    process, took = other(path)
    assert took
    process.communicate("")


def test_a_killed_process_holds_nothing(tmp_path):
    process, took = other(tmp_path / "lock")
    assert took
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert Lock(tmp_path / "lock").acquire()


def test_a_child_of_the_holder_does_not_inherit_the_lock(tmp_path):
    lock = Lock(tmp_path / "lock")
    assert lock.acquire()
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    lock.release()
    assert Lock(tmp_path / "lock").acquire()
    child.communicate()


def test_a_passing_holder_is_waited_for(tmp_path):
    process, _ = other(tmp_path / "lock", "planning")
    lock = Lock(tmp_path / "lock")
    assert not lock.acquire()
    ending = threading.Timer(0.5, process.communicate)
    ending.start()
    assert lock.acquire(passing="planning", patience=30)
    ending.join()


def test_a_holder_that_has_not_said_what_for_is_waited_for(tmp_path):
    """Between its lock and its name there is a moment, which two dry runs at once met."""
    with open(tmp_path / "lock", "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        ending = threading.Timer(0.5, fcntl.flock, (file, fcntl.LOCK_UN))
        ending.start()
        assert Lock(tmp_path / "lock").acquire(passing="planning", patience=30)
        ending.join()


def test_who_held_it_before_is_not_named(tmp_path):
    lock = Lock(tmp_path / "lock")
    assert lock.acquire()
    lock.release()
    assert (tmp_path / "lock").read_text() == ""


def test_a_working_holder_is_not_waited_for(tmp_path):
    process, _ = other(tmp_path / "lock")
    assert not Lock(tmp_path / "lock").acquire(passing="planning", patience=10_000)
    process.communicate("")


def test_a_file_system_without_locks_does_not_end_the_work(tmp_path, monkeypatch):
    def refuse(file, what):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert Lock(tmp_path / "lock").acquire()


def test_other_errors_are_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        Lock(tmp_path / "file" / "lock").acquire()
