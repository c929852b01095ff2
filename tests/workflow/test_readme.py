"""Every command of the README is run on a small simulated survey; those of the other documents are dry runs.

A command is run as it stands, in an activated environment; :func:`as_run` names what is not. Only paths are replaced.
"""

import csv
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from conftest import Jobs

from camtrap.config.complete import complete
from camtrap.simulate import simulate

REPO = Path(__file__).resolve().parents[2]
DOCUMENTS = ["CONTRIBUTING.md", "docs/recipes.md", "docs/troubleshooting.md", "profiles/README.md"]
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# So that the real run takes seconds: one fit, a projection of few steps, and no conversion of the network.
FAST = """
cluster: {k: 2, sweeps: [kmeans], methods: [], project: {methods: [tsne], iterations: 20}}
evaluate: {seeds: 1}
"""


def blocks(document, language):
    """The fenced blocks of a document in one language, without their indentation."""
    text = (REPO / document).read_text(encoding="utf-8")
    return [re.sub(r"(?m)^ +", "", body) for kind, body in BLOCK.findall(text) if kind == language]


def commands(document):
    """The lines of all shell blocks, without comments."""
    lines = "".join(blocks(document, "sh")).splitlines()
    return [command for line in lines if (command := re.sub(r"(^|\s+)# .*", "", line).strip())]


def as_run(command):
    """What is run instead of a command.

    Of `make` only what it would do: `make demo` takes minutes, and `make test` calls this. Nothing is submitted to a cluster
    and no GPU is asked for, since there may be none: a dry run.
    """
    if command.startswith("make "):
        return command.replace("make ", "make --dry-run ", 1)
    if "profiles/slurm" in command or "gpu=" in command:
        return dry(command)
    return command


def dry(command):
    """The same as a dry run: nothing is downloaded or submitted."""
    if command.startswith("make "):
        return as_run(command)
    return command if " -n" in command else f"{command} -n"


class House:
    """A folder like a clone of the repository with its environment, and a survey of one small memory card."""

    def __init__(self, folder):
        self.folder = folder
        for name in [
            "Makefile",
            "Snakefile",
            "config",
            "envs",
            "profiles",
            "pyproject.toml",
            "report",
            "rules",
            "scripts",
        ]:
            (folder / name).symlink_to(REPO / name)
        (folder / ".venv").symlink_to(sys.prefix)
        simulate(folder / "survey", seed=1, cards=1, pictures=18, stations=1, size=(240, 180), workers=1)
        for file in (folder / "survey").rglob("*.*"):
            os.utime(file, (0, 0))

    def here(self, text):
        """Replace a document's placeholder paths by paths of this folder."""
        return text.replace("/path/to/pictures", "survey/images").replace("/path/to/results", "results")

    def configure(self, text):
        """Write `my.yaml`."""
        (self.folder / "my.yaml").write_text(self.here(text), encoding="utf-8")

    def run(self, command):
        """Run a command in an activated environment; return what it says."""
        done = subprocess.run(
            ["bash", "-c", f"set -e; source .venv/bin/activate; {self.here(command)}"],
            cwd=self.folder,
            env=os.environ | {"CAMTRAP_CACHE": str(self.folder / "cache")},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=900,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """The house of all tests here."""
    return House(tmp_path_factory.mktemp("readme"))


@pytest.mark.long
def test_what_the_readme_runs(house):
    """In their order, with the `my.yaml` that needs no download. Then names by the table of docs/review.md, and a dry run."""
    no_download = blocks("docs/recipes.md", "yaml")[0].replace("embedded}", "embedded, runtime: torch}") + FAST
    house.configure(no_download)
    for command in [
        command for command in commands("README.md") if as_run(command) == command and " -n" not in command
    ]:
        house.run(command)
    report = house.folder / "results" / "report" / "report.html"
    assert report.exists()

    copied, taken_in = [command for command in commands("docs/review.md") if "names.csv" in command]
    house.run(copied)
    table = house.folder / "names.csv"
    header, *rows = csv.reader(table.read_text(encoding="utf-8").splitlines())
    rows[0][header.index("name")] = "agouti"
    with open(table, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    house.run(taken_in)
    house.configure(no_download + "export: {folders: copy}")
    planned = Jobs.of(house.run("snakemake --configfile my.yaml -n")).rules
    assert planned == Counter(
        [
            "label",
            "names",
            "export_csv",
            "export_figures",
            "export_folders",
            "export_megadetector",
            "export_tables",
            "report",
        ]
    )


def test_every_other_command(house):
    """Dry runs with the README's own `my.yaml`. (What else the documents name, as sacctmgr, needs a cluster.)"""
    # the results of the test above were made with other settings, which needs a yes
    shutil.rmtree(house.folder / "results", ignore_errors=True)
    house.configure(blocks("README.md", "yaml")[0])
    runs = [as_run(command) for command in commands("README.md")]
    runs = [command for command in runs if " -n" in command or "--dry-run" in command]
    assert {"make --dry-run demo", "make --dry-run test"} <= set(runs)
    others = [command for document in DOCUMENTS for command in commands(document)]
    runs += [dry(command) for command in others if command.startswith(("snakemake ", "make "))]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(house.run, dict.fromkeys(runs)))


def test_every_example_of_a_configuration():
    """Each `my.yaml` is a configuration without a mistake."""
    examples = [*blocks("README.md", "yaml"), *blocks("docs/recipes.md", "yaml")]
    assert len(examples) > 4
    for text in examples:
        assert complete(yaml.safe_load(text))["images"]


def test_no_command_hides():
    """A block is fenced and says what it is; an indented one would be run by nothing."""
    for document in ["README.md", *DOCUMENTS]:
        text = (REPO / document).read_text(encoding="utf-8")
        assert all(kind for kind, _ in BLOCK.findall(text)), document
        assert not re.search(r"^ {4,}(snakemake|make|source|python) ", BLOCK.sub("", text), re.MULTILINE), document


def test_the_messages_of_troubleshooting_are_ours():
    """Each part of a message in a heading of docs/troubleshooting.md is in the code, unless another program says it."""
    others = (
        "command not found",
        "No module named",
        "No space left",
        "is not one of",
        "is not of type",
        "does not match",
    )
    others += (
        "No Snakefile",
        "Error in rule",
        "invalid choice",
        "name=value pairs",
        "FileNotFoundError",
        "No such file or directory",
    )
    files = [*REPO.glob("scripts/*/**/*.py"), *REPO.glob("rules/*.smk"), REPO / "Makefile"]
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)
    code = re.sub(r'"\s*\n\s*f?"', "", code).replace('\\"', '"').replace("\\'", "'")
    headings = re.findall(r"^### .*", (REPO / "docs/troubleshooting.md").read_text(encoding="utf-8"), re.MULTILINE)
    parts = [
        part.strip(" ();,:") for message in re.findall("`([^`]+)`", "\n".join(headings)) for part in message.split("…")
    ]
    own = [part for part in parts if len(part) > 5 and not any(other in part for other in others)]
    assert len(own) > 40
    assert [part for part in own if part not in code] == [], "the messages have changed: docs/troubleshooting.md"
