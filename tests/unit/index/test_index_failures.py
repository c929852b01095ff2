"""What cannot be used costs itself, with its reason; what fails for the moment ends the job."""

import hashlib
import io
import logging
import os
import subprocess
import sys

import av
import numpy as np
import pytest
from indexdata import jpeg, rows, shard
from PIL import Image

from camtrap.core.errors import OutageError
from camtrap.index.run import index_shard
from camtrap.pictures import source


@pytest.mark.parametrize("part", [0.5, 0.95])
def test_a_file_whose_end_is_missing_is_damaged_whatever_its_format(tmp_path, part):
    random = np.random.default_rng(0)
    shots = [random.integers(0, 255, (48, 64, 3)).astype(np.uint8) for _ in range(10)]
    files = {}
    for form in ("tiff", "gif", "bmp", "png", "jpeg"):
        buffer = io.BytesIO()
        Image.fromarray(shots[0]).save(buffer, form)
        files[f"c/a/picture.{form}"] = buffer.getvalue()
    for form, options in (("avi", {}), ("mkv", {}), ("wmv", {}), ("mov", {"movflags": "faststart"})):
        file = tmp_path / f"written.{form}"
        with av.open(str(file), "w", options=options) as container:
            stream = container.add_stream("mjpeg", rate=5)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
            for shot in shots:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(shot, "rgb24")))
            container.mux(stream.encode())
        files[f"c/a/video.{form}"] = file.read_bytes()
    manifest, roots = shard(tmp_path, files)
    whole = {
        row["video"] or row["path"]: (row["status"], row["error"]) for row in index_shard(manifest, roots).to_pylist()
    }
    assert whole == dict.fromkeys(files, ("ok", None))
    cut = {path: data[: int(len(data) * part)] for path, data in files.items()}
    manifest, roots = shard(tmp_path, cut)
    for row in index_shard(manifest, roots).to_pylist():
        assert row["status"] == "damaged", (row["path"], row["error"])
        assert "truncated" in row["error"] or "damaged after" in row["error"]


def test_a_cut_file_of_which_nothing_is_left_says_so(tmp_path):
    """What is needed to read these stands at their end."""
    shot = np.kron(np.arange(48, dtype=np.uint8).reshape(6, 8, 1), np.ones((8, 8, 3), np.uint8))
    files = {}
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        buffer = io.BytesIO()
        Image.fromarray(shot).save(buffer, "tiff", compression=compression)
        files[f"c/a/{compression}.tif"] = buffer.getvalue()
    for form in ("mp4", "mov", "mkv"):
        file = tmp_path / f"written.{form}"
        with av.open(str(file), "w") as container:
            stream = container.add_stream("mpeg4", rate=5)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for _ in range(5):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(shot, "rgb24")))
            container.mux(stream.encode())
        files[f"c/a/video.{form}"] = file.read_bytes()
    manifest, roots = shard(tmp_path, files)
    assert {row["status"] for row in index_shard(manifest, roots).to_pylist()} == {"ok"}
    cut = {path: data[: len(data) // (8 if path.endswith("mkv") else 2)] for path, data in files.items()}
    manifest, roots = shard(tmp_path, cut)
    for row in index_shard(manifest, roots).to_pylist():
        assert (row["status"], row["error"][:9]) == ("failed", "damaged: "), row["path"]
        assert "the end of the file is missing" in row["error"]


def test_files_that_fail_are_rows_and_cost_no_other(tmp_path, caplog):
    good = jpeg("2019:03:16 14:18:19", size=(200, 150))
    files = {
        "c/a/1.jpg": good,
        "c/a/2.jpg": b"",
        "c/a/3.jpg": b"notes of the field season",
        "c/a/4.jpg": good[:200],
        "c/a/5.jpg": good[: len(good) // 2],
        "c/a/6.jpg": good,
        "c/a/7.jpg": b"\0" * 1000,
        "c/a/8.mp4": b"",
        "c/a/9.mp4": b"not a video",
    }
    manifest, roots = shard(tmp_path, files)
    (tmp_path / "c/a/6.jpg").unlink()
    manifest.append(("c/a/\\xff.jpg", 1, 0))
    with caplog.at_level(logging.INFO, "camtrap.index.run"):
        table = index_shard(manifest, roots)
    assert [row["path"] for row in table.to_pylist()] == [entry[0] for entry in manifest]
    found = {path.split("/")[2]: (row["status"], row["error"]) for path, row in rows(table).items()}
    words = {
        "2.jpg": "empty",
        "3.jpg": "text, not a picture",
        "4.jpg": "JPEG whose header",
        "6.jpg": "vanished",
        "7.jpg": "zero bytes",
        "8.mp4": "empty",
        "9.mp4": "not a video",
        "\\xff.jpg": "vanished",
    }
    for name, word in words.items():
        status, error = found.pop(name)
        assert status == "failed", name
        assert word in error
        assert "\n" not in error
    assert found["1.jpg"] == ("ok", None)
    status, error = found["5.jpg"]
    assert status == "damaged"
    assert "truncated" in error
    damaged = rows(table)["c/a/5.jpg"]
    assert (damaged["width"], damaged["height"]) == (200, 150)
    assert rows(table)["c/a/6.jpg"]["image_id"] is None
    assert rows(table)["c/a/3.jpg"]["image_id"] == hashlib.sha256(files["c/a/3.jpg"]).hexdigest()
    assert "8 failed, 1 damaged" in caplog.text


def test_absurd_metadata_costs_the_field_and_not_the_shard(tmp_path):
    note = bytearray(100)
    note[:10], note[0x36:0x3A] = b"RECONYXH2\0", (50000).to_bytes(2, "little") + (60000).to_bytes(2, "little")
    block = Image.Exif()
    block.get_ifd(0x8769).update({0x9003: "9999:12:31 23:59:59", 0x927C: bytes(note)})
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", exif=block)
    manifest, roots = shard(
        tmp_path / "images", {"c/a/1.jpg": buffer.getvalue(), "c/a/2.jpg": jpeg("1899:12:31 00:00:00")}
    )
    found = index_shard(manifest, roots).to_pylist()
    assert [(row["status"], row["datetime"], row["sequence"]) for row in found] == [("ok", None, None)] * 2


def test_a_picture_in_no_folder(tmp_path):
    manifest, roots = shard(tmp_path, {"a.jpg": jpeg()})
    row = index_shard(manifest, roots).to_pylist()[0]
    assert (row["batch"], row["station"], row["status"]) == (".", None, "ok")


def test_an_unreadable_file_is_a_failed_row(tmp_path):
    manifest, roots = shard(tmp_path, {"c/a.jpg": b"x"})
    (tmp_path / "c/a.jpg").unlink()
    (tmp_path / "c/a.jpg").mkdir()
    row = index_shard(manifest, roots).to_pylist()[0]
    assert row["status"] == "failed"
    assert "cannot be read" in row["error"]


def test_what_is_no_file_or_too_large_is_failed_in_a_moment(tmp_path):
    manifest, roots = shard(
        tmp_path, {"c/a.jpg": jpeg(), "c/sparse.jpg": b"", "c/sparse.mp4": b"", "c/pipe.jpg": b"", "c/zero.png": b""}
    )
    for name in ("pipe.jpg", "zero.png"):
        (tmp_path / "c" / name).unlink()
    os.mkfifo(tmp_path / "c/pipe.jpg")
    (tmp_path / "c/zero.png").symlink_to("/dev/zero")
    large = [tmp_path / "c/sparse.jpg", tmp_path / "c/sparse.mp4"]
    for file in large:
        os.truncate(file, 10**13)
    sizes = {f"c/{file.name}": (file.stat().st_size, file.stat().st_mtime_ns) for file in large}
    found = rows(index_shard([(path, *sizes.get(path, (size, time))) for path, size, time in manifest], roots))
    assert {path: row["status"] for path, row in found.items()} == {path: "failed" for path, *_ in manifest} | {
        "c/a.jpg": "ok"
    }
    assert "more than a picture has" in found["c/sparse.jpg"]["error"]
    assert "not a video" in found["c/sparse.mp4"]["error"]
    assert "a pipe, a socket or a device" in found["c/pipe.jpg"]["error"]


@pytest.mark.parametrize("gone", ["", "c", "c/s"])
def test_a_folder_that_is_away_ends_the_job(tmp_path, gone):
    manifest, roots = shard(tmp_path / "images", {"c/s/a.jpg": jpeg(), "c/s/b.jpg": jpeg()})
    (tmp_path / "images" / gone).rename(tmp_path / "away")
    if gone == "c/s":  # one station's folder may be deleted: that is for those who know the whole shard
        assert [row["error"] for row in index_shard(manifest, roots).to_pylist()] == [source.VANISHED] * 2
        return
    with pytest.raises(OutageError, match="the same command tries again") as error:
        index_shard(manifest, roots)
    assert "\n" not in str(error.value)
    # what the plan saw gone is gone
    planned = source.Planned(gone=[path for path, *_ in manifest])
    assert index_shard(manifest, roots, planned=planned)["status"].to_pylist() == ["failed"] * 2


def test_a_system_without_file_handles_ends_the_job(tmp_path):
    """EMFILE, of a real limit."""
    manifest, _ = shard(tmp_path, {"c/a.jpg": jpeg()})
    code = (
        "import resource, sys, PIL.Image, camtrap.index.run as run\n"
        "from camtrap.core.errors import OutageError\n"
        "from camtrap.core.paths import Roots\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
        f"try: run.index_file(*{manifest[0]!r}, Roots({str(tmp_path)!r}), run.Rules())\n"
        "except OutageError as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "Too many open files" in said.stdout, said


@pytest.mark.parametrize("name", ["c/a.jpg", "c/a.mp4"])
def test_a_file_that_was_exchanged_is_failed(tmp_path, name):
    manifest, roots = shard(tmp_path, {name: b"x" * 1000})
    os.utime(tmp_path / name, ns=(10**18, 10**18))
    row = index_shard(manifest, roots).to_pylist()[0]
    assert (row["status"], row["error"]) == ("failed", source.CHANGED)
    ((path, size, _),) = manifest
    assert index_shard([(path, size, 10**18)], roots)["error"].to_pylist() != [source.CHANGED]
    assert index_shard(manifest, roots, planned=source.Planned({path: (10**18,)}))["error"].to_pylist() != [
        source.CHANGED
    ]
    assert index_shard([(path, size + 1, 10**18)], roots)["error"].to_pylist() == [source.CHANGED]
