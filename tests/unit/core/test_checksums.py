"""Checksums of result files: damage is named, whatever byte it hits; what has no record is left alone."""

import json
import os

import numpy as np
import pyarrow as pa
import pytest

from camtrap.core import checksums
from camtrap.core.errors import DamageError
from camtrap.core.files import open_parquet, read_parquet, write_csv, write_json, write_parquet
from camtrap.core.logs import job


def flip(path, at, bit=1):
    data = bytearray(path.read_bytes())
    data[at] ^= bit
    status = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "a survey"
    write_csv(folder / "tables" / "failures.csv", ["path", "reason"], [["a.jpg", "cut"]])
    write_json(folder / "tables" / "counts.json", {"found": 12})
    write_parquet(folder / "index" / "a.parquet", pa.table({"path": ["a", "b"], "bytes": [1, 2]}))
    for name in ("one.png", "in it/two.png"):
        (folder / "sheets" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "sheets" / name).write_bytes(b"picture")
    (folder / "vectors.npy").parent.mkdir(exist_ok=True)
    np.save(folder / "vectors.npy", np.arange(12.0))
    return folder


def all_of(results):
    return [results / name for name in ("tables/failures.csv", "tables/counts.json", "index/a.parquet", "vectors.npy")]


def test_what_is_whole_is_whole(results):
    paths = [*all_of(results), results / "sheets"]
    checksums.record(results, paths)
    checksums.verify(results, [*paths, results / "not there", results.parent / "elsewhere"])
    assert sorted(checksums.recorded(results)) == sorted(paths)


@pytest.mark.parametrize("number", range(4))
def test_every_byte_counts(results, number):
    path = all_of(results)[number]
    checksums.record(results, [path])
    for at in range(path.stat().st_size):
        flip(path, at)
        with pytest.raises(DamageError) as error:
            checksums.verify(results, [path])
        assert str(error.value) == f"{path} is damaged (it is not as it was written): delete it and run again"
        flip(path, at)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(DamageError):
        checksums.verify(results, [path])


@pytest.mark.parametrize("harm", [lambda path: flip(path, 0), lambda path: path.unlink()])
def test_a_file_in_a_folder_is_named(results, harm):
    checksums.record(results, [results / "sheets"])
    harm(results / "sheets" / "in it" / "two.png")
    with pytest.raises(DamageError, match=r"in it/two\.png is damaged or gone: delete .*/sheets and run again"):
        checksums.verify(results, [results / "sheets"])


def test_links_to_somebodys_pictures_are_not_ours(results):
    picture = results.parent / "picture.jpg"
    picture.write_bytes(b"a")
    (results / "sheets" / "symbolic.jpg").symlink_to(picture)
    os.link(picture, results / "sheets" / "hard.jpg")
    checksums.record(results, [results / "sheets"])
    picture.write_bytes(b"another")
    checksums.verify(results, [results / "sheets"])


def test_files_without_a_record_are_left_alone(results):
    checksums.record(results, all_of(results))
    checksums.forget(results, all_of(results))
    for path in all_of(results):
        flip(path, 0)
    checksums.verify(results, all_of(results))


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b'{"sha256": 1}', b'{"files": 3}', b"\xff"])
def test_a_damaged_record_never_crashes(results, text):
    path = results / "tables" / "counts.json"
    checksums.record(results, [path])
    (results / "checksums" / "tables" / "counts.json.json").write_bytes(text)
    assert len(checksums.difference(results, path)) <= 1


def test_a_record_is_a_sha256(results):
    import hashlib

    path = results / "tables" / "counts.json"
    checksums.record(results, [path])
    known = json.loads((results / "checksums" / "tables" / "counts.json.json").read_text())
    assert known == {"size": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


@pytest.mark.parametrize("folder", ["manifests", "removed"])
def test_what_is_named_by_its_content_needs_no_record(results, folder):
    import hashlib

    text = b"path\tsize\tmtime_ns\na.jpg\t1\t2\n"
    path = results / "plan" / folder / f"card-00000-{hashlib.sha256(text).hexdigest()[:8]}.tsv"
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    checksums.verify(results, [path])
    flip(path, 5)
    with pytest.raises(DamageError, match=path.name):
        checksums.verify(results, [path])


def read_verified(results, path):
    """The table, read whole and in parts; nothing where damage is seen. A page is verified while it is read."""
    try:
        checksums.verify(results, [path])
        with open_parquet(path) as file:
            return [read_parquet(path), file.read()]
    except DamageError as error:
        return [] if path.name in str(error) else [None]
    except OSError as error:
        return [None] if error.errno else []


def test_of_a_large_parquet_file_the_footer_and_the_pages_count(results, monkeypatch):
    """Every bit: the footer by its hash, a page by its own checksum; what neither sees changes nothing that is read."""
    monkeypatch.setattr(checksums, "WHOLE", 100)
    path = results / "crops" / "a.parquet"
    table = pa.table({"crop_id": ["a", "b", "c"], "image": [b"x" * 50, b"y" * 70, b"z"], "conf": [0.5, None, 0.25]})
    write_parquet(path, table.replace_schema_metadata({"failures": "[]"}), row_group_size=2, use_dictionary=False)
    checksums.record(results, [path])
    unseen = 0
    for at in range(path.stat().st_size):
        for bit in (1, 16, 128):
            flip(path, at, bit)
            for found in read_verified(results, path):
                assert found.equals(table)
                unseen += 1
            flip(path, at, bit)
    assert unseen < path.stat().st_size
    assert not checksums.difference(results, path, whole=True)


def test_results_of():
    assert str(checksums.results_of("/data/logs/results/logs/crop/a.log")) == "/data/logs/results"
    assert str(checksums.results_of("results/logs/crop/a.log")) == "results"
    assert checksums.results_of("a.log") is None


def run(results, body, inputs, outputs):
    with job(results / "logs" / "stage" / "a.log", 1, inputs, outputs):
        body()


def in_child(function, *arguments):
    """Run a job in a process of its own, as it redirects what is said."""
    pid = os.fork()
    if pid == 0:
        code = 3
        try:
            function(*arguments)
            code = 0
        except SystemExit as stopped:
            code = stopped.code
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_job_records_and_verifies(results):
    out, log = results / "out.json", results / "logs" / "stage" / "a.log"
    assert in_child(run, results, lambda: write_json(out, [1]), all_of(results), [out]) == 0
    assert list(checksums.recorded(results)) == [out]
    flip(out, 1)
    assert in_child(run, results, lambda: None, [out], [results / "next.json"]) == 1
    assert (
        log.read_text().strip().endswith("out.json is damaged (it is not as it was written): delete it and run again")
    )
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("index/a.parquet", b"PAR1"),
        ("vectors.npy", b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8'"),
        ("tables/counts.json", b'{"found": 1'),
        ("tables/failures.csv", b"path,reason\n\xff"),
    ],
)
def test_of_an_older_survey_the_file_that_cannot_be_read_is_named(results, name, data):
    def fails():
        raise ValueError("something strange")

    (results / name).write_bytes(data)
    assert in_child(run, results, fails, all_of(results), []) == 1
    said = (results / "logs" / "stage" / "a.log").read_text()
    assert f"{name} is damaged" in said
    assert "Traceback" not in said


def test_an_error_of_the_system_blames_no_file(results):
    def fails():
        raise OSError(28, "No space left on device")

    (results / "tables" / "counts.json").write_bytes(b"{")
    assert in_child(run, results, fails, all_of(results), []) == 1
    assert "counts.json" not in (results / "logs" / "stage" / "a.log").read_text()


@pytest.mark.parametrize("name", [b"\xff\xfe.jpg", b"new\nline.jpg", b"back\\slash.jpg", "\u00f1.jpg".encode()])
def test_names_of_files_in_a_folder_are_bytes(results, name):
    """A copy of a picture has the picture's name."""
    folder = results / "export" / "folders"
    folder.mkdir(parents=True)
    file = os.path.join(os.fsencode(folder), name)
    with open(file, "wb") as stream:
        stream.write(b"picture")
    checksums.record(results, [folder])
    assert checksums.difference(results, folder) == []
    with open(file, "wb") as stream:
        stream.write(b"another")
    assert len(checksums.difference(results, folder)) == 1
