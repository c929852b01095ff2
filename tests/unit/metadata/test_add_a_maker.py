"""A maker's EXIF is added from outside: its file and one entry in the registry, nothing else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import camtrap

MAKER = '''
"""Trail cameras that write "21C 3of5" into the image's description."""

import re

from camtrap.metadata.vendors.registry import Said


def read(block):
    if block.make != "Newmaker":
        return None
    degrees, number, of = map(int, re.findall(r"\\d+", block.tags[0x010E]))
    return Said(temperature=degrees, sequence=number, sequence_length=of, fields={"battery": block.tags[0x9286].decode()})
'''
ENTRY = 'VENDORS["Newmaker"] = "camtrap.metadata.vendors.newmaker:read"\n'
INDEX = """
import json, os, sys
from camtrap.core.paths import Roots
from camtrap.index.run import index_shard
manifest = [(name, os.path.getsize(name), 0) for name in ("a.jpg", "b.jpg")]
rows = index_shard(manifest, Roots(sys.argv[1])).to_pylist()
print(json.dumps([[row["status"], row["temperature"], row["sequence_length"], json.loads(row["exif"])] for row in rows]))
"""


@pytest.fixture
def package(tmp_path):
    """A copy of the package."""
    source = Path(camtrap.__file__).parent
    return Path(shutil.copytree(source, tmp_path / "scripts" / "camtrap", ignore=shutil.ignore_patterns("__pycache__")))


def picture(path, make):
    exif = Image.Exif()
    exif.update({0x010F: make, 0x010E: "21C 3of5"})
    exif.get_ifd(0x8769)[0x9286] = b"full"
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (16, 16)).save(path, exif=exif)


def index(package, pictures):
    """Status, temperature, length of the sequence and EXIF of both pictures, by a process that imports the copy."""
    command = [sys.executable, "-c", INDEX, str(pictures)]
    return json.loads(subprocess.check_output(command, env={"PYTHONPATH": str(package.parent)}, cwd=pictures))


def test_a_maker_is_a_file_and_one_entry(package, tmp_path):
    pictures = tmp_path / "pictures"
    picture(pictures / "a.jpg", "Newmaker")
    picture(pictures / "b.jpg", "Other")
    before = index(package, pictures)
    assert [row[:3] for row in before] == [["ok", None, None]] * 2
    vendors = package / "metadata" / "vendors"
    (vendors / "newmaker.py").write_text(MAKER)
    with open(vendors / "registry.py", "a") as file:
        file.write(ENTRY)
    new, other = index(package, pictures)
    assert new[:3] == ["ok", 21.0, 5]
    assert new[3]["Newmaker"] == {"battery": "full"}
    assert other == before[1]


def test_a_reader_that_fails_costs_its_fields_and_not_the_picture(package, tmp_path):
    pictures = tmp_path / "pictures"
    for name in ("a.jpg", "b.jpg"):
        picture(pictures / name, "Newmaker")
    before = index(package, pictures)
    vendors = package / "metadata" / "vendors"
    (vendors / "newmaker.py").write_text("def read(block):\n    return 1 / 0\n")
    with open(vendors / "registry.py", "a") as file:
        file.write(ENTRY)
    assert index(package, pictures) == before
