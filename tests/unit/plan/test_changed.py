"""Pictures that are removed, moved, exchanged or touched after they were planned."""

import hashlib
import os

import pyarrow as pa
import pytest
from plandata import Folder, put

from camtrap.core.errors import DamageError, OutageError, PlanError
from camtrap.core.files import write_parquet
from camtrap.pictures.source import CHANGED, CLOSED, VANISHED, Planned
from camtrap.plan import again
from camtrap.plan.manifests import planned_of, read_manifest


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def test_removed_pictures_are_listed_and_come_back(folder):
    put(folder.pictures, "card/a.jpg", "card/b.jpg", "two/c.jpg")
    first = folder.update()
    empty = folder.plan.removed_file(first)
    (folder.pictures / "card" / "b.jpg").unlink()
    (folder.pictures / "two" / "c.jpg").unlink()
    (folder.pictures / "two").rmdir()
    outcome = folder.update()
    assert outcome.removed == ["card/b.jpg", "two/c.jpg"]
    assert outcome.shards == first.shards
    listed = folder.plan.removed_file(outcome)
    assert listed.read_text() == "path\ncard/b.jpg\ntwo/c.jpg\n"
    assert listed != empty
    put(folder.pictures, "card/b.jpg", "two/c.jpg")
    outcome = folder.update()
    assert outcome.removed == outcome.fresh == []
    assert folder.plan.removed_file(outcome) == empty


def test_a_renamed_folder_is_a_new_batch(folder):
    put(folder.pictures, "card/a.jpg")
    first = folder.update()
    (folder.pictures / "card").rename(folder.pictures / "named")
    outcome = folder.update()
    assert outcome.removed == ["card/a.jpg"]
    assert folder.paths(outcome.shards) == [["card/a.jpg"], ["named/a.jpg"]]
    assert outcome.shards[0] == first.shards[0]


def test_a_picture_folder_that_is_empty_all_at_once_is_refused(folder):
    put(folder.pictures, "card/a.jpg", "b.jpg")
    folder.update()
    folder.pictures.rename(folder.pictures.with_name("elsewhere"))
    folder.pictures.mkdir()
    with pytest.raises(PlanError, match="is the disk mounted"):
        folder.look()


@pytest.mark.parametrize("why", [VANISHED, CLOSED])
def test_what_a_job_could_not_use_is_looked_at_again_once_it_is_there(folder, monkeypatch, why):
    put(folder.pictures, "card/a.jpg", "card/b.jpg", "card/c.jpg")
    one, two = folder.update().shards
    for shard in (one, two):
        folder.index(shard)
    failures = [("card/a.jpg", why), ("card/b.jpg", "the file is empty (0 bytes)")]
    again.note(folder.results, one, failures, 2, Planned())
    if why == VANISHED:
        (folder.pictures / "card" / "a.jpg").rename(folder.pictures / "a")
    else:
        monkeypatch.setattr(os, "access", lambda path, mode: not path.endswith("a.jpg"))  # root may read everything
    assert folder.update().superseded == []
    if why == VANISHED:
        (folder.pictures / "a").rename(folder.pictures / "card" / "a.jpg")
    monkeypatch.undo()
    outcome = folder.update()
    assert outcome.superseded == [one]
    assert folder.paths(outcome.shards) == [["card/c.jpg"], ["card/a.jpg", "card/b.jpg"]]
    assert folder.update().superseded == []


def test_a_picture_that_a_job_found_changed_needs_no_yes(folder):
    put(folder.pictures, "card/a.jpg", "card/b.jpg")
    (shard,) = folder.update().shards
    folder.index(shard)
    (folder.pictures / "card" / "a.jpg").write_bytes(b"another picture")
    with pytest.raises(PlanError, match="supersede"):
        folder.look()
    again.note(folder.results, shard, [("card/a.jpg", CHANGED)], 2, Planned())
    assert folder.update().superseded == [shard]


def test_where_all_pictures_of_a_shard_vanish_none_is_to_blame(folder):
    failures = [("card/a.jpg", VANISHED), ("card/b.jpg", VANISHED)]
    with pytest.raises(OutageError, match="is the disk mounted"):
        again.note(folder.results, "card-00001-00000000", failures, 2, Planned())
    again.note(folder.results, "card-00001-00000000", failures, 3, Planned())
    with pytest.raises(OutageError, match=r"all other 1 pictures of .* may not be read by this user: change"):
        again.note(folder.results, "card-00001-00000000", [(path, CLOSED) for path, _ in failures], 2, Planned())
    again.note(folder.results, "card-00001-00000000", failures, 2, Planned(gone=["card/a.jpg", "card/b.jpg"]))


def test_jobs_know_what_was_touched_and_what_is_gone(folder):
    put(folder.pictures, "card/a.jpg", "card/b.jpg", "two/c.jpg")
    shard, _ = folder.update().shards
    folder.index(shard)
    os.utime(folder.pictures / "card" / "a.jpg", ns=(5, 5))
    (folder.pictures / "card" / "b.jpg").unlink()
    removed = folder.plan.removed_file(folder.update())
    (folder.plan.folder / "current").write_text(f"1:0:{removed.stem}")
    planned = planned_of(folder.results, shard)
    assert planned.times == {"card/a.jpg": (10**18, 5), "card/b.jpg": (10**18,)}
    assert planned.gone == {"card/b.jpg"}
    assert planned_of(folder.results / "nowhere", shard) == Planned({}, frozenset())


def test_touched_pictures_with_the_same_content_are_no_news(folder):
    put(folder.pictures, "card/a.jpg", "card/b.jpg")
    (shard,) = folder.update().shards
    folder.index(shard)
    manifest = folder.plan.manifest(shard).read_bytes()
    os.utime(folder.pictures / "card" / "a.jpg")
    assert folder.update().shards == [shard]
    assert folder.plan.manifest(shard).read_bytes() == manifest
    # found the same once, it is not read again
    (folder.results / "index" / f"{shard}.parquet").write_bytes(b"nobody reads this")
    outcome = folder.update()
    assert (outcome.shards, outcome.fresh, outcome.removed) == ([shard], [], [])


@pytest.mark.parametrize("content", [b"longer than before", b"card/x.jpg"], ids=["size", "same size"])
def test_a_changed_picture_is_refused(folder, content):
    put(folder.pictures, "card/a.jpg", "card/b.jpg")
    (shard,) = folder.update().shards
    folder.index(shard)
    (folder.pictures / "card" / "b.jpg").write_bytes(content)
    with pytest.raises(PlanError, match=r"card/b\.jpg.*supersede") as error:
        folder.look()
    assert "\n" not in str(error.value)
    assert folder.plan.live() == [shard]


def test_a_changed_picture_supersedes_its_shard(folder):
    put(folder.pictures, *(f"card/{name}.jpg" for name in "abcd"))
    old, other = folder.update().shards
    for shard in (old, other):
        folder.index(shard)
    (folder.pictures / "card" / "b.jpg").unlink()
    put(folder.pictures, "card/a.jpg", content=b"another")
    put(folder.pictures, "card/e.jpg")
    outcome = folder.update(changed="supersede")
    assert outcome.superseded == [old]
    assert outcome.shards[0] == other
    assert folder.paths(outcome.shards[1:]) == [["card/a.jpg", "card/e.jpg"]]
    # nobody lists the picture that the old shard had: the list would be another one next time
    assert outcome.removed == []
    again = folder.update()
    assert (again.shards, again.fresh, again.removed) == (outcome.shards, [], [])
    assert folder.plan.superseded() == [old]
    assert folder.plan.rows()[0][0] == old


def test_a_picture_that_is_being_overwritten_waits(folder):
    put(folder.pictures, "card/a.jpg", "card/b.jpg")
    (shard,) = folder.update().shards
    folder.index(shard)
    (folder.pictures / "card" / "b.jpg").write_bytes(b"half of a copy")
    outcome = folder.update(changed="supersede", settle_seconds=3600)
    assert (outcome.shards, outcome.superseded, outcome.fresh) == ([shard], [], [])
    assert folder.update(changed="supersede").superseded == [shard]


def test_before_the_index_another_time_changes_nothing(folder):
    put(folder.pictures, "card/a.jpg")
    (shard,) = folder.update().shards
    os.utime(folder.pictures / "card" / "a.jpg")
    assert folder.update().shards == [shard]
    (folder.pictures / "card" / "a.jpg").write_bytes(b"it was still being copied")
    with pytest.raises(PlanError, match="supersede"):
        folder.look()


def test_a_touched_video_is_known_by_its_frames(folder):
    put(folder.pictures, "card/film.mp4")
    (shard,) = folder.update().shards
    digest = hashlib.sha256(folder.read("card/film.mp4")).hexdigest()
    frame = {
        "path": "card/film.mp4#000010",
        "video": "card/film.mp4",
        "frame": 10,
        "image_id": hashlib.sha256(f"{digest}#10".encode()).hexdigest(),
    }
    write_parquet(folder.results / "index" / f"{shard}.parquet", pa.Table.from_pylist([frame]))
    os.utime(folder.pictures / "card" / "film.mp4")
    assert folder.update().shards == [shard]
    (folder.pictures / "card" / "film.mp4").write_bytes(b"card/FILM.mp4")
    with pytest.raises(PlanError, match=r"film\.mp4"):
        folder.look()


@pytest.mark.parametrize("row", ["card/a.jpg\t12", "card/a.jpg\tlarge\t5"])
def test_a_damaged_manifest_is_named(tmp_path, row):
    path = tmp_path / "card-00000-01234567.tsv"
    path.write_text(f"path\tsize\tmtime_ns\n{row}\n")
    with pytest.raises(DamageError, match=r"card-00000-01234567\.tsv is damaged"):
        read_manifest(path)
