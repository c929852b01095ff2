"""The simulated survey: the same bytes by seed, a truth that agrees with the files, cards that leave each other alone."""

import csv
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from camtrap.simulate import simulate
from camtrap.simulate.__main__ import main
from camtrap.simulate.kinds import KINDS
from camtrap.simulate.survey import plan

SMALL = {"stations": 2, "size": (160, 120)}


def digests(out: Path) -> dict[str, str]:
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def truth(out: Path) -> list[dict]:
    with open(out / "truth.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def survey(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("survey")
    simulate(out, 5, cards=2, pictures=48, **SMALL)
    return out


def test_same_seed_same_bytes_whatever_the_workers(survey, tmp_path):
    simulate(tmp_path / "again", 5, cards=2, pictures=48, workers=2, **SMALL)
    assert digests(tmp_path / "again") == digests(survey)


def pictures(out: Path) -> set[str]:
    """Digests of what is a JPEG."""
    return {
        hashlib.sha256(data).hexdigest()
        for path in out.rglob("*.JPG")
        if (data := path.read_bytes()).startswith(b"\xff\xd8")
    }


def test_another_seed_gives_other_pictures(survey, tmp_path):
    simulate(tmp_path, 6, cards=1, pictures=12, **SMALL)
    assert len(pictures(tmp_path)) >= 8
    assert not pictures(tmp_path) & pictures(survey)


def test_a_later_card_leaves_the_earlier_ones_untouched(survey, tmp_path):
    three = tmp_path / "three"
    shutil.copytree(survey, three)
    times = {path: path.stat().st_mtime_ns for path in three.rglob("*.JPG")}
    simulate(three, 5, first_card=3, cards=1, pictures=24, **SMALL)
    before, after = digests(survey), digests(three)
    pictures_before = {path: digest for path, digest in before.items() if path != "truth.csv"}
    assert {path: after[path] for path in pictures_before} == pictures_before
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())
    assert {path.split("/")[1] for path in set(after) - set(before)} == {"card3"}
    assert [row for row in truth(three) if row["card"] != "card3"] == truth(survey)


def test_a_card_is_the_same_with_and_without_the_others(survey, tmp_path):
    simulate(tmp_path, 5, first_card=2, cards=1, pictures=24, **SMALL)
    alone = {path: digest for path, digest in digests(tmp_path).items() if path != "truth.csv"}
    assert alone == {path: digest for path, digest in digests(survey).items() if path.startswith("images/card2/")}


def test_truth_names_every_file_once_and_no_other(survey):
    rows = truth(survey)
    on_disk = sorted(path.relative_to(survey / "images").as_posix() for path in (survey / "images").rglob("*.*"))
    assert sorted(row["path"] for row in rows) == on_disk
    assert len(rows) == 48


def test_half_of_the_pictures_are_empty_and_all_that_goes_wrong_is_there(survey):
    rows = truth(survey)
    categories = [row["category"] for row in rows]
    assert {c: categories.count(c) for c in ("duplicate", "damaged", "unreadable", "person")} == {
        "duplicate": 4, "damaged": 2, "unreadable": 4, "person": 6,
    }  # fmt: skip
    assert categories.count("animal") + categories.count("person") == 24
    empty = [row for row in rows if row["category"] == "empty"]
    assert {row["trigger"] for row in empty} == {"motion", "time lapse"}
    assert all(row["x"] == "" for row in empty)


def test_copies_are_copies(survey):
    for row in truth(survey):
        if row["category"] == "duplicate":
            files = [(survey / "images" / row[name]).read_bytes() for name in ("path", "duplicate_of")]
            assert files[0] == files[1]
            assert row["path"] > row["duplicate_of"], "the first by name is the original"
    assert any(
        row["duplicate_of"].split("/")[0] != row["card"] for row in truth(survey) if row["category"] == "duplicate"
    )


def test_exif_agrees_with_the_truth(survey):
    for row in truth(survey):
        if row["category"] in ("animal", "person", "empty"):
            with Image.open(survey / "images" / row["path"]) as image:
                exif = image.getexif()
                details = exif.get_ifd(0x8769)
            date, subsecond = row["datetime"].split(".")
            assert details[36867] == date.replace("-", ":").replace("T", " ")
            assert details[37521] == subsecond[:2]
            assert exif[271]
            assert details[42033]


def test_bursts_are_three_pictures_a_second_apart(survey):
    times: dict[str, list[np.datetime64]] = {}
    for row in truth(survey):
        if row["trigger"] == "motion" and row["category"] in ("animal", "person", "empty"):
            times.setdefault(row["burst"], []).append(np.datetime64(row["datetime"]))
    assert times
    for burst in times.values():
        assert np.diff(sorted(burst)).tolist() == [np.timedelta64(1, "s")] * 2


def test_the_animal_is_in_its_box(survey):
    """What differs between the shots of a burst and an empty picture of the same camera lies in the box."""
    rows = [row for row in truth(survey) if row["category"] in ("animal", "empty")]
    checked = 0
    for row in rows:
        same = [e for e in rows if all(e[k] == row[k] for k in ("card", "station", "infrared")) and not e["x"]]
        if not row["x"] or len(same) < 3:
            continue
        load = [np.asarray(Image.open(survey / "images" / r["path"]).convert("L"), float) for r in [row, *same]]
        differs = np.abs(load[0] / load[0].mean() - np.median([p / p.mean() for p in load[1:]], axis=0))
        height, width = differs.shape
        x, y, w, h = (float(row[name]) for name in "xywh")
        inside = np.zeros(differs.shape, bool)
        inside[int(y * height) : int((y + h) * height), int(x * width) : int((x + w) * width)] = True
        outside = ~inside
        outside[int(0.92 * height) :] = False
        assert differs[inside].mean() > 1.3 * differs[outside].mean(), row["path"]
        checked += 1
    assert checked >= 3


def test_broken_files_are_broken(survey):
    for row in truth(survey):
        path = survey / "images" / row["path"]
        if row["category"] == "unreadable":
            assert path.stat().st_size == 0 or not path.read_bytes().startswith(b"\xff\xd8")
        if row["category"] == "damaged":
            data = path.read_bytes()
            assert data.startswith(b"\xff\xd8")
            assert not data.endswith(b"\xff\xd9"), "the end is missing"
            with pytest.raises(ValueError, match=r"(?i)premature"):
                simplejpeg.decode_jpeg(data, strict=True)


def test_spread_surveys_show_every_kind_at_every_station():
    visits = [visit for card in (1, 2) for visit in plan(1, card, 4, 200, True, False, 5)]
    seen = {(visit.kind, visit.station) for visit in visits if visit.kind in KINDS}
    assert len(seen) == len(KINDS) * 4


def test_kinds_prefer_stations_but_none_belongs_to_one():
    visits = [visit for card in range(1, 9) for visit in plan(1, card, 4, 200, False, False, 5)]
    for kind in KINDS:
        counts = np.bincount([visit.station for visit in visits if visit.kind == kind], minlength=4)
        assert np.count_nonzero(counts) >= 2
    assert any(np.bincount([v.station for v in visits if v.kind == k]).max() > 0.5 * 30 for k in KINDS)


def test_long_tail():
    visits = [visit for card in range(1, 9) for visit in plan(1, card, 4, 200, False, True, 5)]
    counts = sorted(sum(visit.kind == kind for visit in visits) for kind in KINDS)
    assert counts[-1] > 4 * counts[0]


def test_command_line_refuses_what_is_no_survey(tmp_path, capsys):
    assert main([str(tmp_path), "--cards", "0"]) == 2
    assert "at least one card" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
