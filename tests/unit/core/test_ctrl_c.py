"""Ctrl-C ends a command in one line."""

import os
import signal
import subprocess
import sys
import time


def test_ctrl_c_ends_the_simulation_in_one_line_and_leaves_no_process(tmp_path):
    """A terminal's Ctrl-C is for all processes of a command, those that draw the pictures, too."""
    command = [sys.executable, "-m", "camtrap.simulate", str(tmp_path), "--pictures", "2000", "--workers", "2"]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not list(tmp_path.glob("images/*/*/**/*.JPG")):
        assert run.poll() is None, run.communicate()
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)  # ends when nobody holds the pipe any more
    assert (said, run.returncode) == ("stopped\n", 130)
    assert not (tmp_path / "truth.csv").exists()
