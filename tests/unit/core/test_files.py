"""Results appear whole or not at all."""

import csv
import errno
import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camtrap.core.errors import UserError
from camtrap.core.files import (
    open_parquet,
    read_json,
    read_parquet,
    replacing,
    replacing_folder,
    write_bytes,
    write_csv,
    write_json,
    write_parquet,
    write_text,
)


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path):
    target = tmp_path / "table.csv"
    write_text(target, "old")

    def write():
        with replacing(target) as temporary:
            temporary.write_text("half of the n")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


WRITERS = """
import resource, sys, numpy as np, pyarrow as pa
from camtrap.cluster.fits import Fit, write
from camtrap.core import files
column = np.arange(int(sys.argv[2]), dtype=np.float32)
path = sys.argv[1]
writers = {
    "csv": lambda: files.write_csv(path, ["x"], ([x] for x in column)),
    "fit": lambda: write(path, Fit("kmeans", column.astype(np.int32), column[:, None], {})),
    "json": lambda: files.write_json(path, column.tolist()),
    "npy": lambda: files.write_npy(path, column),
    "parquet": lambda: files.write_parquet(path, pa.table({"x": column})),
}
for name, write_ in writers.items():
    files.write_text(path, "old")
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
    try:
        write_()
        print(name, "nothing raised")
    except OSError as error:
        print(name, "old" if open(path).read() == "old" else "torn")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


@pytest.mark.parametrize(("n", "limit"), [(100, 150), (100, 399), (40_000, 4096), (40_000, 60_000)])
def test_no_writer_takes_a_full_disk_for_an_end(tmp_path, n, limit):
    """NumPy's own way of writing a small array did: the file was cut off, and nobody was told."""
    done = subprocess.run(
        [sys.executable, "-c", WRITERS, str(tmp_path / "result"), str(n), str(limit)], capture_output=True, text=True
    )
    assert done.stdout.split("\n")[:-1] == [f"{name} old" for name in ("csv", "fit", "json", "npy", "parquet")], done


def test_a_killed_write_leaves_the_old_file(tmp_path):
    target = tmp_path / "table.csv"
    write_text(target, "old")
    code = (
        "import os, signal, sys; from camtrap.core.files import replacing\n"
        "with replacing(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(target)])
    assert done.returncode == -9
    assert target.read_text() == "old"


def test_the_new_file_is_not_there_before_the_end(tmp_path):
    target = tmp_path / "deep" / "er" / "table.csv"
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
        assert temporary.parent == target.parent
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    target = tmp_path / "deep" / "sheets"
    for name in ("old", "new"):
        with replacing_folder(target) as folder:
            (folder / name).write_text(name)
    assert [path.name for path in target.iterdir()] == ["new"]
    assert list(target.parent.iterdir()) == [target]


def test_a_failed_folder_leaves_the_old_one_and_no_rubbish(tmp_path):
    target = tmp_path / "sheets"
    with replacing_folder(target) as folder:
        (folder / "old").touch()

    def write():
        with replacing_folder(target) as folder:
            (folder / "new").touch()
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write()
    assert [path.name for path in target.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [target]


def test_text_and_bytes_are_written_as_they_are(tmp_path):
    write_text(tmp_path / "a", "é\r\n\n")
    assert (tmp_path / "a").read_bytes() == "é\r\n\n".encode()
    write_bytes(tmp_path / "b", b"\x00\xff")
    assert (tmp_path / "b").read_bytes() == b"\x00\xff"


def test_json(tmp_path):
    write_json(tmp_path / "a.json", {"é": [1.5, None]})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == read_json(tmp_path / "a.json")
    assert "é" in (tmp_path / "a.json").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "b.json", float("nan"))
    assert not (tmp_path / "b.json").exists()
    (tmp_path / "c.json").write_bytes(b'{"cut": ')
    with pytest.raises(UserError, match=r"c\.json is damaged \(not a JSON file"):
        read_json(tmp_path / "c.json")


@pytest.mark.parametrize(("text", "why"), [("[1]", "no JSON object"), ("5", "no JSON object"), ('{"b": 1}', "no 'a'")])
def test_json_of_another_shape_is_damaged(tmp_path, text, why):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError, match=rf"a\.json is damaged .*{why}"):
        read_json(tmp_path / "a.json", "a")
    assert read_json(tmp_path / "a.json") == json.loads(text)


def test_a_table_that_is_gone_is_not_damaged(tmp_path):
    """Arrow's error has no number, and the advice was to delete the file."""
    for read in (read_parquet, open_parquet):
        with pytest.raises(FileNotFoundError) as error:
            read(tmp_path / "gone.parquet")
        assert error.value.errno == errno.ENOENT
        assert error.value.filename == str(tmp_path / "gone.parquet")


def test_csv(tmp_path):
    rows = [["a,b", 'quo"te', 1], ["new\nline", "", None]]
    write_csv(tmp_path / "a.csv", ["x", "y", "z"], rows)
    with open(tmp_path / "a.csv", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["x", "y", "z"], ["a,b", 'quo"te', "1"], ["new\nline", "", ""]]
    assert b"\r" not in (tmp_path / "a.csv").read_bytes()


def test_parquet_holds_plain_strings(tmp_path):
    table = pa.table({"n": [1, 2], "text": pa.array(["a", None], pa.large_string())})
    write_parquet(tmp_path / "a.parquet", table)
    read = pq.read_table(tmp_path / "a.parquet")
    assert read.schema.field("text").type == pa.string()
    assert read.to_pydict() == {"n": [1, 2], "text": ["a", None]}
