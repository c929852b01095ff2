"""The index of a shard, on made files and on all real pictures."""

import csv
import datetime as dt
import hashlib
import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pytest
import trapdata
from PIL import Image, ImageOps

from camtrap.core.errors import ConfigError, OutageError
from camtrap.core.paths import Roots, to_text
from camtrap.index.run import INDEX_SCHEMA, index_shard
from camtrap.pictures import source

REPO = Path(__file__).resolve().parents[3]
REAL = REPO.parent / "shared" / "data" / "camera-traps"
real = pytest.mark.skipif(not REAL.is_dir(), reason="the real pictures (shared/data) are not on this machine")


def jpeg(when=None, orientation=None, size=(64, 48), **tags):
    block = Image.Exif()
    if orientation:
        block[0x0112] = orientation
    if when:
        block.get_ifd(0x8769)[0x9003] = when
    for tag, value in tags.items():
        block[int(tag[1:], 16)] = value
    buffer = io.BytesIO()
    noise = np.random.default_rng(len(when or "")).integers(0, 255, (*size[::-1], 3), np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG", exif=block)
    return buffer.getvalue()


def shard(root, files):
    """Write {path: bytes} and return (manifest, Roots)."""
    manifest = []
    for path, data in files.items():
        file = Path(root, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        status = file.stat()
        manifest.append((path, status.st_size, status.st_mtime_ns))
    return manifest, Roots(str(root))


def rows(table):
    return {row["path"]: row for row in table.to_pylist()}


def test_the_schema_is_that_of_the_documentation():
    text = (REPO / "docs" / "tables.md").read_text(encoding="utf-8")
    section = text.split("## `index/")[1].split("\n## ")[0]
    documented = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0] not in ("column", "---"):
            documented += [(name.strip(), cells[1].split(" of ")[0]) for name in cells[0].split(",")]
    names = {"double": "float64", "float": "float32"}
    schema = [(field.name, names.get(str(field.type), str(field.type))) for field in INDEX_SCHEMA]
    assert schema == documented


def test_an_empty_shard_is_valid(tmp_path):
    table = index_shard([], Roots(str(tmp_path)))
    assert table.num_rows == 0
    assert table.schema == INDEX_SCHEMA


def test_a_row_of_a_picture(tmp_path):
    data = jpeg("2019:03:16 14:18:19", orientation=6, t010F="MOULTRIE ")
    manifest, roots = shard(tmp_path, {"card1/StationA/DCIM/100MEDIA/IMG_0001.JPG": data})
    table = index_shard(manifest, roots)
    assert table.schema == INDEX_SCHEMA
    row = table.to_pylist()[0]
    assert row["image_id"] == hashlib.sha256(data).hexdigest()
    assert (row["batch"], row["station"], row["bytes"]) == ("card1", "StationA", len(data))
    assert (row["width"], row["height"]) == (48, 64)
    assert row["datetime"] == dt.datetime(2019, 3, 16, 14, 18, 19)
    assert (row["make"], row["status"], row["error"], row["clock"]) == ("MOULTRIE", "ok", None, None)
    assert json.loads(row["exif"])["DateTimeOriginal"] == "2019:03:16 14:18:19"
    assert (row["video"], row["frame"], row["frame_time"]) == (None, None, None)


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


def test_patterns_and_clocks(tmp_path):
    files = {
        "card/x/HS-B-06-10-18-2-45-Agopac.JPG": jpeg(),
        "card/x/HS-B-06-10-18-2-45-Mazama.JPG": jpeg("2018:10:07 01:00:00"),
        "card/x/HS-B-06-10-18-2-45-Tapter.JPG": jpeg("2000:01:01 00:00:10"),
        "card/x/IMG_0001.JPG": jpeg("2018:10:07 01:00:00"),
    }
    manifest, roots = shard(tmp_path / "images", files)
    pattern = (
        r"(?P<station>[A-Z]+-[A-Z])-(?P<day>\d+)-(?P<month>\d+)-(?P<year>\d+)-(?P<hour>\d+)-(?P<minute>\d+)"
        r"-(?P<label>\w+)\.JPG"
    )
    found = rows(index_shard(manifest, roots, {"path_pattern": pattern}))
    told, exif, epoch, plain = (found[path] for path in files)
    assert told["station"] == "HS-B"
    assert told["datetime"] == dt.datetime(2018, 10, 6, 2, 45)
    assert (told["label"], told["clock"]) == ("Agopac", None)
    assert exif["datetime"] == dt.datetime(2018, 10, 7, 1)
    assert epoch["clock"] == "epoch"
    assert (plain["station"], plain["label"], plain["latitude"]) == ("x", None, None)
    assert plain["datetime"] == dt.datetime(2018, 10, 7, 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"path_pattern": "(?P<species>x)"}, "path_pattern"),
        ({"station_pattern": "(x"}, "station_pattern"),
        ({"frame_rat": 2}, "'frame_rat' is not known"),
    ],
)
def test_wrong_options_are_refused_at_once(tmp_path, options, words):
    with pytest.raises((ConfigError, ValueError), match=words):
        index_shard([], Roots(str(tmp_path)), options)


def test_video_frames(tmp_path):
    folder = tmp_path / "card" / "A" / "DCIM"
    folder.mkdir(parents=True)
    with av.open(str(folder / "V1.MP4"), "w") as container:
        container.metadata["creation_time"] = "2019-03-16T14:18:19Z"
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(25):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode())
    status = (folder / "V1.MP4").stat()
    manifest = [("card/A/DCIM/V1.MP4", status.st_size, status.st_mtime_ns)]
    found = index_shard(manifest, Roots(str(tmp_path)), {"frame_rate": 2}).to_pylist()
    digest = hashlib.sha256((folder / "V1.MP4").read_bytes()).hexdigest()
    assert [row["frame"] for row in found] == [0, 5, 10, 15, 20]
    for row in found:
        assert row["path"] == f"card/A/DCIM/V1.MP4/frame{row['frame']:06d}.jpg"
        assert row["image_id"] == hashlib.sha256(f"{digest}#{row['frame']}".encode()).hexdigest()
        assert row["frame_time"] == pytest.approx(row["frame"] / 10)
        assert row["datetime"] == dt.datetime(2019, 3, 16, 14, 18, 19) + dt.timedelta(seconds=row["frame"] / 10)
        assert (row["station"], row["video"], row["status"]) == ("A", "card/A/DCIM/V1.MP4", "ok")
        assert (row["width"], row["height"], row["bytes"]) == (64, 48, status.st_size)


def test_names_that_are_not_utf8_and_named_roots(tmp_path):
    data = jpeg("2019:03:16 14:18:19")
    native = os.fsdecode(b"caf\xe9 1.jpg")
    (tmp_path / native).write_bytes(data)
    path = f"visit 1/{to_text(native)}"
    table = index_shard([(path, len(data), 0)], Roots({"visit 1": str(tmp_path)}))
    assert table["status"].to_pylist() == ["ok"]
    assert (table["batch"][0].as_py(), table["station"][0].as_py()) == ("visit 1", "visit 1")


def test_importing_the_stage_imports_no_torch():
    code = "import sys, camtrap.index.run; print([m for m in ('torch', 'av', 'sklearn', 'pandas') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stderr


def test_a_card_of_a_camera_trap(tmp_path):
    """By day and by night, one cut off, one empty, and a text that is called a picture; the workers change nothing."""
    day, night = trapdata.day(), trapdata.night()
    folder = "card1/Norte/DCIM/100RECNX"
    files = {f"{folder}/{shot.name}": shot.data for shot in (day, night)}
    files |= {
        f"{folder}/cut.JPG": day.data[:30_000],
        f"{folder}/empty.JPG": b"",
        f"{folder}/note.jpg": b"pilas cambiadas",
    }
    manifest, roots = shard(tmp_path, files)
    table = index_shard(manifest, roots, {"workers": 2})
    assert table.equals(index_shard(manifest, roots, {"workers": 1}))
    found = {path.removeprefix(f"{folder}/"): row for path, row in rows(table).items()}
    status = {name: row["status"] for name, row in found.items()}
    states = {"cut.JPG": "damaged", "empty.JPG": "failed", "note.jpg": "failed"}
    assert status == {day.name: "ok", night.name: "ok", **states}
    for shot in (day, night):
        row = found[shot.name]
        assert (row["width"], row["height"]) == trapdata.SIZE
        assert (row["datetime"], row["temperature"], row["make"]) == (shot.when, shot.celsius, "RECONYX")
        assert (row["station"], row["serial"], row["clock"]) == ("Norte", trapdata.SERIAL, None)
        assert json.loads(row["exif"])["Reconyx"]["sequence_length"] == 3


@real
def test_all_real_pictures():
    files = sorted(file for file in REAL.rglob("*") if file.is_file() and file.parent.name != "yolo_labels")
    manifest = []
    for file in files:
        if "images" in file.parts or "bad_inputs" in file.parts:
            status = file.stat()
            manifest.append((to_text(str(file.relative_to(REAL))), status.st_size, status.st_mtime_ns))
    roots = Roots(str(REAL))
    table = index_shard(manifest, roots, {"workers": 2})
    assert table.equals(index_shard(manifest, roots, {"workers": 1}))
    found = rows(table)
    assert len(found) == len(manifest) >= 220
    assert {(path, row["status"]) for path, row in found.items() if row["status"] != "ok"} == {
        ("bursts/bad_inputs/zPDF.pdf", "failed"),
        ("edge-cases/images/animl__error_img.JPG", "failed"),
        ("southwest/images/error_img.JPG", "failed"),
        ("edge-cases/images/speciesnet__african_elephants_truncated_file.jpg", "damaged"),
    }
    for path, row in found.items():
        if row["status"] == "ok":
            with Image.open(REAL / path) as image:
                size = image.size
                if image.getexif().get(0x0112, 1) != 1:
                    size = ImageOps.exif_transpose(image).size
            assert (row["width"], row["height"]) == size, path
            json.loads(row["exif"])
    with open(REAL / "borneo-bursts" / "labels.csv", encoding="utf-8") as file:
        for label in csv.DictReader(file):
            if label["datetime"]:
                row = found[f"borneo-bursts/{label['path']}"]
                assert row["station"] == label["station"]
                assert row["datetime"] == dt.datetime.strptime(label["datetime"], "%Y:%m:%d %H:%M:%S")
    assert pa.compute.count(table["clock"]).as_py() == 0
