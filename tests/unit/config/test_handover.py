"""The configuration is completed once; jobs, processes of their own, take it from the main process."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml

from camtrap.config.complete import complete
from camtrap.config.handover import VARIABLE, complete_once
from camtrap.core.errors import ConfigError

SCRIPTS = str(Path(__file__).resolve().parents[3] / "scripts")
JOB = """
import json, sys
from camtrap.config.handover import complete_once
config = json.loads(sys.argv[1])
complete_once(config, main=False)
print(json.dumps([config, "jsonschema" in sys.modules]))
"""
GIVEN = {"images": "pictures", "crop": {"threshold": "0.3"}, "embed": {"model": "resnet50"}}


@pytest.fixture(autouse=True)
def nothing_handed(monkeypatch):
    monkeypatch.setenv(VARIABLE, "")


def job(given, **environment):
    """The configuration that a job has, and whether it validated."""
    command = [sys.executable, "-c", JOB, json.dumps(given)]
    return json.loads(subprocess.check_output(command, env=os.environ | {"PYTHONPATH": SCRIPTS} | environment))


def copy(config):
    return json.loads(json.dumps(config))


def test_a_job_takes_the_configuration_as_the_main_process_left_it():
    main = complete_once(copy(GIVEN), main=True)
    assert main == complete(copy(GIVEN))
    found, validated = job(GIVEN)
    # in the same order too: Snakemake compares parameters as text
    assert json.dumps(found) == json.dumps(main)
    assert not validated


def test_a_job_that_was_handed_nothing_completes_it_anew():
    complete_once(copy(GIVEN), main=True)
    assert job(GIVEN, **{VARIABLE: ""}) == [complete(copy(GIVEN)), True]


def test_what_was_handed_over_for_another_configuration_is_not_taken():
    complete_once(copy(GIVEN), main=True)
    other = GIVEN | {"seed": 7}
    assert job(other) == [complete(copy(other)), True]


def test_the_main_process_never_takes_what_another_handed_over(monkeypatch):
    complete_once(copy(GIVEN), main=True)
    wrong = json.loads(os.environ[VARIABLE])
    wrong["config"]["seed"] = 99
    monkeypatch.setenv(VARIABLE, json.dumps(wrong))
    assert complete_once(copy(GIVEN), main=True)["seed"] == 42


@pytest.mark.parametrize("rename", [{7: "animal"}, {7: "animal", "deer": "animal"}, {date(2024, 5, 1): "animal"}])
def test_what_json_cannot_hold_is_not_handed_over(rename):
    main = complete_once({"detector": {"rename": dict(rename)}}, main=True)
    assert main["detector"]["rename"] == rename
    assert not os.environ.get(VARIABLE)


def test_batches_may_be_named_by_years_and_dates(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text("images: {2019: a, 2024-05-01: b, card: c}")
    main = complete_once(yaml.safe_load(file.read_text()), main=True, files=[file])
    assert main["images"] == {"2019": "a", "2024-05-01": "b", "card": "c"}
    assert os.environ[VARIABLE]


def test_a_mistake_is_refused_in_a_job_too():
    with pytest.raises(ConfigError, match=r"did you mean crop\.threshold"):
        complete_once({"threshold": 0.3}, main=False)
