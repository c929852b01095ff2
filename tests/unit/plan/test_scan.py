"""Which files below a folder are pictures: links, odd names, other formats, folders that cannot be read."""

import errno
import os
import socket
from pathlib import Path

import pytest
from plandata import Folder, put

from camtrap.core.errors import PlanError
from camtrap.core.paths import Roots, to_text
from camtrap.plan import scan
from camtrap.plan.ledger import Plan


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


NAMES = [
    b"plain.jpg",
    "ñandú.JPG".encode(),
    b"tab\t.jpg",
    b"new\nline.jpg",
    b"back\\x09.jpg",
    b"quo'\"te.jpg",
    b"\xff.jpg",
]


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
