import csv
import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camtrap.core.errors import UserError
from camtrap.core.paths import Roots, to_text
from camtrap.export import folders, table

NASTY = 'card/a, "b"\nñ.jpg'


@pytest.fixture
def survey(tmp_path):
    """Four crops of three pictures: two in a cluster (one picture twice), one noise, one not clustered."""
    pictures = ["card/one.jpg", NASTY, "card/three.jpg"]
    for number, name in enumerate(pictures):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"picture {number}".encode())
    paths = [to_text(pictures[number]) for number in (0, 0, 1, 2)]
    crops = {
        "crop_id": ["c1", "c2", "c3", "c4"],
        "path": paths,
        "shard": ["s"] * 4,
        "row": [0, 1, 2, 3],
        "batch": ["card"] * 4,
        "station": ["A", "A", None, "B"],
        "datetime": [datetime.datetime(2024, 5, 1, 6, 7, 8)] * 3 + [None],
        "burst": ["b1", "b1", "b2", "b3"],
        "event": ["e1", "e1", "e2", "e3"],
        "category": ["animal"] * 4,
        **{name: [0.1, 0.2, 0.3, 0.4] for name in ("conf", "x", "y", "w", "h")},
        **{name: [False] * 4 for name in ("infrared", "touches_border", "repeat")},
        "clustered": [True, True, True, False],
    }
    clusters = {
        "crop_id": ["c1", "c2", "c3"],
        "cluster": pa.array([0, 0, -1], pa.int32()),
        "probability": [1.0, 0.5, 0.0],
        **{name: pa.array([0, 0, 0], pa.int32()) for name in ("suggestion", "coarse", "fine")},
    }
    stored = {
        "crop_id": ["c1", "c2", "c3", "c4"],
        "image": [b"\xff\xd8 one", b"\x89PNG two", b"\xff\xd8 three", b"\xff\xd8 four"],
    }
    (tmp_path / "crops").mkdir()
    pq.write_table(pa.table(crops), tmp_path / "crops.parquet")
    pq.write_table(pa.table(clusters), tmp_path / "clusters.parquet")
    pq.write_table(pa.table(stored), tmp_path / "crops" / "s.parquet")
    return tmp_path


def decide(survey, *rows):
    """A table of labels: (crop_id, state, name, sure)."""
    columns = dict(zip(("crop_id", "state", "name", "sure"), map(list, zip(*rows, strict=True)), strict=True))
    table = pa.table(
        columns | {"how": ["cluster"] * len(rows), "who": ["ana"] * len(rows), "suggestion": ["Tapir"] * len(rows)}
    )
    pq.write_table(table, survey / "labels.parquet")
    return survey / "labels.parquet"


def sort(survey, mode, content, names=None, labels=None):
    out = survey / "folders"
    roots = Roots(str(survey / "images"))
    arguments = (
        survey / "crops.parquet",
        survey / "clusters.parquet",
        [survey / "crops" / "s.parquet"],
        roots,
        names or {},
        out,
    )
    folders.export(*arguments, mode, content, labels)
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir())
    files.remove("contents.csv")  # the list of them (tests/unit/review/test_back.py)
    return out, files


def test_csv_runs_no_formula_of_a_folder_or_a_name(survey):
    crops = pq.read_table(survey / "crops.parquet").to_pydict()
    crops["path"][0] = crops["path"][1] = "=cmd|' -C calc'!A0/one.jpg"
    crops["x"][0] = -0.25
    pq.write_table(pa.table(crops), survey / "crops.parquet")
    table.export(survey / "crops.parquet", survey / "clusters.parquet", {0: "@SUM(1)"}, survey / "out.csv")
    with (survey / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["crop_id"] == "c1")
    assert row["path"] == "'=cmd|' -C calc'!A0/one.jpg"
    assert row["name"] == "'@SUM(1)"
    assert row["x"] == "-0.25"


def test_csv_has_a_row_a_crop_and_survives_nasty_names(survey):
    table.export(survey / "crops.parquet", survey / "clusters.parquet", {0: 'deer, "red"'}, survey / "out.csv")
    with (survey / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["crop_id"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"c1", "c2", "c3", "c4"}
    assert rows["c1"]["name"] == 'deer, "red"'
    assert rows["c1"]["datetime"] == "2024-05-01T06:07:08"
    assert rows["c3"]["path"] == to_text(NASTY)
    assert rows["c3"]["cluster"] == "-1"
    assert rows["c4"]["cluster"] == rows["c4"]["datetime"] == rows["c4"]["name"] == ""


def test_with_decisions_csv_has_each_crops_own_name(survey):
    labels = decide(survey, ("c1", "named", "=Puma", 0.75), ("c2", "rejected", None, 1.0), ("c3", None, None, None))
    table.export(survey / "crops.parquet", survey / "clusters.parquet", {0: "Ocelot"}, survey / "out.csv", labels)
    with (survey / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["crop_id"]: row for row in csv.DictReader(file)}
    assert [rows[crop]["name"] for crop in ("c1", "c2", "c3", "c4")] == ["'=Puma", "", "", ""]
    assert [rows["c1"][column] for column in ("state", "how", "who", "sure")] == ["named", "cluster", "ana", "0.75"]
    assert (rows["c2"]["state"], rows["c3"]["suggested_name"], rows["c4"]["state"]) == ("rejected", "Tapir", "")


def test_with_decisions_each_name_has_its_folder(survey):
    labels = decide(survey, ("c1", "named", "a/b", 1.0), ("c2", "rejected", None, 1.0), ("c4", "named", "a_B", 1.0))
    _, files = sort(survey, "copy", "crops", {0: "Ocelot"}, labels)
    assert {file.partition("/")[2]: file.partition("/")[0].partition("~")[0] for file in files} == {
        "c1.jpg": "a_b",
        "c2.png": "rejected",
        "c3.jpg": "noise",
        "c4.jpg": "a_B",
    }
    assert len({file.partition("/")[0].casefold() for file in files}) == 4


@pytest.mark.parametrize("name", ["noise", "Rejected", "cluster_000", "..", "a\\b"])
def test_a_name_is_no_other_folder(name):
    (folder,) = folders.name_folders([name]).values()
    assert folder.casefold() not in ("noise", "rejected", "cluster_000", "..")
    assert "\\" not in folder


def test_a_very_long_name_gives_a_folder_too(survey):
    _, files = sort(survey, "copy", "crops", {0: "deer " * 100})
    assert files[0].startswith("cluster_000_deer deer")


def test_nothing_is_left_where_folders_cannot_be_made(survey, monkeypatch):
    monkeypatch.setattr(folders, "folder_name", lambda *_: "x" * 300)
    with pytest.raises(OSError, match="too long"):
        sort(survey, "copy", "crops")
    assert [path.name for path in survey.iterdir() if "folders" in path.name] == []


def test_crops_are_written_into_their_clusters_folder(survey):
    out, files = sort(survey, "copy", "crops", {0: "red deer/doe"})
    assert files == ["cluster_000_red deer_doe/c1.jpg", "cluster_000_red deer_doe/c2.png", "noise/c3.jpg"]
    assert (out / files[1]).read_bytes() == b"\x89PNG two"


@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
def test_pictures_come_once_a_cluster_and_stay_what_they_are(survey, mode):
    before = {path: path.read_bytes() for path in (survey / "images").rglob("*.jpg")}
    out, files = sort(survey, mode, "pictures")
    assert files == ["cluster_000/card__one.jpg", 'noise/card__a, "b"\nñ.jpg']
    target = out / files[0]
    assert target.read_bytes() == b"picture 0"
    assert target.is_symlink() == (mode == "symlink")
    assert target.samefile(survey / "images" / "card" / "one.jpg") == (mode != "copy")
    assert {path: path.read_bytes() for path in (survey / "images").rglob("*.jpg")} == before


def test_a_second_export_leaves_nothing_stale(survey):
    sort(survey, "copy", "crops", {0: "deer"})
    _, files = sort(survey, "copy", "crops")
    assert files == ["cluster_000/c1.jpg", "cluster_000/c2.png", "noise/c3.jpg"]


def test_a_picture_that_is_gone_is_one_clear_line(survey):
    (survey / "images" / "card" / "one.jpg").unlink()
    with pytest.raises(UserError, match=r"one\.jpg: the picture is gone"):
        sort(survey, "copy", "pictures")
    assert not (survey / "folders").exists()


def lie_at(survey, paths):
    """Let the survey's four crops come from files at these paths, each of which holds its own path."""
    table = pq.read_table(survey / "crops.parquet")
    pq.write_table(table.set_column(1, "path", pa.array(paths)), survey / "crops.parquet")
    for path in paths:
        file = survey / "images" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)


@pytest.mark.parametrize(
    ("first", "second"), [("a/b__c.jpg", "a__b/c.jpg"), ("a_/b.jpg", "a/_b.jpg"), ("a__b.jpg", "a/b.jpg")]
)
def test_paths_that_look_alike_when_joined_stay_two_files(survey, first, second):
    lie_at(survey, [first, second, "c.jpg", "d.jpg"])
    out, files = sort(survey, "copy", "pictures")
    held = [(out / file).read_text() for file in files if file.startswith("cluster_000")]
    assert sorted(held) == sorted([first, second])


@pytest.mark.parametrize("suffix", ["mp4", "wmv", "3gp", "MPG"])
def test_frames_stand_for_their_video(survey, suffix):
    film = f"card/v.{suffix}"
    lie_at(survey, [film, film, "c.jpg", "d.jpg"])
    table = pq.read_table(survey / "crops.parquet")
    frames = [f"{film}/frame000000.jpg", f"{film}/frame000025.jpg", "c.jpg", "d.jpg"]
    pq.write_table(table.set_column(1, "path", pa.array(frames)), survey / "crops.parquet")
    out, files = sort(survey, "copy", "pictures")
    assert files == [f"cluster_000/card__v.{suffix}", "noise/c.jpg"]
    assert (out / files[0]).read_text() == film


@pytest.mark.parametrize(
    ("frames", "held"),
    [
        (["v.wmv", "b.jpg", "v.wmv"], ["cluster_000/b.jpg", "cluster_000/v.wmv"]),
        (["a.jpg", "b.jpg", "v.wmv"], ["cluster_000/a.jpg", "cluster_000/b.jpg", "noise/v.wmv"]),
        (["a.jpg", "b.jpg", "a.jpg"], ["cluster_000/a.jpg", "cluster_000/b.jpg", "noise/a.jpg"]),
    ],
)
def test_a_video_stands_in_the_noise_only_if_no_frame_is_in_a_cluster(survey, frames, held):
    lie_at(survey, [*frames, "d.jpg"])
    paths = [f"{name}/frame{n:06d}.jpg" if name == "v.wmv" else name for n, name in enumerate(frames)]
    table = pq.read_table(survey / "crops.parquet")
    pq.write_table(table.set_column(1, "path", pa.array([*paths, "d.jpg"])), survey / "crops.parquet")
    assert sort(survey, "copy", "pictures")[1] == held


def test_a_folder_may_be_called_like_a_video(survey):
    path = "card/x.mp4/frame000001.jpg"
    lie_at(survey, [path, path, "c.jpg", "d.jpg"])
    out, files = sort(survey, "copy", "pictures")
    assert (out / files[0]).read_text() == path


def test_very_long_names_are_cut_but_stay_apart():
    names = [folders.file_name(f"card/{'x' * 300}{n}/IMG.jpg") for n in range(2)]
    assert names[0] != names[1]
    assert all(len(name) < 120 and name.endswith(".jpg") for name in names)
