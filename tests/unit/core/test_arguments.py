"""Mistakes in the command that Snakemake would answer with a traceback."""

import os
import re
import subprocess
import sys

import pytest

from snakemake_logger_plugin_camtrap.arguments import mistake
from snakemake_logger_plugin_camtrap.written import unusable


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--cores 2 --config images = x", "without blanks"),
        ("--config images= x -n", "without blanks"),
        ("--config images =x results=y", "without blanks"),
        ("-C images", "without blanks"),
        ("--configfile nothere.yaml -n", "nothere.yaml: there is no such file"),
        ("--configfile there.yaml nothere.yaml", "nothere.yaml: there is no such file"),
        ("--configfile=nothere.yaml -n", "nothere.yaml: there is no such file"),
        ("--config crop={threshold: 0.3} results=x", "put quotation marks around"),
        ("--config crop.threshold=0.3", "write 'crop={threshold: 0.3}' instead"),
        ("--config cluster.reduce.dims=8", "write 'cluster={reduce: {dims: 8}}' instead"),
        ("--config 3=x", "'3' is not a name"),
        ("--cores 2 -n", None),
        ("--config images=x results=y --configfile there.yaml", None),
        ("--config images= --cores 2", None),
        ("--config images=a=b crop={threshold:0.3} --configfile=there.yaml", None),
        ("--config base64//aW1hZ2VzPXg= --configfiles base64//dGhlcmU", None),
        ("--configfile https://example.org/my.yaml", None),
    ],
)
def test_what_is_wrong_with_a_command(tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.yaml").write_text("seed: 1")
    found = mistake(arguments.split())
    assert said in found if said else found is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"seed: 1\ncrop:\n\tsize: 64\n", "line 3 is not YAML: .* \\(a tab: write blanks instead\\)"),
        (b"crop: {size: 64}\nseed: 1\ncrop: {padding: 0.1}\n", "crop stands in line 1 and again in line 3"),
        (b"crop:\n  size: 64\n  size: 32\n", "size stands in line 2 and again in line 3"),
        (b"images: [a, {b: 1, b: 2}]\n", "b stands in line 1"),
        (b"seed: 1\nimages: C\xe1maras\n", "line 2 is not text in UTF-8"),
        ("seed: 1\n".encode("utf-16"), "line 1 is not text in UTF-8"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "line 1 is not text in UTF-8"),
        (b"seed: 1\nimages: a: b\n", "line 2 is not YAML"),
        (b"seed: 1\0", "it is not YAML"),
        (b"", "it has no keys"),
        (b"# seed: 1\n", "it has no keys"),
        (b"- seed: 1\n", "it has no keys"),
        (b"images pictures\n", "it has no keys"),
        (b"\xef\xbb\xbfseed: 1\r\nimages: a\r\n", None),
        (b'{"seed": 1, "images": "a\\tb"}', None),
        (b"a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n", None),
        (
            b"l0: &a [x]\n"
            + b"".join(b"l%d: &%c [%s]\n" % (n, 97 + n, b", ".join([b"*%c" % (96 + n)] * 9)) for n in range(1, 9)),
            None,
        ),
    ],
)
def test_a_file_of_the_configuration(tmp_path, data, said):
    file = tmp_path / "my.yaml"
    file.write_bytes(data)
    found = unusable(str(file))
    assert re.match(said, found) if said else found is None
    assert "\n" not in (found or "")


def test_what_is_no_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    assert "a pipe" in unusable(str(tmp_path / "pipe.yaml"))
    assert unusable(str(tmp_path)) == "a folder, not a file"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--config", "images", "=", "x"],
        ["--configfile", "nothere.yaml"],
        ["--configfile", "latin.yaml"],
        ["--configfile", "twice.yaml"],
    ],
)
def test_snakemake_says_it_in_one_line(tmp_path, arguments):
    (tmp_path / "latin.yaml").write_bytes(b"images: C\xe1maras\n")
    (tmp_path / "twice.yaml").write_text("crop: {size: 64}\ncrop: {padding: 0.1}\n")
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *arguments]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode
    assert len(run.stderr.splitlines()) == 1
    assert run.stderr.startswith(arguments[0])
