"""A detection result gets its own picture or none, however its path is spelled."""

import csv
import json
import random
import unicodedata
from collections import defaultdict

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camtrap.core.paths import Roots
from camtrap.detections import megadetector_json as md
from camtrap.detections.from_json import split, summary
from camtrap.detections.match import match
from camtrap.detections.videos import frames_told

PICTURES = [
    "card1/DCIM/100RECNX/IMG_0001.JPG",
    "card1/DCIM/100RECNX/IMG_0002.JPG",
    "card2/DCIM/100RECNX/IMG_0001.JPG",
    "card2/Caño/Jaguar 1.jpg",
]


def rows(files, pictures=tuple(PICTURES), sizes=None, **columns):
    found = match(list(files), {"path": list(pictures), **columns}, sizes)
    return list(zip(found.picture.tolist(), found.how, strict=True))


@pytest.mark.parametrize(
    ("file", "how"),
    [
        ("card1/DCIM/100RECNX/IMG_0002.JPG", "path"),
        ("./card1/DCIM//100RECNX/x/../IMG_0002.JPG", "path"),
        ("card1\\DCIM\\100RECNX\\IMG_0002.JPG", "path"),
        ("CARD1/dcim/100recnx/img_0002.jpg", "path, spelling"),
        ("C:\\Users\\ana\\Survey\\card1\\DCIM\\100RECNX\\IMG_0002.JPG", "suffix"),
        ("\\\\server\\share\\card1\\DCIM\\100RECNX\\IMG_0002.JPG", "suffix"),
        ("file:///D:/card1/DCIM/100RECNX/IMG_0002.JPG", "path"),
        ("https://store/box/card1/DCIM/100RECNX/IMG_0002.JPG?sig=a%2F", "suffix"),
        ("/mnt/x/Card1/DCIM/100RECNX/IMG_0002.jpg", "suffix, spelling"),
        ("DCIM/100RECNX/IMG_0002.JPG", "suffix"),
        ("IMG_0002.JPG", "suffix"),
    ],
)
def test_spellings_of_one_path(file, how):
    assert rows([file]) == [(1, how)]


@pytest.mark.parametrize(
    "file",
    [
        unicodedata.normalize("NFD", "card2/Caño/Jaguar 1.jpg"),
        unicodedata.normalize("NFC", "card2/Caño/Jaguar 1.jpg"),
        "card2/Ca%C3%B1o/Jaguar%201.jpg",
        "/other/card2/CAÑO/JAGUAR 1.JPG",
    ],
)
def test_unicode_and_url_spellings(file):
    assert rows([file])[0][0] == 3


def test_escaped_file_name_of_a_picture():
    # A name with a byte that is not UTF-8, as our tables spell it, and as Python writes it into a JSON file.
    assert rows(["a/b\udcff.jpg"], ["a/b\\xff.jpg"]) == [(0, "path")]


def test_ambiguous_is_listed_not_guessed():
    found = match(["DCIM/100RECNX/IMG_0001.JPG", "IMG_0001.JPG", "elsewhere/IMG_9.JPG"], {"path": PICTURES})
    assert found.how == ["ambiguous", "ambiguous", "none"]
    assert found.candidates == {0: [0, 2], 1: [0, 2]}
    assert found.picture.tolist() == [-1, -1, -1]
    assert found.without_result().tolist() == [0, 1, 2, 3]


def test_several_results_for_one_picture_are_ambiguous():
    # The picture root is one card; the file has results of two.
    files = ["s/card1/DCIM/IMG_1.JPG", "s/card2/DCIM/IMG_1.JPG", "s/card1/DCIM/IMG_2.JPG"]
    assert rows(files, ["DCIM/IMG_1.JPG", "DCIM/IMG_2.JPG"]) == [(-1, "ambiguous"), (-1, "ambiguous"), (1, "suffix")]


def test_a_partly_common_end_is_no_match():
    assert rows(["card9/DCIM/100RECNX/IMG_0002.JPG"]) == [(-1, "none")]


def test_better_match_goes_first():
    # The exact path takes the picture; the other result, whose path merely ends like it, gets nothing.
    assert rows(["x/a/1.jpg", "a/1.jpg"], ["a/1.jpg"]) == [(-1, "taken"), (0, "path")]
    # The longest common end wins.
    assert rows(["/d/a/b/1.jpg"], ["1.jpg", "b/1.jpg", "a/b/1.jpg"]) == [(2, "suffix")]


def test_case_only_where_unique():
    assert rows(["a/IMG.jpg"], ["a/img.jpg", "a/Img.jpg"]) == [(-1, "ambiguous")]
    assert rows(["a/IMG.jpg"], ["a/img.jpg", "a/IMG.jpg"]) == [(1, "path")]


def test_size_settles_and_refuses():
    pictures = ["c1/IMG_1.JPG", "c2/IMG_1.JPG", "c3/IMG_2.JPG"]
    size = {"width": [2048, 1080, 640], "height": [1536, 1920, 480], "bytes": [10, 20, 30]}
    # turned by EXIF: 1920 x 1080 is 1080 x 1920
    assert rows(["IMG_1.JPG"], pictures, [(1920, 1080, None)], **size) == [(1, "suffix")]
    assert rows(["c9/IMG_1.JPG"], pictures, [(2048, 1536, None)], **size) == [(0, "name and size")]
    assert rows(["c9/img_1.jpg"], pictures, [(None, None, 20)], **size) == [(1, "name and size")]
    assert rows(["c9/IMG_2.JPG"], pictures, [(None, None, None)], **size) == [(-1, "none")]
    assert rows(["IMG_2.JPG"], pictures, [(800, 600, None)], **size) == [(-1, "none")]
    same = {"width": [8, 8, 8], "height": [6, 6, 6]}
    assert rows(["c9/IMG_1.JPG"], pictures, [(8, 6, None)], **same) == [(-1, "ambiguous")]


def test_duplicates_share_their_picture():
    assert rows([PICTURES[0], PICTURES[0].replace("/", "\\")]) == [(0, "path"), (0, "path")]


def brute(files, pictures):
    """The rule for suffixes, said plainly: one path ends the other, longest common end, one to one, else nothing."""
    parts = [p.split("/") for p in pictures]
    chosen = []
    for file in files:
        mine, best = file.split("/"), defaultdict(list)
        for i, other in enumerate(parts):
            n = min(len(mine), len(other))
            if mine[-n:] == other[-n:]:
                best[n if mine != other else 99].append(i)
        top = best[max(best)] if best else []
        chosen.append((top[0], max(best)) if len(top) == 1 else (-1, 0))
    exact = {i for i, n in chosen if n == 99}
    claims = [i for i, n in chosen if n != 99]
    return [i if n == 99 or (claims.count(i) == 1 and i not in exact) else -1 for i, n in chosen]


def test_against_the_plain_rule():
    rng = random.Random(3)
    for _ in range(300):
        pictures = {"/".join([*rng.choices("ab", k=rng.randint(0, 3)), rng.choice("xyz")]) for _ in range(6)}
        files = {"/".join([*rng.choices("ab", k=rng.randint(0, 4)), rng.choice("xyz")]) for _ in range(6)}
        pictures, files = sorted(pictures), sorted(files)
        assert match(files, {"path": pictures}).picture.tolist() == brute(files, pictures), (files, pictures)


@pytest.fixture
def survey(tmp_path):
    """Two shards' index tables; a function that splits a detection file over them."""

    def index(shard, paths, status="ok", error=None):
        n = len(paths)
        table = {"path": paths, "bytes": [9] * n, "width": [200] * n, "height": [100] * n}
        table |= {"status": [status] * n, "error": pa.array([error] * n, pa.string())}
        pq.write_table(pa.table(table), tmp_path / "index" / f"{shard}.parquet")

    def run(images, **options):
        names = {"1": "animal", "2": "person", "3": "vehicle", "4": "drone"}
        data = {"info": {"format_version": "1.6", "detector": "md"}, "detection_categories": names, "images": images}
        content = images if images and "confidence" in str(images) else data
        (tmp_path / "any.json").write_text(json.dumps(content))
        report = split(tmp_path / "any.json", sorted((tmp_path / "index").iterdir()), tmp_path / "out", **options)
        shards = {p.stem: p.read_bytes() for p in (tmp_path / "out").glob("*.json") if p.stem != "matching"}
        for shard in shards:
            assert md.validate(tmp_path / "out" / f"{shard}.json") == []
        return report, shards

    (tmp_path / "index").mkdir()
    index("s1", ["c1/a.jpg", "c1/b.jpg"])
    index("s2", ["c2/c.jpg"])
    run.index = index
    run.out = tmp_path / "out"
    return run


def box(conf=0.5, category="1", **more):
    return {"category": category, "conf": conf, "bbox": [0.1, 0.123456789, 0.3, 0.4]} | more


def test_split_counts_lists_and_stays(survey):
    images = [
        {"file": "D:\\x\\c1\\a.jpg", "detections": [box(0.2), box(-0.9), box(0.001), box(0.4, "4")]},
        {"file": "D:\\x\\c2\\c.jpg", "failure": "image access failure", "detections": None},
        {"file": "D:\\x\\c7\\q.jpg", "detections": []},
        {"file": "half a character \udc00.jpg", "detections": []},
    ]
    report, before = survey(images, min_confidence=0.01)
    assert report["results_by_match"] == {"none": 2, "suffix": 2}
    listed_kinds = ("unmatched", "ambiguous", "without_result", "problem", "duplicate")
    assert [report[kind]["count"] for kind in listed_kinds] == [2, 0, 1, 0, 0]
    with open(survey.out / "matching.csv", newline="") as file:
        listed = [(row["kind"], row["file"], row["picture"]) for row in csv.DictReader(file)]
    assert listed[0] == ("unmatched", "D:\\x\\c7\\q.jpg", "")
    assert listed[1:] == [("unmatched", "half a character \\udc00.jpg", ""), ("without result", "", "c1/b.jpg")]
    assert summary(report).startswith("4 results, 2 matched to 3 pictures; 2 unmatched")
    s1 = json.loads(before["s1"])
    assert s1["detection_categories"] == {"1": "animal", "2": "person", "3": "vehicle", "4": "drone"}
    assert s1["images"] == [
        {
            "file": "c1/a.jpg",
            "detections": [
                {"category": "4", "conf": 0.4, "bbox": [0.1, 0.123456789, 0.3, 0.4]},
                {"category": "1", "conf": 0.2, "bbox": [0.1, 0.123456789, 0.3, 0.4]},
                {"category": "1", "conf": -0.9, "bbox": [0.1, 0.123456789, 0.3, 0.4]},
            ],
        },
        {"file": "c1/b.jpg", "failure": md.NO_RESULT, "detections": None},
    ]
    assert json.loads(before["s2"])["images"][0]["failure"] == "image access failure"

    # A new card, with results and another category: old shards keep their bytes.
    survey.index("s3", ["c7/q.jpg"])
    _, after = survey([*reversed(images), {"file": "c8/r.jpg", "detections": [box(0.3, "2")]}], min_confidence=0.01)
    assert {shard: after[shard] for shard in before} == before
    assert json.loads(after["s3"])["images"] == [{"file": "c7/q.jpg", "detections": []}]


@pytest.mark.parametrize("named", [False, True])
def test_split_a_file_in_a_card_speaks_of_the_card(survey, tmp_path, named):
    names = {"1": "animal", "2": "person", "3": "vehicle"}
    (tmp_path / "index" / "s2.parquet").unlink()
    survey.index("s1", ["c1/D/a.jpg", "c1/D/b.jpg", "c2/D/a.jpg"])
    root, cards = tmp_path / "pictures", []
    for card, found in {"c1": [("D/a.jpg", [0.5]), ("D\\b.jpg", [])], "c2": [("D/a.jpg", [0.7])]}.items():
        cards.append(root / card / "results.json")
        cards[-1].parent.mkdir(parents=True)
        images = [{"file": file, "detections": [box(conf) for conf in confs]} for file, confs in found]
        cards[-1].write_text(json.dumps({"detection_categories": names, "images": images}))
    roots = Roots({"c1": str(root / "c1"), "c2": str(root / "c2")} if named else str(root))
    report = split(cards, [tmp_path / "index" / "s1.parquet"], tmp_path / "out", roots=roots)
    assert report["results_by_match"] == {"path": 3}
    images = json.loads((tmp_path / "out" / "s1.json").read_text())["images"]
    assert [(i["file"], [d["conf"] for d in i["detections"]]) for i in images] == [
        ("c1/D/a.jpg", [0.5]),
        ("c1/D/b.jpg", []),
        ("c2/D/a.jpg", [0.7]),
    ]


def test_split_a_file_in_a_card_may_speak_of_all_cards(survey, tmp_path):
    path = tmp_path / "pictures" / "c1" / "results.json"
    path.parent.mkdir(parents=True)
    images = [{"file": file, "detections": []} for file in ("c1/a.jpg", "c2/c.jpg", "b.jpg")]
    path.write_text(json.dumps({"detection_categories": {"1": "animal"}, "images": images}))
    index = sorted((tmp_path / "index").iterdir())
    report = split(path, index, tmp_path / "out", roots=Roots(str(tmp_path / "pictures")))
    assert report["results_by_match"] == {"path": 2, "suffix": 1}


def test_split_results_for_a_whole_video_are_those_of_its_frames(survey):
    frames = [f"c3/{video}/frame{number:06d}.jpg" for video in ("f.mp4", "n.mp4", "s.mp4") for number in (0, 30)]
    survey.index("s3", frames)
    seen = box(0.5) | {"frame_number": 30}
    images = [
        {"file": "D:\\c3\\f.mp4", "failure": "Failure video open", "detections": None},
        {"file": "c3/n.mp4", "detections": []},
        {"file": "c3/s.mp4", "frames_processed": [0, 30], "detections": [seen]},
        {"file": "c4/n.avi", "detections": []},
    ]
    report, shards = survey(images)
    found = json.loads(shards["s3"])["images"]
    assert [image["file"] for image in found] == frames
    assert [image.get("failure") for image in found] == ["Failure video open"] * 2 + [None] * 4
    assert [len(image["detections"] or []) for image in found] == [0, 0, 0, 0, 0, 1]
    assert report["results_by_match"] == {"none": 1, "path": 4}
    assert report["without_result"]["count"] == 3  # the pictures of the other cards


def test_frames_told_of_the_videos_of_each_card(tmp_path):
    cards = []
    for card, number in {"c1": 37, "c2": "15"}.items():
        cards.append(tmp_path / "pictures" / card / "results.json")
        cards[-1].parent.mkdir(parents=True)
        images = [{"file": "D/v.mp4", "frames_processed": [0], "detections": [box() | {"frame_number": number}]}]
        cards[-1].write_text(json.dumps({"detection_categories": {"1": "animal"}, "images": images}))
    options = {"json": [str(card) for card in cards]}
    videos = ["c1/D/v.mp4", "c2/D/v.mp4", "c3/D/v.mp4"]
    told = frames_told(options, videos, Roots(str(tmp_path / "pictures")))
    assert told == {"c1/D/v.mp4": {0, 37}, "c2/D/v.mp4": {0, 15}}


def test_split_missing_may_be_empty_but_unreadable_is_a_failure(survey):
    survey.index("s2", ["c2/c.jpg"], status="failed", error="no picture: truncated")
    _, shards = survey([{"file": "c1/a.jpg", "detections": []}], missing="empty")
    assert [json.loads(shards[s])["images"][-1] for s in ("s1", "s2")] == [
        {"file": "c1/b.jpg", "detections": []},
        {"file": "c2/c.jpg", "failure": "no picture: truncated", "detections": None},
    ]
    with pytest.raises(ValueError, match="neither 'failure' nor 'empty'"):
        survey([], missing="skip")


def test_split_duplicates(survey):
    images = [
        {"file": "c1/a.jpg", "detections": [box(0.5), box(0.7)]},
        {"file": "c1\\a.jpg", "detections": [box(0.7), box(0.5)]},
        {"file": "c1/b.jpg", "detections": [box(0.5)]},
        {"file": "c1/b.jpg", "detections": [box(0.6)]},
        {"file": "c2/c.jpg", "failure": "x"},
        {"file": "c2/c.jpg", "detections": [box(0.6)]},
    ]
    report, shards = survey(images)
    a, b = json.loads(shards["s1"])["images"]
    assert [d["conf"] for d in a["detections"]] == [0.7, 0.5]
    assert b["failure"] == "2 different detection results for this picture"
    assert len(json.loads(shards["s2"])["images"][0]["detections"]) == 1
    assert report["duplicate"]["count"] == 3


def test_split_pixels_use_the_pictures_size(survey):
    def pixels(*corners):
        return {"category": "animal", "confidence": 0.5, "bbox": list(corners)}

    images = [
        {"file": "a.jpg", "detections": [pixels(20, 10, 120, 60), pixels(150, 0, 260, 50)]},
        {"file": "b.jpg", "detections": [pixels(0, 0, 90, 190)]},
    ]
    report, shards = survey(images)
    a, b = json.loads(shards["s1"])["images"]
    assert [d["bbox"] for d in a["detections"]] == [[0.1, 0.1, 0.5, 0.5]]
    assert "EXIF rotation" in b["failure"]
    assert report["problem"]["count"] == 2
