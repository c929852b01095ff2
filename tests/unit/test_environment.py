"""The pinned environments say the same thing."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

ENVS = Path(__file__).resolve().parents[2] / "envs"


def pins(text):
    return {line.strip() for line in text.splitlines() if re.match(r"[A-Za-z0-9_.-]+==", line.strip())}


def names(requirements):
    return {re.split(r"[<>=!~]", line)[0].strip().lower().replace("_", "-") for line in requirements}


def lines(file):
    return [line for line in (ENVS / file).read_text().splitlines() if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def locked():
    return pins((ENVS / "requirements.lock").read_text())


@pytest.fixture(scope="module")
def development():
    return pins((ENVS / "development.lock").read_text())


@pytest.mark.parametrize("file", ["requirements.lock", "development.lock"])
def test_every_locked_package_has_an_exact_version(file):
    assert len(lines(file)) == len(names(lines(file)))
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9.!]+", line) for line in lines(file))


def test_no_package_is_locked_twice(locked, development):
    assert not names(locked) & names(development)


def test_a_run_needs_no_tool_of_development(development):
    """All modules, and what the networks' packages import (MegaDetector asks for pytest)."""
    modules = [module for module, owners in packages_distributions().items() if names(owners) & names(development)]
    assert {"duckdb", "polars", "hypothesis", "mypy"} <= set(modules)
    code = (
        "import importlib, pkgutil, sys\n"
        "sys.modules.update(dict.fromkeys(sys.argv[1:]))\n"
        "import camtrap\n"
        "for module in pkgutil.walk_packages(camtrap.__path__, 'camtrap.'):\n"
        "    if not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
        "from camtrap.networks import torchvision_ops; torchvision_ops.ensure()\n"
        "import megadetector.detection.pytorch_detector, umap, openTSNE, faiss, ncnn, onnx, onnxruntime, timm\n"
        "from ultralytics import YOLO\n"
        "import snakemake.cli, snakemake_executor_plugin_slurm\n"
    )
    subprocess.run([sys.executable, "-c", code, *modules], check=True)


def test_conda_environment_has_the_same_versions(locked):
    conda = yaml.safe_load((ENVS / "camtrap.yaml").read_text())
    by_pip = next(entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict))
    deploy = (ENVS / "camtrap.post-deploy.sh").read_text()
    alone = set(deploy.split("--no-deps", 1)[1].split())
    assert set(by_pip) | alone == locked
    assert not set(by_pip) & alone
    assert "python=3.11" in conda["dependencies"]


def test_what_is_asked_for_is_locked(locked, development):
    for file in ("requirements.in", "no-deps.in"):
        assert names(lines(file)) <= names(locked)
    assert names(lines("development.in")) <= names(development)


def test_the_running_environment_is_the_locked_one(locked, development):
    from importlib.metadata import version

    for pin in locked | development:
        name, _, wanted = pin.partition("==")
        assert version(name).partition("+")[0] == wanted, name


def test_no_registry_and_no_path_of_a_machine_is_named():
    for path in ENVS.iterdir():
        if path.is_file():
            text = path.read_text()
            assert "://" not in text
            assert "--index-url" not in text
            assert "--find-links" not in text


def test_what_is_packed_for_a_machine_with_a_gpu_is_locked(locked, monkeypatch):
    monkeypatch.syspath_prepend(str(ENVS.parent / "tests" / "gpu"))
    import pack

    assert set(pack.PACKED) <= set(pack.pinned())
    assert {f"{name}=={version}" for name, version in pack.pinned().items()} == locked
