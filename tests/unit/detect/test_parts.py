"""A killed detect job goes on where it was; what it took up is what it would have found."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from camtrap.core.paths import Roots
from camtrap.detect import task as tasks
from camtrap.detect.parts import Parts
from camtrap.detect.run import detect_shard

N, KILLED_AT, WINDOW = 60, 50, 12
MOTION = {"min_confidence": 0.005, "prefilter": "none", "motion": {"window": WINDOW, "width": 64}}
KILLED = f"""
import os, signal, sys
from camtrap.core.paths import Roots
from camtrap.detect import run, task
load, seen = task.Task.load, []
def counted(self, row):
    seen.append(row)
    if len(seen) == {KILLED_AT}:
        os.kill(os.getpid(), signal.SIGKILL)
    return load(self, row)
task.Task.load = counted
run.detect_shard("index/s.parquet", "known.json", "out/s.json", Roots("pictures"), {MOTION!r})
"""


@pytest.fixture
def shard(tmp_path, monkeypatch):
    """A shard of one station: a spot that moves before a plain ground; every third picture is infrared."""
    from camtrap.index.run import index_shard

    (tmp_path / "pictures").mkdir()
    (tmp_path / "index").mkdir()
    random = np.random.default_rng(0)
    ground = random.integers(60, 120, (48, 64, 3))
    for number in range(N):
        picture = ground + random.integers(0, 6, ground.shape)
        y, x = random.integers(0, 32), random.integers(0, 48)
        picture[y : y + 14, x : x + 14] += 110
        if number % 3 == 0:
            picture[:] = picture.mean(2, keepdims=True)
        Image.fromarray(picture.astype(np.uint8)).save(tmp_path / "pictures" / f"{number:03d}.png")
    paths = sorted((tmp_path / "pictures").iterdir())
    rows = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    pq.write_table(index_shard(rows, Roots(str(tmp_path / "pictures"))), tmp_path / "index" / "s.parquet")
    (tmp_path / "known.json").write_text(json.dumps({"backend": "motion", "model": "motion", "sha256": None}))
    monkeypatch.chdir(tmp_path)
    looked_at = []
    load = tasks.Task.load
    monkeypatch.setattr(tasks.Task, "load", lambda self, row: looked_at.append(row["path"]) or load(self, row))

    def run(out="out/s.json", options=MOTION):
        looked_at.clear()
        detect_shard("index/s.parquet", "known.json", out, Roots("pictures"), options)
        return json.loads((tmp_path / out).read_text()), list(looked_at)

    return run


def test_a_killed_job_looks_at_few_pictures_again(shard, tmp_path):
    whole, looked_at = shard("whole/s.json")
    assert len(looked_at) == N
    assert sum(len(entry["detections"]) for entry in whole["images"]) > N // 2
    killed = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    for name in ("s.jsonl", "s.aside.jsonl"):
        with (tmp_path / "out" / "unfinished" / name).open("a") as file:
            file.write('{"file": "059.png", "detec')  # the kill came in the middle of a line
    found, looked_at = shard()
    # The picture at hand alone, although those of two modes waited for their windows.
    assert len(looked_at) == 1 + N - KILLED_AT
    assert found == whole
    assert not (tmp_path / "out" / "unfinished").exists()


def test_a_damaged_picture_that_was_laid_aside_is_read_again(shard, tmp_path):
    whole, _ = shard("whole/s.json")
    subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, env=os.environ)
    aside = tmp_path / "out" / "unfinished" / "s.aside.jsonl"
    lines = aside.read_bytes().splitlines(keepends=True)
    lines[-2] = lines[-2].replace(b'"infrared": true', b'"infrared": false')
    lines[-2] = lines[-2].replace(b'"png": "', b'"png": "AAAA')
    aside.write_bytes(b"".join(lines))
    found, looked_at = shard()
    assert len(looked_at) == 1 + N - KILLED_AT + 2  # the damaged one, and the one after it
    assert found == whole


@pytest.mark.parametrize("change", ["settings", "index"])
def test_what_other_settings_or_pictures_gave_is_not_taken_up(shard, tmp_path, change):
    subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, env=os.environ)
    options = MOTION
    if change == "settings":
        options = MOTION | {"min_confidence": 0.01}
    else:
        index = pq.read_table(tmp_path / "index" / "s.parquet")
        sizes = index["bytes"].to_pylist()
        os.truncate(tmp_path / "pictures" / "000.png", sizes[0])
        pq.write_table(index.slice(1), tmp_path / "index" / "s.parquet")
    _, looked_at = shard(options=options)
    assert len(looked_at) == N - (change == "index")


def test_a_damaged_line_is_not_taken_up(tmp_path):
    path = tmp_path / "unfinished" / "s.jsonl"
    boxes = [{"file": name, "detections": [{"category": "1", "conf": 0.25, "bbox": [0, 0, 1, 1]}]} for name in "abc"]
    parts = Parts(path, "key")
    parts.add(boxes[:1])
    parts.add(boxes[1:])
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"0.25", b"0.75")  # the second batch: still JSON
    path.write_bytes(b"".join(lines))
    assert list(Parts(path, "key").kept) == ["a"]


def test_failures_are_tried_again(tmp_path):
    path = tmp_path / "unfinished" / "s.jsonl"
    parts = Parts(path, "key")
    parts.add([{"file": "a", "detections": []}, {"file": "b", "failure": "the file has vanished"}])
    assert Parts(path, "key").kept == {"a": {"file": "a", "detections": []}}
    assert Parts(path, "other").kept == {}
    assert Parts(path, "key").kept == {}


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, b"[]\n", b'{"key": "key"', b"\xff\xfe\n"])
def test_a_damaged_file_is_begun_anew(tmp_path, damage):
    path = tmp_path / "s.jsonl"
    path.write_bytes(damage)
    parts = Parts(path, "key")
    assert parts.kept == {}
    parts.add([{"file": "a", "detections": []}])
    assert list(Parts(path, "key").kept) == ["a"]
