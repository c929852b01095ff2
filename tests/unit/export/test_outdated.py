"""What is not exported any more does not lie beside newer tables."""

import os

import pytest

from camtrap.core import checksums
from camtrap.export.outdated import put_aside
from camtrap.export.registry import EXPORTS

OFF = {name: "none" if name in ("folders", "camtrap_dp") else False for name in EXPORTS}


@pytest.fixture
def export(tmp_path):
    """Exports of before, and clusters that are newer."""
    export = tmp_path / "export"
    for name in ("folders/cluster_000/a.jpg", "yasuni.json", "yasuni_features.jsonl", "crops.csv", "mine.csv"):
        (export / name).parent.mkdir(parents=True, exist_ok=True)
        (export / name).write_text("old")
    for path in export.iterdir():
        os.utime(path, ns=(10**18, 10**18))
    (tmp_path / "clusters.parquet").touch()
    return export


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_only_what_is_old_and_not_asked_for_is_moved(export, tmp_path):
    os.utime(export / "crops.csv")
    checksums.record(tmp_path, [export / "folders", export / "yasuni.json"])
    sources = [tmp_path / "clusters.parquet", tmp_path / "gone"]
    lines = put_aside(export, OFF | {"megadetector": True}, sources)
    assert files(export) == [
        "crops.csv",
        "mine.csv",
        "outdated/folders/cluster_000/a.jpg",
        "outdated/yasuni.json",
        "outdated/yasuni_features.jsonl",
    ]
    assert len(lines) == 2
    assert str(export / "outdated" / "folders") in lines[0]
    assert put_aside(export, OFF, sources) == []
    assert list(checksums.recorded(tmp_path)) == []  # else they would count as missing


def test_what_is_asked_for_stays(export, tmp_path):
    before = files(export)
    assert (
        put_aside(export, OFF | {"csv": True, "folders": "copy", "yasuni": True}, [tmp_path / "clusters.parquet"]) == []
    )
    assert files(export) == before


def test_what_was_moved_before_is_replaced(export, tmp_path):
    for _ in range(2):
        put_aside(export, OFF, [tmp_path / "clusters.parquet"])
        (export / "folders").mkdir(exist_ok=True)
        (export / "folders" / "new.jpg").write_text("new")
        os.utime(export / "folders", ns=(10**18, 10**18))
    assert files(export / "outdated" / "folders") == ["new.jpg"]
