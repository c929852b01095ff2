"""The pinned environments say the same thing."""

import re
from pathlib import Path

import pytest
import yaml

ENVS = Path(__file__).resolve().parents[2] / "envs"


def pins(text):
    return {line.strip() for line in text.splitlines() if re.match(r"[A-Za-z0-9_.-]+==", line.strip())}


@pytest.fixture(scope="module")
def locked():
    return pins((ENVS / "requirements.lock").read_text())


def test_every_locked_package_has_an_exact_version(locked):
    lines = [
        line for line in (ENVS / "requirements.lock").read_text().splitlines() if line and not line.startswith("#")
    ]
    assert len(lines) == len(locked)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9.!]+", line) for line in lines)


def test_conda_environment_has_the_same_versions(locked):
    conda = yaml.safe_load((ENVS / "camtrap.yaml").read_text())
    by_pip = next(entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict))
    deploy = (ENVS / "camtrap.post-deploy.sh").read_text()
    alone = set(deploy.split("--no-deps", 1)[1].split())
    assert set(by_pip) | alone == locked
    assert not set(by_pip) & alone
    assert "python=3.11" in conda["dependencies"]


def test_what_is_asked_for_is_locked(locked):
    names = {re.split(r"[<>=!~]", pin)[0].lower().replace("_", "-") for pin in locked}
    for file in ("requirements.in", "no-deps.in"):
        lines = [line for line in (ENVS / file).read_text().splitlines() if line and not line.startswith("#")]
        asked = {re.split(r"[<>=!~]", line)[0].strip().lower().replace("_", "-") for line in lines}
        assert asked <= names


def test_the_running_environment_is_the_locked_one(locked):
    from importlib.metadata import version

    for pin in ("numpy", "snakemake", "megadetector", "torch"):
        wanted = next(entry.partition("==")[2] for entry in locked if entry.startswith(f"{pin}=="))
        assert version(pin).partition("+")[0] == wanted


def test_no_registry_and_no_path_of_a_machine_is_named():
    for path in ENVS.iterdir():
        if path.is_file():
            text = path.read_text()
            assert "://" not in text
            assert "--index-url" not in text
            assert "--find-links" not in text
