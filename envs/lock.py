"""Write the pinned environments from requirements.in and no-deps.in (`make lock`; needs a package registry).

requirements.lock     every package at its exact version, installed with --no-deps
camtrap.yaml          the same for conda (`--sdm conda`); camtrap.post-deploy.sh adds what must come without dependencies
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK, CONDA, DEPLOY = HERE / "requirements.lock", HERE / "camtrap.yaml", HERE / "camtrap.post-deploy.sh"


def pins(path: Path) -> list[str]:
    """Lines of a requirements file that name a package."""
    return [line.strip() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]


def resolve(requirements: Path) -> list[str]:
    """What pip would install for a requirements file, as name==version."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--dry-run",
            "--ignore-installed",
            "--quiet",
            "--report",
            report,
        ]
        subprocess.run([*command, "-r", requirements], check=True)
        found = [item["metadata"] for item in json.loads(report.read_text())["install"]]
    # a local label (+cpu) names a build, not a version
    return [f"{package['name']}=={package['version'].partition('+')[0]}" for package in found]


def conda(locked: list[str], alone: list[str]) -> str:
    """The conda environment of all rules: Python from conda-forge, the locked packages by pip."""
    listed = "".join(f"      - {pin}\n" for pin in locked if pin not in alone)
    head = "# Written by `make lock` from requirements.lock.\nchannels:\n  - conda-forge\n  - nodefaults\n"
    return f"{head}dependencies:\n  - python=3.11\n  - pip\n  - pip:\n{listed}"


def deploy(alone: list[str]) -> str:
    """Snakemake runs this inside the new conda environment."""
    return f"#!/usr/bin/env bash\n# Written by `make lock` from no-deps.in.\nset -e\npip install --no-deps {' '.join(alone)}\n"


if __name__ == "__main__":
    alone = pins(HERE / "no-deps.in")
    if "--from-lock" in sys.argv:
        locked = pins(LOCK)
    else:
        locked = sorted({*resolve(HERE / "requirements.in"), *alone}, key=str.lower)
        LOCK.write_text("\n".join(locked) + "\n")
    CONDA.write_text(conda(locked, alone))
    DEPLOY.write_text(deploy(alone))
