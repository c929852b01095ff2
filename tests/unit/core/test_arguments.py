"""Mistakes in the command that Snakemake would answer with a traceback."""

import subprocess
import sys

import pytest

from snakemake_logger_plugin_camtrap.arguments import mistake


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--cores 2 --config images = x", "without blanks"),
        ("--config images= x -n", "without blanks"),
        ("--config images =x results=y", "without blanks"),
        ("-C images", "without blanks"),
        ("--configfile nothere.yaml -n", "nothere.yaml: there is no such file"),
        ("--configfile there.yaml nothere.yaml", "nothere.yaml: there is no such file"),
        ("--cores 2 -n", None),
        ("--config images=x results=y --configfile there.yaml", None),
        ("--config images= --cores 2", None),
        ("--config base64//aW1hZ2VzPXg= --configfiles base64//dGhlcmU", None),
        ("--configfile https://example.org/my.yaml", None),
    ],
)
def test_what_is_wrong_with_a_command(tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.yaml").touch()
    found = mistake(arguments.split())
    assert said in found if said else found is None


@pytest.mark.parametrize("arguments", [["--config", "images", "=", "x"], ["--configfile", "nothere.yaml"]])
def test_snakemake_says_it_in_one_line(tmp_path, arguments):
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *arguments]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode
    assert len(run.stderr.splitlines()) == 1
    assert run.stderr.startswith(arguments[0])
