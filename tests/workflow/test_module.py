"""examples/module: camtrap's rules inside another workflow."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "module"


@pytest.fixture
def run(tmp_path):
    """Snakemake on the example, in a folder of its own with one picture."""
    (tmp_path / "pictures" / "card").mkdir(parents=True)
    Image.new("RGB", (64, 48), "green").save(tmp_path / "pictures" / "card" / "a.jpg")
    shutil.copy(EXAMPLE / "config.yaml", tmp_path)

    def run(*options):
        command = [sys.executable, "-m", "snakemake", "-s", EXAMPLE / "Snakefile", "--cores", "1"]
        settings = ["--config", "plan={settle_seconds: 0}", "detector={backend: none}"]
        done = subprocess.run([*command, *options, *settings], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_a_dry_run_lists_the_rules_of_both(run, tmp_path):
    said = run("-np")
    assert "camtrap_report" in said
    assert "count_animals" in said
    assert not (tmp_path / "results" / "plan" / "index.tsv").exists()


def test_a_run_commits_the_plan_of_the_module(run, tmp_path):
    run("--until", "camtrap_index")
    (row,) = (tmp_path / "results" / "plan" / "index.tsv").read_text().splitlines()[1:]
    assert (tmp_path / "results" / "index" / f"{row.split()[0]}.parquet").exists()
