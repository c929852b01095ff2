"""Which picture is in which shard: decided once and never again."""

import hashlib
import os
import time

import pytest
from plandata import Folder, put

from camtrap.core.errors import PlanError
from camtrap.plan.ledger import SWEEP_SECONDS
from camtrap.plan.shards import Batch, Shard, plan, slug


def rows(*names):
    return [(f"card/{name}.jpg", 10, 100) for name in names]


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


# --- the pure function ------------------------------------------------------------------------------------------------


def test_new_pictures_are_sorted_and_cut():
    shards = plan(Batch("card"), rows("c", "a", "e", "b", "d"), 2)
    assert [shard.rows for shard in shards] == [tuple(rows("a", "b")), tuple(rows("c", "d")), tuple(rows("e"))]
    assert [shard.seq for shard in shards] == [0, 1, 2]


def test_the_order_of_discovery_changes_nothing():
    names = [f"{number:03d}" for number in range(25)]
    assert plan(Batch("card"), rows(*names), 4) == plan(Batch("card"), rows(*reversed(names)), 4)


def test_known_pictures_keep_their_shard_and_a_partial_one_is_not_topped_up():
    known = {row[0]: ("card-00000-00000000", row) for row in rows("b")}
    shards = plan(Batch("card", 1, known), rows("a", "b", "c"), 2)
    assert shards == [Shard("card", 1, tuple(rows("a", "c")))]
    assert plan(Batch("card", 2, known), rows("b"), 2) == []
    assert plan(Batch("card"), [], 2) == []


def test_a_shard_is_named_by_batch_number_and_content():
    (shard,) = plan(Batch("Tarjeta ñ 1/x", 7), rows("a"), 2)
    text = "path\tsize\tmtime_ns\ncard/a.jpg\t10\t100\n"
    assert shard.manifest == text
    assert shard.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert shard.name == f"Tarjeta_1_x-00007-{shard.sha256[:8]}"
    assert shard.name != plan(Batch("Tarjeta ñ 1/x", 7), [("card/a.jpg", 11, 100)], 2)[0].name


@pytest.mark.parametrize(("batch", "name"), [("鹿", "batch"), (".", "batch"), ("a" * 99, "a" * 40), ("A-b_c", "A_b_c")])
def test_slug(batch, name):
    assert slug(batch) == name


def test_manifests_stay_below_a_megabyte():
    """Snakemake compares contents only below that."""
    many = [(f"card/{'ñ' * 100}/{number:06d}.jpg", 10**9, 10**18) for number in range(10_000)]
    shards = plan(Batch("card"), many, 9_000)
    assert max(len(shard.manifest.encode()) for shard in shards) < 1_000_000
    assert [row for shard in shards for row in shard.rows] == many
    assert len(shards) == 3


# --- the plan on disk -------------------------------------------------------------------------------------------------


def test_first_level_folders_are_batches(folder):
    put(folder.pictures, "one/a.jpg", "one/deep/er/b.JPEG", "two/c.png", "loose.tif", "two/film.mp4", "two/notes.txt")
    outcome = folder.update()
    assert folder.paths(outcome.shards) == [
        ["one/a.jpg", "one/deep/er/b.JPEG"],
        ["two/c.png", "two/film.mp4"],
        ["loose.tif"],
    ]
    assert [row[1] for row in folder.plan.rows()] == ["one", "two", "."]
    assert outcome.n_new == 5


def test_nothing_new_changes_nothing(folder):
    put(folder.pictures, "card/a.jpg", "card/b.jpg", "card/c.jpg")
    first = folder.update()
    before = {path: path.read_bytes() for path in folder.results.rglob("*") if path.is_file()}
    again = folder.update()
    assert again.shards == first.shards
    assert again.fresh == again.removed == []
    assert {path: path.read_bytes() for path in folder.results.rglob("*") if path.is_file()} == before


def test_late_pictures_and_new_batches_are_appended(folder):
    put(folder.pictures, "card/b.jpg", "card/d.jpg", "card/f.jpg")
    first = folder.update()
    index = folder.plan.index.read_text()
    put(folder.pictures, "card/a.jpg", "card/c.jpg", "card/e.jpg", "another/a.jpg")
    second = folder.update()
    assert second.shards[:2] == first.shards
    assert folder.paths(second.shards[2:]) == [["another/a.jpg"], ["card/a.jpg", "card/c.jpg"], ["card/e.jpg"]]
    assert folder.plan.index.read_text().startswith(index)
    assert [shard.seq for shard in second.fresh] == [0, 2, 3]


def test_small_new_folders_share_shards_and_keep_them(folder):
    put(folder.pictures, *(f"S{number:02d}/{name}.jpg" for number in range(8) for name in "ab"), "loose.jpg")
    put(folder.pictures, *(f"card/{number}.jpg" for number in range(5)))
    first = folder.update(10)
    assert [len(paths) for paths in folder.paths(first.shards)] == [5, 9, 8]
    cut = [{path.partition("/")[0] for path in paths} for paths in folder.paths(first.shards)]
    assert not set.intersection(cut[1], cut[2])
    again = folder.update(10)
    assert (again.shards, again.fresh, again.removed) == (first.shards, [], [])
    # new cards and late pictures make new shards only, which are shared where they are many
    put(folder.pictures, *(f"T{number}/a.jpg" for number in range(5)), "S03/c.jpg")
    second = folder.update(10)
    assert second.shards[:3] == first.shards
    assert folder.paths(second.shards[3:]) == [["S03/c.jpg", *(f"T{number}/a.jpg" for number in range(5))]]
    (folder.pictures / "S01" / "a.jpg").unlink()
    (folder.pictures / "T0" / "a.jpg").unlink()
    (folder.pictures / "T0").rmdir()
    assert folder.update(10).removed == ["S01/a.jpg", "T0/a.jpg"]


def test_few_small_folders_have_a_shard_each(folder):
    put(folder.pictures, *(f"S{number}/a.jpg" for number in range(4)))
    assert [shard.batch for shard in folder.update(10).fresh] == ["S0", "S1", "S2", "S3"]


def test_a_changed_picture_supersedes_a_shared_shard_of_all_its_folders(folder):
    put(folder.pictures, *(f"S{number}/{name}.jpg" for number in range(6) for name in "ab"))
    (old,) = folder.update(100).shards
    folder.index(old)
    (folder.pictures / "S0" / "a.jpg").unlink()
    put(folder.pictures, "S4/a.jpg", content=b"another")
    with pytest.raises(PlanError, match=r"S4/a\.jpg.*supersede"):
        folder.look(100)
    outcome = folder.update(100, changed="supersede")
    assert outcome.superseded == [old]
    (paths,) = folder.paths(outcome.shards)
    assert paths == ["S0/b.jpg", *(f"S{number}/{name}.jpg" for number in range(1, 6) for name in "ab")]
    assert outcome.removed == []
    again = folder.update(100)
    assert (again.shards, again.fresh, again.removed) == (outcome.shards, [], [])


def test_pictures_of_a_camera_in_the_future_do_not_wait(folder):
    put(folder.pictures, "card/a.jpg", "card/b.jpg", "card/c.jpg")
    now = time.time()
    for name, seconds in (("a", 0), ("b", 3 * 3600), ("c", 8 * 365 * 86400)):
        os.utime(folder.pictures / "card" / f"{name}.jpg", (now + seconds, now + seconds))
    outcome = folder.update(settle_seconds=60)
    assert (folder.paths(outcome.shards), outcome.unsettled) == ([["card/c.jpg"]], 2)


def test_another_shard_size_counts_for_the_future(folder):
    put(folder.pictures, *(f"card/{number}.jpg" for number in range(5)))
    first = folder.update(2)
    assert folder.look(5).shards == first.shards
    put(folder.pictures, *(f"card/{number}.jpg" for number in range(5, 9)))
    assert folder.paths(folder.update(3).shards[3:]) == [["card/5.jpg", "card/6.jpg", "card/7.jpg"], ["card/8.jpg"]]


def test_young_pictures_wait(folder):
    put(folder.pictures, "card/a.jpg", "card/b.jpg")
    now = time.time()
    os.utime(folder.pictures / "card" / "b.jpg", (now, now))
    outcome = folder.update(settle_seconds=3600)
    assert folder.paths(outcome.shards) == [["card/a.jpg"]]
    assert outcome.unsettled == 1
    os.utime(folder.pictures / "card" / "b.jpg", (now - 7200, now - 7200))
    outcome = folder.update(settle_seconds=3600)
    assert folder.paths(outcome.shards) == [["card/a.jpg"], ["card/b.jpg"]]
    assert outcome.unsettled == 0


def test_a_dry_run_plans_the_same_and_commits_nothing(folder):
    put(folder.pictures, "card/a.jpg")
    names = [folder.look().shards for _ in range(2)]
    assert names[0] == names[1]
    assert folder.plan.rows() == []
    (folder.pictures / "card" / "a.jpg").unlink()
    put(folder.pictures, "card/b.jpg")
    outcome = folder.update()
    assert folder.paths(outcome.shards) == [["card/b.jpg"]]
    assert outcome.removed == []


def test_manifests_that_nobody_committed_are_swept(folder):
    put(folder.pictures, "card/a.jpg")
    (kept,) = folder.update().shards
    put(folder.pictures, "card/b.jpg", "card/c.jpg", "card/d.jpg")
    old, young = (folder.plan.manifest(shard) for shard in folder.look().shards[1:])
    for manifest in (old, folder.plan.manifest(kept)):
        long_ago = time.time() - SWEEP_SECONDS - 10
        os.utime(manifest, (long_ago, long_ago))
    folder.plan.sweep()
    assert [old.exists(), young.exists(), folder.plan.manifest(kept).exists()] == [False, True, True]


def test_of_two_plans_one_is_committed(folder):
    put(folder.pictures, "card/a.jpg")
    first, second = folder.look(), folder.look()
    folder.plan.commit(first)
    with pytest.raises(PlanError, match="another run has planned"):
        folder.plan.commit(second)
    assert len(folder.plan.rows()) == 1


def test_a_job_reads_the_plan_of_its_own_run(folder):
    put(folder.pictures, "card/a.jpg", "card/b.jpg")
    first = folder.update(1)
    folder.index(first.shards[0])
    put(folder.pictures, "card/a.jpg", content=b"another")
    folder.update(1, changed="supersede")
    assert folder.plan.live(2, 0) == first.shards
    assert folder.plan.live()[0] == first.shards[1]
    assert len(folder.plan.live()) == 2
