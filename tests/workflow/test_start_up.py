"""What a job of a cluster imports before it works: a Snakemake of its own, that parses the Snakefile again."""

import copy
import os
import re

import yaml
from conftest import CONFIG, REPO
from snakemake.utils import update_config

from camtrap.config.handover import VARIABLE, complete_once


def handed_over(survey, monkeypatch):
    """What the main process hands to its jobs."""
    monkeypatch.setenv(VARIABLE, "")
    given = yaml.safe_load((REPO / "config" / "config.yaml").read_text(encoding="utf-8"))
    update_config(given, copy.deepcopy(CONFIG))
    complete_once(given, main=True)
    return {VARIABLE: os.environ[VARIABLE]}


def imported(survey, **environment):
    """The modules that a job's processes import: Snakemake's, and that of the rule's script."""
    (shard, *_) = survey.shards()
    job = ["--target-jobs", f"index:shard={shard}", "--allowed-rules", "index", "--mode", "subprocess", "--force"]
    options = ["--cores", "1", "--nolock", "--no-hooks"]
    process = survey.start(*job, *options, PYTHONPROFILEIMPORTTIME="1", **environment)
    said, _ = process.communicate(timeout=600)
    assert process.returncode == 0, said
    found = set(re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", said, re.MULTILINE))
    assert {"camtrap.config.handover", "camtrap.index.run"} <= found
    return found


def test_a_job_imports_nothing_that_only_the_main_process_needs(survey, monkeypatch):
    found = imported(survey, **handed_over(survey, monkeypatch))
    assert not found & {"jsonschema", "nbformat", "polars.dataframe", "torch", "sklearn", "camtrap.config.checks"}


def test_a_job_that_was_handed_nothing_completes_the_configuration_anew(survey):
    assert "jsonschema" in imported(survey)
