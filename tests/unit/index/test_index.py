"""The index of a shard, on made files and on all real pictures."""

import csv
import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pytest
import trapdata
from indexdata import jpeg, rows, shard
from PIL import Image, ImageOps
from realdata import REAL, real

from camtrap.core.errors import ConfigError
from camtrap.core.paths import Roots, to_text
from camtrap.index.run import INDEX_SCHEMA, index_shard

REPO = Path(__file__).resolve().parents[3]


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
