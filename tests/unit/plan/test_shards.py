"""Which picture is in which shard: decided once and never again."""

import errno
import hashlib
import os
import socket
import time
from pathlib import Path

import pyarrow as pa
import pytest

from camtrap.core.errors import DamageError, OutageError, PlanError
from camtrap.core.files import write_parquet
from camtrap.core.paths import Roots, to_text
from camtrap.pictures.source import CHANGED, CLOSED, VANISHED, Planned
from camtrap.plan import again, scan
from camtrap.plan.ledger import SWEEP_SECONDS, Plan
from camtrap.plan.manifests import planned_of, read_manifest
from camtrap.plan.shards import Batch, Shard, plan, slug

NAMES = [
    b"plain.jpg",
    "ñandú.JPG".encode(),
    b"tab\t.jpg",
    b"new\nline.jpg",
    b"back\\x09.jpg",
    b"quo'\"te.jpg",
    b"\xff.jpg",
]


def rows(*names):
    return [(f"card/{name}.jpg", 10, 100) for name in names]


def put(folder, *paths, content=None):
    for path in paths:
        file = Path(folder, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if content is not None else str(path).encode())
        os.utime(file, ns=(10**18, 10**18))


class Folder:
    """Pictures and results in one place, planned and committed by :meth:`update`."""

    def __init__(self, path):
        self.pictures, self.results = path / "pictures", path / "results"
        self.pictures.mkdir()
        self.plan = Plan(self.results)

    def look(self, shard_size=2, **options):
        return self.plan.update(Roots(str(self.pictures)), shard_size, **options)

    def update(self, shard_size=2, **options):
        outcome = self.look(shard_size, **options)
        self.plan.commit(outcome)
        return outcome

    def index(self, shard):
        """What the index stage would know of a shard."""
        found = [
            {"path": path, "video": None, "frame": None, "image_id": hashlib.sha256(self.read(path)).hexdigest()}
            for path, *_ in self.plan.read_manifest(shard)
        ]
        kinds = [("path", pa.string()), ("video", pa.string()), ("frame", pa.int32()), ("image_id", pa.string())]
        write_parquet(self.results / "index" / f"{shard}.parquet", pa.Table.from_pylist(found, pa.schema(kinds)))

    def read(self, path):
        return Path(Roots(str(self.pictures)).locate(path)).read_bytes()

    def paths(self, shards):
        return [[row[0] for row in self.plan.read_manifest(shard)] for shard in shards]


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


def test_what_is_passed_over(folder):
    for name in (".Trashes/a.jpg", "card/.hidden.jpg", "$RECYCLE.BIN/a.jpg", "card/@eaDir/a.jpg", "lost+found/a.jpg"):
        put(folder.pictures, name)
    put(folder.pictures, "old results/plan/index.tsv", "old results/clusters/sheet.jpg", "card/a.jpg")
    assert folder.paths(folder.update().shards) == [["card/a.jpg"]]


def test_links(folder, tmp_path):
    put(tmp_path / "elsewhere", "a.jpg")
    put(folder.pictures, "card/b.jpg")
    card = folder.pictures / "card"
    (card / "linked").symlink_to(tmp_path / "elsewhere")
    (card / "circle").symlink_to(folder.pictures)
    (card / "self").symlink_to(card)
    (card / "nothing.jpg").symlink_to("gone")
    (card / "loop.jpg").symlink_to("loop.jpg")
    (folder.pictures / "loose.jpg").symlink_to("gone")
    assert folder.paths(folder.update().shards) == [["card/b.jpg", "card/linked/a.jpg"]]


def test_what_is_not_a_file_is_passed_over(folder):
    put(folder.pictures, "card/a.jpg")
    card = folder.pictures / "card"
    os.mkfifo(card / "pipe.jpg")
    (card / "zero.jpg").symlink_to("/dev/zero")
    (card / "linked pipe.mp4").symlink_to("pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(card / "socket.png"))
        assert folder.paths(folder.update().shards) == [["card/a.jpg"]]


def test_a_folder_with_the_name_of_a_video_is_a_folder(folder):
    put(folder.pictures, "card/film.mp4/a.jpg", "first.avi/b.jpg", "card/raw.cr2/c.jpg")
    paths = folder.paths(folder.update(5).shards)
    assert paths == [["card/film.mp4/a.jpg", "card/raw.cr2/c.jpg"], ["first.avi/b.jpg"]]


@pytest.mark.parametrize("n", [2, 9])
def test_folders_that_link_to_each_other_are_looked_through_once(folder, n):
    names = [f"card{number}" for number in range(n)]
    put(folder.pictures, *(f"{name}/a.jpg" for name in names))
    for one in names:
        for other in set(names) - {one}:
            (folder.pictures / one / f"to {other}").symlink_to(Path("..", other))
    assert folder.paths(folder.update().shards) == [[f"{name}/a.jpg"] for name in names]


def test_folders_elsewhere_that_link_to_each_other_end(folder, tmp_path):
    put(tmp_path / "elsewhere", "one/a.jpg", "two/b.jpg")
    (tmp_path / "elsewhere" / "one" / "two").symlink_to(tmp_path / "elsewhere" / "two")
    (tmp_path / "elsewhere" / "two" / "one").symlink_to(tmp_path / "elsewhere" / "one")
    (folder.pictures / "card").symlink_to(tmp_path / "elsewhere" / "one")
    assert folder.paths(folder.update().shards) == [["card/a.jpg", "card/two/b.jpg"]]


def test_formats_that_are_not_read_are_counted(folder):
    put(
        folder.pictures,
        "card/a.jpg",
        "card/b.HEIC",
        "card/c/d.heic",
        "e.CR2",
        "card/f.mts",
        "card/notes.txt",
        "card/.g.dng",
    )
    assert dict(folder.update().passed) == {"HEIC": 2, "MTS": 1, "CR2": 1}


def test_named_roots_are_batches(folder, tmp_path):
    put(tmp_path / "old", "x/a.jpg")
    put(tmp_path / "new", "a.jpg")
    outcome = folder.plan.update(Roots({"2023": str(tmp_path / "old"), "2024": str(tmp_path / "new")}), 10)
    assert [shard.batch for shard in outcome.fresh] == ["2023", "2024"]
    assert folder.paths(outcome.shards) == [["2023/x/a.jpg"], ["2024/a.jpg"]]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_any_file_name_is_planned_and_found_again(folder, name):
    card = os.fsencode(folder.pictures) + b"/card \xfe"
    os.mkdir(card)
    with open(card + b"/" + name, "wb") as file:
        file.write(name)
    (shard,) = folder.update().shards
    ((path, size, _),) = folder.plan.read_manifest(shard)
    assert path == to_text(b"card \xfe/" + name)
    assert size == len(name)
    assert folder.read(path) == name
    again = folder.look()
    assert (again.shards, again.fresh, again.removed) == ([shard], [], [])


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


# --- removed, moved and changed pictures ------------------------------------------------------------------------------


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


def test_a_missing_root_is_refused(folder):
    put(folder.pictures, "card/a.jpg")
    folder.update()
    folder.pictures.rename(folder.pictures.with_name("unmounted"))
    with pytest.raises(PlanError, match="no such picture folder"):
        folder.look()


def test_a_linked_disk_that_does_not_answer_is_not_passed_over():
    """Its pictures would count as removed."""

    class Entry:
        name, path = "disk", "card/disk"

        def is_dir(self):
            raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(PlanError, match="card/disk: the disk does not answer"):
        scan._is_folder(Entry())


def test_a_folder_whose_files_may_not_be_looked_at_is_refused():
    """It may be listed, and every file in it was passed over: all of them counted as removed."""

    class Entry:
        def __init__(self, is_link):
            self.path, self.is_symlink = "card/north/a.jpg", lambda: is_link

        def stat(self):
            raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.raises(PlanError, match=r"^card/north: there is no permission to look at the files in this folder"):
        scan._status(Entry(False))
    assert scan._status(Entry(True)) is None  # a link into somebody's folder costs itself


def test_a_variable_of_the_shell_is_not_known_here(tmp_path):
    with pytest.raises(PlanError, match=r"\$HOME/pictures: .*only a shell knows what \$ stands for"):
        list(scan.batches(Roots("$HOME/pictures"), tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_closed_folder_is_refused(folder):
    put(folder.pictures, "card/a.jpg")
    (folder.pictures / "card").chmod(0)
    try:
        with pytest.raises(PlanError, match="card: this folder cannot be read"):
            folder.look()
    finally:
        (folder.pictures / "card").chmod(0o755)


def test_results_among_the_pictures_are_not_planned(tmp_path):
    put(tmp_path, "card/a.jpg", "card/out/clusters/sheet.jpg", "out/sheet.jpg")
    for results in (tmp_path / "card" / "out", tmp_path / "out"):
        found = {name: [row[0] for row in shot] for name, shot in scan.batches(Roots(str(tmp_path)), results)}
        other = "out/sheet.jpg" if results.parent != tmp_path else "card/out/clusters/sheet.jpg"
        assert sorted(path for paths in found.values() for path in paths) == sorted(["card/a.jpg", other])
    named = dict(scan.batches(Roots({"x": str(tmp_path / "card")}), tmp_path / "card" / "out"))
    assert [row[0] for row in named["x"]] == ["x/a.jpg"]


def test_pictures_and_results_cannot_be_one_folder(tmp_path):
    with pytest.raises(PlanError, match="cannot be the same folder"):
        Plan(tmp_path).update(Roots(str(tmp_path)), 10)


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
