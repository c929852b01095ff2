"""What the profiles make of a job's resources, beside one another as Snakemake merges them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPO = Path(__file__).resolve().parents[2]


def profile(name):
    """A profile as written (the site's variables are not filled in)."""
    return yaml.safe_load((REPO / "profiles" / name / "config.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["slurm", "slurm-cpu"])
def test_default_profile_changes_nothing_on_a_cluster(name):
    # Snakemake reads profiles/default beside --profile, and its keys win
    cluster = profile(name)
    assert {key: cluster.get(key) for key in profile("default")} == profile("default")


def test_cluster_profiles_differ_by_the_gpu_only():
    gpu, cpu = profile("slurm"), profile("slurm-cpu")
    del gpu["set-resources"], gpu["set-threads"], gpu["__variables__"]["gpu_partition"]
    assert gpu == cpu


@pytest.fixture(scope="module")
def dry_run(tmp_path_factory):
    """Resources of the rules by a dry run with the given options. (A rule with a message does not show them: taken out.)"""
    folder = tmp_path_factory.mktemp("profiles")
    for name in ("config", "envs", "profiles", "report", "scripts", "Snakefile"):
        (folder / name).symlink_to(REPO / name)
    shutil.copytree(REPO / "rules", folder / "rules")
    for file in (folder / "rules").glob("*.smk"):
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r'\n +message:\n +f?"[^\n]*"(?=\n)', "", text), encoding="utf-8")
    (folder / "pictures" / "card").mkdir(parents=True)
    picture = folder / "pictures" / "card" / "a.jpg"
    picture.write_bytes(b"no picture")
    os.utime(picture, (0, 0))

    def run(*options):
        command = [sys.executable, "-m", "snakemake", "-n", *options, "--config", "images=pictures"]
        done = subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout
        found = re.findall(r"^ *rule (\w+):\n(?: +.*\n)*? +resources: (.*)$", done.stdout, re.MULTILINE)
        return {rule: dict(pair.split("=", 1) for pair in listed.split(", ")) for rule, listed in found}

    return run


@pytest.mark.parametrize(
    ("options", "gpu"),
    [
        (["--cores", "4"], "0"),
        (["--cores", "4", "--resources", "gpu=0"], "0"),
        (["--cores", "4", "--resources", "gpu=4"], "1"),
        (["--cores", "16", "--resources", "gpu=1"], "1"),
        (["--profile", "profiles/slurm"], "1"),
        (["--workflow-profile", "profiles/slurm"], "1"),
        (["--profile", "profiles/slurm", "--resources", "gpu=0"], "0"),
        (["--profile", "profiles/slurm-cpu"], "0"),
        (["--workflow-profile", "profiles/slurm-cpu"], "0"),
    ],
)
def test_gpu(dry_run, options, gpu):
    jobs = dry_run(*options)
    assert {rule: job["gpu"] for rule, job in jobs.items() if "gpu" in job} == {"detect": gpu, "embed": gpu}
    on_cluster = "profiles/slurm" in " ".join(options)
    with_gpus = "profiles/slurm" in options
    for rule in ("index", "detect", "crop", "embed", "collect", "cluster_sweep", "report"):
        wanted = "gpu" if with_gpus and rule in ("detect", "embed") else "cpu" if on_cluster else None
        assert jobs[rule].get("slurm_partition") == wanted, rule
        assert jobs[rule].get("slurm_account") == ("my_account" if on_cluster else None), rule
