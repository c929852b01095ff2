"""A SLURM cluster on this machine for the tests here; without root and Debian they are skipped, and say so."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from cluster import SHAPE, Testbed, Workflow, slurm, wait_for

from camtrap.simulate import simulate

# 96 pictures on two cards in shards of 4; the faults have one station of a card, in 4 shards of 5.
SURVEY = {"seed": 1, "cards": 2, "pictures": 96, "size": (320, 240)}
CONFIG = """
images: {images}
plan: {{shard_size: {size}, settle_seconds: 0}}
detector: {{backend: motion}}
embed: {{model: efficientnet_lite0}}
cluster: {{k: 2-4}}
evaluate: {{truth: {truth}, seeds: 2, resamples: 50}}
"""


def why_not() -> str | None:
    """Why there can be no testbed here, or None."""
    if os.getuid() != 0:
        return "root is needed"
    if not Path("/etc/debian_version").exists() or not shutil.which("apt-get"):
        return "a Debian machine is needed"
    if Path("/etc/slurm/slurm.conf").exists():
        return "this machine has a SLURM of its own (or another testbed is up)"
    return None


def pytest_collection_modifyitems(config, items):
    """Skip all, loudly."""
    reason = why_not()
    if reason:
        print(f"\n*** tests/slurm SKIPPED, nothing of SLURM was tested: {reason} ***")
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def folder():
    """A folder with a short path (Unix sockets) that goes away, unless CAMTRAP_KEEP is set."""
    path = Path(tempfile.mkdtemp(prefix="camtrap-slurm-"))
    yield path
    if not os.environ.get("CAMTRAP_KEEP"):
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def say(request):
    """Print a line of the summary, at once and past pytest's capture."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def line(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{text}", end="", flush=True)

    return line


@pytest.fixture(scope="session")
def testbed(folder, say):
    """The cluster, up; taken down at the end."""
    bed = Testbed(folder / "bed")
    try:
        say(bed.command("up", *SHAPE).strip().splitlines()[-1])
        os.environ["SLURM_CONF"] = str(bed.folder / "etc" / "slurm.conf")
        yield bed
    finally:
        bed.command("down", "--purge")


@pytest.fixture(scope="session")
def workflow(folder, testbed):
    """The repository's copy."""
    return Workflow(folder / "workflow")


@pytest.fixture(scope="session")
def survey(folder):
    """Configuration of the simulated survey of 24 shards."""
    simulate(folder / "survey", workers=2, **SURVEY)
    return configuration(folder / "survey.yaml", folder / "survey" / "images", folder, 4)


@pytest.fixture(scope="session")
def small(folder, survey):
    """Configuration of a survey of a few shards."""
    card = folder / "survey" / "images" / "card1"
    station = sorted(card.iterdir())[0]
    shutil.copytree(station, folder / "small" / card.name / station.name, copy_function=shutil.copy2)
    return configuration(folder / "small.yaml", folder / "small", folder, 5)


def configuration(path: Path, images: Path, folder: Path, size: int) -> Path:
    """Write a configuration file with shards of so many pictures."""
    truth = folder / "survey" / "truth.csv"
    path.write_text(CONFIG.format(images=images, truth=truth, size=size), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def undisturbed(workflow, small, folder):
    """Results of the small survey up to the first aggregations, run on this machine without SLURM."""
    results = folder / "undisturbed"
    reduced = results / "clusters" / "efficientnet_lite0" / "reduced" / "info.json"
    workflow.start(results, small, targets=[reduced], profile=None).end()
    return results


@pytest.fixture(autouse=True)
def quiet_cluster(request):
    """Each test leaves an empty queue."""
    yield
    if "testbed" in request.fixturenames and os.environ.get("SLURM_CONF"):
        slurm("scancel", "--full", "-u", "root")
        wait_for(lambda: not slurm("squeue", "-h").strip(), 200, "an empty queue")
