"""Write the pinned environments (`make lock`; needs a package registry).

requirements.lock     every package of a run at its exact version, from requirements.in and no-deps.in; installed with --no-deps
development.lock      what tests and lint need beside it, from development.in
camtrap.yaml          requirements.lock for conda (`--sdm conda`); camtrap.post-deploy.sh adds what must come without dependencies

Pins stay where they are, so that one new package does not move all others; `make lock UPGRADE=1` takes the newest of everything.
At the end each Python is asked for its files: what has none cannot be installed there, what has no wheel must be compiled.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK, DEVELOPMENT = HERE / "requirements.lock", HERE / "development.lock"
CONDA, DEPLOY = HERE / "camtrap.yaml", HERE / "camtrap.post-deploy.sh"
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def pins(path: Path) -> list[str]:
    """Lines of a requirements file that name a package."""
    return [line.strip() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]


def pip(*arguments: str | Path) -> list[dict]:
    """What pip would install, and from where."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
        subprocess.run([*command, "--report", report, "--target", folder, *arguments], check=True)
        return json.loads(report.read_text())["install"]


def resolve(wanted: list[str], keep: list[str]) -> list[str]:
    """All that is needed for some requirements, as name==version, at the versions of the pins to keep."""
    with tempfile.TemporaryDirectory() as folder:
        requirements, constraints = Path(folder) / "requirements", Path(folder) / "constraints"
        requirements.write_text("\n".join(wanted))
        constraints.write_text("\n".join(keep))
        found = [item["metadata"] for item in pip("-r", requirements, "-c", constraints)]
    # a local label (+cpu) names a build, not a version
    return [f"{package['name']}=={package['version'].partition('+')[0]}" for package in found]


def write(path: Path, locked: list[str]) -> None:
    """A lock: one pin per line, in order."""
    path.write_text("".join(f"{pin}\n" for pin in sorted(set(locked), key=str.lower)))


def conda(locked: list[str], alone: list[str]) -> str:
    """The conda environment of all rules: Python from conda-forge, the locked packages by pip."""
    listed = "".join(f"      - {pin}\n" for pin in locked if pin not in alone)
    head = "# Written by `make lock` from requirements.lock.\nchannels:\n  - conda-forge\n  - nodefaults\n"
    return f"{head}dependencies:\n  - python=3.11\n  - pip\n  - pip:\n{listed}"


def deploy(alone: list[str]) -> str:
    """Snakemake runs this inside the new conda environment."""
    return f"#!/usr/bin/env bash\n# Written by `make lock` from no-deps.in.\nset -e\npip install --no-deps {' '.join(alone)}\n"


def check(python: str) -> None:
    """Print whether a Python finds a file for every pin of both locks, and which it has to build."""
    try:
        found = pip("--no-deps", "--python-version", python, "-r", LOCK, "-r", DEVELOPMENT)
    except subprocess.CalledProcessError:
        print(f"Python {python}: not all can be installed (see above)")
        return
    sources = [item["metadata"]["name"] for item in found if not item["download_info"]["url"].endswith(".whl")]
    print(f"Python {python}: {len(found)} packages, built from source: {', '.join(sources) or 'none'}")


if __name__ == "__main__":
    alone = pins(HERE / "no-deps.in")
    if "--from-lock" not in sys.argv:
        keep = [] if "--upgrade" in sys.argv else [pin for pin in pins(LOCK) + pins(DEVELOPMENT) if pin not in alone]
        wanted = pins(HERE / "requirements.in")
        runtime = resolve(wanted, keep)
        everything = resolve(wanted + pins(HERE / "development.in"), keep + runtime)
        write(LOCK, runtime + alone)
        write(DEVELOPMENT, [pin for pin in everything if pin not in runtime])
    CONDA.write_text(conda(pins(LOCK), alone))
    DEPLOY.write_text(deploy(alone))
    if "--from-lock" not in sys.argv:
        for version in PYTHONS:
            check(version)
