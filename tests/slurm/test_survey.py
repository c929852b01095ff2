"""The simulated survey of 24 shards, through SLURM and without it: the same results."""

import re
from collections import Counter
from datetime import datetime

from cluster import assert_same, targets

# Rules that run in the main process on the submitting machine.
LOCAL = {"all", "find_detector", "find_embedder"}
GPU = {"detect", "embed"}
GROUPS = {"index": "index", "crop": "crop"}


def test_all_stages(workflow, testbed, survey, folder, say):
    """Every stage's jobs ran through SLURM, GPU rules on the GPU partition with a GPU, on all nodes; results as without."""
    planned = workflow.start(folder / "survey_local", survey, "--dry-run", profile=None).end()
    workflow.start(folder / "survey_local", survey, profile=None).end()
    done = re.findall(r"^ *(\w+) +(\d+)$", planned, re.MULTILINE)
    rules = {name: int(number) for name, number in done if name not in LOCAL and name != "total"}
    assert rules["index"] == rules["embed"] >= 24
    run = workflow.start(folder / "survey_slurm", survey, "--jobs", "8")
    run.end(seconds=1500)
    seconds, jobs = run.seconds, run.jobs

    assert {GROUPS.get(rule, rule) for rule in rules} == {job.rule for job in jobs}
    for job in jobs:
        assert job.state == "COMPLETED"
        assert (job.partition == "gpu") == ("gres/gpu=1" in job.resources) == (job.rule in GPU), job
    per_rule = Counter(job.rule for job in jobs)
    assert per_rule["detect"] == per_rule["embed"] == rules["embed"]
    assert {job.node for job in jobs} == {"cpu1", "cpu2", "gpu1"}
    same = assert_same(folder / "survey_slurm", folder / "survey_local")
    places = Counter((job.partition, job.node) for job in jobs)
    table = ", ".join(f"{partition}/{node} {number}" for (partition, node), number in sorted(places.items()))
    say(f"24 shards through SLURM: {len(jobs)} jobs in {seconds:.0f} s ({table}); {same} files as without SLURM")


def test_scaling(workflow, testbed, small, undisturbed, folder, say):
    """Wall time of detection in 4 shards, 1, 2 and 4 at once (profile slurm-cpu): all of them are done."""
    times = {}
    for jobs in (1, 2, 4):
        results = folder / f"scaling_{jobs}"
        wanted = targets(results, undisturbed, "detections")
        run = workflow.start(results, small, "--jobs", str(jobs), targets=wanted, profile="slurm-cpu")
        run.end()
        detect = [job for job in run.jobs if job.rule == "detect"]
        assert len(detect) == len(wanted) == 4
        assert {job.partition for job in detect} == {"cpu"}
        first, last = min(job.start for job in detect), max(job.end for job in detect)
        times[jobs] = (datetime.fromisoformat(last) - datetime.fromisoformat(first)).seconds
    text = ", ".join(f"{jobs} at once {seconds} s" for jobs, seconds in times.items())
    say(f"wall time of detection in {len(wanted)} shards: {text}")
