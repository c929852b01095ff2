"""A job's log holds all that it says; an error is one line that says what to do."""

import logging
import re
import subprocess
import sys

import pytest

from camtrap.core.logs import progress
from camtrap.core.system import in_words


def run(code, log, threads=1, inputs=()):
    """Run code within a job, in a process of its own."""
    text = (
        f"from camtrap.core.logs import UserError, job\nwith job({str(log)!r}, {threads}, {[*map(str, inputs)]!r}):\n"
        + "".join(f"    {line}\n" for line in code)
    )
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)


def test_all_that_is_said_stands_in_the_log(tmp_path):
    log = tmp_path / "deep" / "job.log"
    code = [
        "import logging, os, sys, warnings",
        "print('by print', flush=True)",
        "logging.info('by logging')",
        "os.write(2, b'by a library in C\\n')",
        "logging.getLogger('matplotlib').info('chatter')",
    ]
    done = run(code, log)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = log.read_text()
    assert all(part in text for part in ("by print", "by logging", "by a library in C"))
    assert "chatter" not in text


def test_a_new_attempt_begins_a_new_log(tmp_path):
    log = tmp_path / "job.log"
    run(["print('first')"], log)
    run(["print('second')"], log)
    assert log.read_text() == "second\n"


def test_a_mistake_of_the_user_is_one_line(tmp_path):
    done = run(["raise UserError('weights.pt: there is no such file; download it')"], tmp_path / "job.log")
    assert done.returncode == 1
    (line,) = (tmp_path / "job.log").read_text().splitlines()
    assert line.endswith("weights.pt: there is no such file; download it")


def test_another_error_begins_with_one_line(tmp_path):
    done = run(["{}['key']"], tmp_path / "job.log")
    assert done.returncode == 1
    lines = (tmp_path / "job.log").read_text().splitlines()
    assert lines[0].endswith("KeyError: 'key'")
    assert lines[1].startswith("Traceback")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (["raise OSError(28, 'No space left on device', 'a.parquet')"], r"a\.parquet: there is no room left"),
        (["raise MemoryError"], "memory is full"),
        (
            ["import resource", "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))", "open('/dev/null')"],
            "too many files",
        ),
    ],
)
def test_an_error_of_the_system_is_one_line(tmp_path, code, said):
    log = tmp_path / "job.log"
    done = run(code, log)
    assert done.returncode == 1
    assert not done.stderr
    (line,) = log.read_text().splitlines()
    assert re.search(said, line)
    assert line.endswith("the same command goes on")


def test_an_input_that_is_gone_is_named(tmp_path):
    assert in_words(FileNotFoundError(2, "No such file"), [tmp_path / "a.json"]).startswith(
        f"{tmp_path}/a.json: it was there"
    )
    assert in_words(FileNotFoundError(2, "No such file"), [tmp_path]) is None
    assert in_words(OSError("unable to write"), [tmp_path]) is None


def test_a_job_does_not_begin_without_its_inputs(tmp_path):
    """A manifest that is gone would be a shard without pictures."""
    done = run(["print('worked')"], tmp_path / "job.log", inputs=[tmp_path, tmp_path / "a.tsv"])
    assert done.returncode == 1
    (line,) = (tmp_path / "job.log").read_text().splitlines()
    assert "a.tsv: it was there when this job was planned, and is gone" in line


def test_a_log_that_cannot_be_opened_is_one_line(tmp_path):
    (tmp_path / "job.log").mkdir()
    done = run(["pass"], tmp_path / "job.log")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_libraries_get_the_threads_of_the_job(tmp_path):
    code = ["import numpy, threadpoolctl", "print([pool['num_threads'] for pool in threadpoolctl.threadpool_info()])"]
    run(code, tmp_path / "job.log", threads=1)
    said = (tmp_path / "job.log").read_text()
    assert set(said.strip("[]\n").split(", ")) == {"1"}


def test_progress_passes_all_on_and_ends_with_the_sum(caplog):
    with caplog.at_level(logging.INFO):
        assert list(progress(iter("abc"), 3, "letters")) == ["a", "b", "c"]
    assert [record.getMessage().partition(" (")[0] for record in caplog.records] == ["letters: 3 of 3"]


def test_progress_can_be_left_early():
    steps = progress(iter("abc"), 3, "letters")
    assert next(steps) == "a"
    steps.close()


@pytest.mark.parametrize("total", [0, 2])
def test_progress_of_nothing(total):
    assert list(progress([], total, "letters")) == []
