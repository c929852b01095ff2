"""SIGKILL in the middle, then the same command: it resumes, and the results are those of an undisturbed run, byte for byte."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from camtrap.simulate import simulate

REPO = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.long

# of these the content is not a result (report.html has its time): how long jobs took and what they said, and the plan's bookkeeping
NO_RESULT = ("logs/", "benchmarks/", "checksums/report/", "plan/lock", "plan/current")


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resume")
    simulate(folder, seed=3, cards=1, stations=2, pictures=24, size=(320, 240))
    config = {
        "images": str(folder / "images"),
        "results": "results",
        "plan": {"shard_size": 8, "settle_seconds": 0},
        "detector": {"backend": "motion"},
        "embed": {"model": "efficientnet_lite0"},
        "cluster": {"k": "2-3", "methods": ["leiden"], "project": {"methods": ["tsne"], "perplexity": 5}},
        "evaluate": {"truth": str(folder / "truth.csv"), "seeds": 1},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def command(survey, work):
    return [
        *[sys.executable, "-m", "snakemake", "--snakefile", REPO / "Snakefile", "--directory", work],
        *["--configfile", survey / "config.yaml", "--cores", "2"],
    ]


def contents(results):
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results).as_posix()
        # a killed job leaves its temporary file
        if path.is_file() and not name.startswith(NO_RESULT) and not path.name.startswith((".snakemake", ".tmp-")):
            found[name] = re.sub(rb'<time id="made"[^\n]*', b"", path.read_bytes())
    return found


def test_a_killed_run_resumes_to_the_same_bytes(survey, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = subprocess.run(command(survey, whole), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for wait_for in ("crops/*.parquet", "clusters/*/reduced/ids.parquet"):
        run = subprocess.Popen(
            command(survey, killed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + 600
        while not list((killed / "results").glob(wait_for)):
            assert run.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    done = subprocess.run(command(survey, killed), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    expected, found = contents(whole / "results"), contents(killed / "results")
    assert set(found) == set(expected)
    assert [name for name in expected if found[name] != expected[name]] == []
