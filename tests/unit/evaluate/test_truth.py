"""Label tables as people write them, matched to crops; and the whole evaluation on tables made by hand."""

import re

import numpy as np
import pandas as pd
import pytest
from realdata import SHARED, real
from sklearn.metrics import adjusted_mutual_info_score

from camtrap.core import files
from camtrap.core.errors import ConfigError, TableError
from camtrap.evaluate import run, truth
from camtrap.evaluate.labels import read_labels
from camtrap.simulate import simulate


def crops_of(*rows):
    """Crops from (crop_id, path, box); the picture's id is made from its path."""
    frame = pd.DataFrame(
        [(c, f"id-{p}", p, *box) for c, p, box in rows], columns=["crop_id", "image_id", "path", *"xywh"]
    )
    return frame.assign(label=None)


CROPS = crops_of(
    ("c0", "card1/A/IMG_1.JPG", (0.1, 0.1, 0.2, 0.2)),
    ("c1", "card1/A/IMG_1.JPG", (0.6, 0.6, 0.2, 0.2)),
    ("c2", "card1/A/IMG_2.JPG", (0.1, 0.1, 0.2, 0.2)),
    ("c3", "card1/B/IMG_1.JPG", (0.1, 0.1, 0.2, 0.2)),
    ("c4", "card1/B/IMG_9.JPG", (0.1, 0.1, 0.2, 0.2)),
)


def matched(tmp_path, text, crops=CROPS, images=None):
    path = tmp_path / "truth.csv"
    path.write_text(text, encoding="utf-8")
    return truth.match(read_labels(path), crops, images)


@pytest.mark.parametrize(
    "text",
    [
        "path,species\ncard1/A/IMG_2.JPG,deer\n",
        "species;File Name\ndeer;A\\IMG_2.JPG\n",
        "\ufeffimage_id\tkind\nid-card1/A/IMG_2.JPG\tdeer\n",
        "crop_id,Label\nc2,deer\n",
        'file,label\n"D:\\survey\\card1\\A\\IMG_2.JPG", deer \n',
        "filename,common_name\nIMG_2.JPG,deer\n",
        "relative path,taxon\n./A/IMG_2.JPG,deer\n",
    ],
)
def test_one_label_in_many_spellings(tmp_path, text):
    found = matched(tmp_path, text)
    assert list(found.labels) == [None, None, "deer", None, None]
    assert found.categories[2] == "animal"
    assert found.problems == []


def test_a_file_name_is_never_matched_to_the_wrong_picture(tmp_path):
    found = matched(
        tmp_path, "path,label\nIMG_1.JPG,deer\ncard2/A/IMG_2.JPG,fox\nnot/there.jpg,fox\ncard1/B/IMG_9.JPG,\n"
    )
    assert set(found.how) == {"not in the table"}
    assert [(line, what) for line, what, _ in found.problems] == [
        (2, "IMG_1.JPG"),
        (3, "card2/A/IMG_2.JPG"),
        (4, "not/there.jpg"),
    ]
    reasons = [reason for _, _, reason in found.problems]
    assert "2 pictures end so: card1/A/IMG_1.JPG, card1/B/IMG_1.JPG" in reasons[0]
    assert "another folder: card1/A/IMG_2.JPG" in reasons[1]
    assert found.counts == {"rows": 4, "match nothing": 3, "without a label": 1}


def test_a_path_is_found_by_its_end_or_by_what_ends_in_it(tmp_path):
    """Against trying every pair; names are few, so that many paths end alike."""
    rng = np.random.default_rng(4)
    names = ["a", "b", "ab", "a.jpg", "b.jpg"]
    paths = ["/".join(rng.choice(names, rng.integers(1, 5))) for _ in range(300)]
    ours, asked = sorted({path for path in paths[:40] if "ab" not in path[-2:]}), sorted(set(paths[40:]))
    crops = crops_of(*((f"c{i:03d}", path, (0, 0, 1, 1)) for i, path in enumerate(ours)))
    found = matched(tmp_path, "\n".join(["path,label", *(f"{path},deer" for path in asked)]), crops)
    refused = {what: reason for _, what, reason in found.problems}
    for path in asked:
        ends = [p for p in ours if path == p] or [p for p in ours if f"/{p}".endswith(f"/{path}")]
        ends = ends or sorted((p for p in ours if path.endswith(f"/{p}")), key=len)[-1:]  # the longest
        if len(ends) == 1:
            assert path not in refused
            assert found.labels[ours.index(ends[0])] == "deer"
        elif ends:
            assert f"{len(ends)} pictures end so: {', '.join(ends[:3])}" in refused[path]
        elif any(p.rpartition("/")[2] == path.rpartition("/")[2] for p in ours):
            assert "one of this name in another folder" in refused[path]
        else:
            assert refused[path] == "no such picture in the survey"
    kinds = {re.sub(r"\d|:.*", "", reason) for reason in refused.values()}
    assert len(kinds) == 3
    assert len(refused) < len(asked)


def test_boxes_go_to_the_crops_that_show_them(tmp_path):
    found = matched(
        tmp_path,
        "path,kind,x,y,w,h\n"
        "card1/A/IMG_1.JPG,fox,0.62,0.62,0.2,0.2\n"
        "card1/A/IMG_1.JPG,deer,0.1,0.12,0.2,0.2\n"
        "card1/A/IMG_2.JPG,deer,0.5,0.5,0.2,0.2\n"  # the crop is elsewhere: it shows no animal
        "card1/B/IMG_1.JPG,fox,0.25,0.25,0.3,0.3\n"  # touched, but too little for a match: the only label
        "card1/B/IMG_9.JPG,fox,0.25,0.25,0.3,0.3\n"
        "card1/B/IMG_9.JPG,deer,0.25,0.25,0.3,0.3\n",  # touched, and two labels to choose from
    )
    assert list(found.labels) == ["deer", "fox", None, "fox", None]
    assert list(found.how) == ["box", "box", "beside every box", "picture", "several labels"]
    assert list(found.categories) == ["animal", "animal", "empty", "animal", None]


def test_the_better_pair_is_taken_first_whatever_the_order(tmp_path):
    # Both crops overlap the deer by more than 0.3; the first one less, and it is the fox's second best.
    crops = crops_of(("c0", "a.jpg", (0.1, 0, 0.2, 0.2)), ("c1", "a.jpg", (0.02, 0, 0.2, 0.2)))
    for order in (1, -1):
        rows = ["a.jpg,deer,0.0,0,0.2,0.2", "a.jpg,fox,0.15,0,0.2,0.2"][::order]
        assert list(matched(tmp_path, "\n".join(["path,kind,x,y,w,h", *rows]), crops).labels) == ["fox", "deer"]


def test_categories_and_contradictions(tmp_path):
    found = matched(
        tmp_path,
        "path,kind,category\n"
        "card1/A/IMG_1.JPG,,blank\ncard1/A/IMG_2.JPG,ranger,Human\n"
        "card1/B/IMG_1.JPG,deer,animal\ncard1/B/IMG_1.JPG,,empty\ncard1/B/IMG_9.JPG,Vehicle,\n",
    )
    assert found.images == {"card1/A/IMG_1.JPG": "empty", "card1/A/IMG_2.JPG": "person", "card1/B/IMG_9.JPG": "vehicle"}
    assert list(found.categories) == ["empty", "empty", "person", None, "vehicle"]
    assert list(found.labels) == ["empty", "empty", "ranger", None, "Vehicle"]
    assert found.problems == [(4, "card1/B/IMG_1.JPG", "conflict: the rows say animal and empty")]


def test_a_crop_named_twice_with_two_labels_has_none(tmp_path):
    found = matched(tmp_path, "crop_id,label\nc0,deer\nc0,fox\nc1,deer\nc1,deer\nc77,deer\n")
    assert list(found.labels[:2]) == [None, "deer"]
    assert found.problems == [(2, "c0", "conflict: the rows say deer and fox"), (6, "c77", "no crop has this crop_id")]


def test_a_row_about_a_duplicate_counts_for_the_copy_that_counts(tmp_path):
    images = pd.DataFrame(
        {
            "path": ["card1/A/IMG_2.JPG", "card2/copy.jpg", "card1/empty.jpg"],
            "image_id": ["id-card1/A/IMG_2.JPG", "id-card1/A/IMG_2.JPG", "e"],
            "duplicate_of": [None, "card1/A/IMG_2.JPG", None],
        }
    )
    text = "path,kind,x,y,w,h\ncard2/copy.jpg,deer,0.1,0.1,0.2,0.2\ncard1/A/IMG_2.JPG,deer,0.1,0.1,0.2,0.2\nempty.jpg,empty,,,,\n"
    found = matched(tmp_path, text, images=images)
    assert found.labels[2] == "deer"
    assert found.images == {"card1/A/IMG_2.JPG": "animal", "card1/empty.jpg": "empty"}
    assert found.counts == {"rows": 3, "matched": 3, "matched, no crop": 1}


def test_labels_from_a_path_pattern():
    crops = crops_of(
        *[(f"c{i}", p, (0, 0, 1, 1)) for i, p in enumerate(["s/HS-B-06-10-18-2-45-Agopac.JPG", "s/x.JPG"])]
    )
    found = truth.from_pattern(crops, r"-(?P<label>[A-Z][a-z]+)\.JPG$")
    assert list(found.labels) == ["Agopac", None]
    assert found.counts == {"crops": 2, "matched": 1, "match nothing": 1}
    for pattern, message in (("(", "not a regular expression"), ("(a)", "no group named label")):
        with pytest.raises(ConfigError, match=message):
            truth.from_pattern(crops, pattern)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no column says which picture"),
        (b"path,label\n", "no rows"),
        (b"where,label\na,b\n", "no column says which picture"),
        (b"path,when\na,b\n", "no column holds labels"),
        (b"path,label,x,y,w,h\na,b,100,100,300,200\n", "not relative"),
        (b'path,label\n"a,b\nc', "line 2: not a table"),
    ],
)
def test_a_table_that_is_none_is_refused_in_one_line(tmp_path, data, message):
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(TableError, match=message) as error:
        read_labels(tmp_path / "t.csv")
    assert str(error.value).startswith(str(tmp_path / "t.csv"))
    assert "\n" not in str(error.value)


def test_windows_text_and_capitals_are_noted(tmp_path):
    (tmp_path / "t.csv").write_bytes("path,label\na,Tapir\nb,tapir\nc,vacía\n".encode("cp1252"))
    table = read_labels(tmp_path / "t.csv")
    assert list(table["category"]) == ["animal", "animal", "empty"]
    assert [note.split(":")[0] for note in table.attrs["notes"]] == [
        "the table is not UTF-8",
        "labels that differ only in capitals are different labels",
    ]


def test_the_truth_of_a_simulated_survey_is_such_a_table(tmp_path):
    simulate(tmp_path, 5, cards=1, pictures=12, stations=1, size=(96, 96))
    table = read_labels(tmp_path / "truth.csv")
    pictures = sorted(file.relative_to(tmp_path / "images").as_posix() for file in (tmp_path / "images").rglob("*.*"))
    assert sorted(table["path"]) == pictures
    assert set(table["category"].dropna()) >= {"animal", "empty"}


@real
def test_the_label_tables_of_real_sets():
    tables = sorted(SHARED.glob("*/*/labels.csv"))
    assert tables
    for path in tables:
        table = read_labels(path)
        assert len(table) == len(path.read_text(encoding="utf-8").splitlines()) - 1
        assert (table["path"] != "").all()


@pytest.fixture
def survey(tmp_path):
    """40 bursts of two pictures; one crop each, but the last ten pictures, which are empty (one of them kept)."""
    rng = np.random.default_rng(5)
    n, shown = 80, 70
    kind = np.repeat(rng.choice(["deer", "fox", "bat"], n // 2), 2)
    paths = [f"card/IMG_{i:03d}.JPG" for i in range(n)]
    bursts = [f"b{i // 2}" for i in range(n)]
    cluster = np.where(rng.random(shown + 1) < 0.8, np.searchsorted(["bat", "deer", "fox"], kind[: shown + 1]), 3)
    cluster[3] = -1
    ids = [f"c{i:03d}" for i in range(shown + 1)]
    crops = pd.DataFrame(
        {"crop_id": ids, "image_id": paths[: shown + 1], "path": paths[: shown + 1], "burst": bursts[: shown + 1]}
    )
    crops = crops.assign(x=0.1, y=0.1, w=0.5, h=0.5, label=None)
    categories = ["animal"] * (shown + 1) + ["empty"] * (n - shown - 1)
    categories[0] = "empty"  # an animal that was missed
    crops = crops.iloc[1:]
    images = pd.DataFrame(
        {"path": paths, "image_id": paths, "category": categories, "duplicate_of": None, "burst": bursts}
    )
    clusters = pd.DataFrame({"crop_id": ids[1:], "cluster": cluster[1:].astype(np.int32), "probability": 1.0})
    clusters["suggestion"] = np.where(clusters["cluster"] < 0, 2, -1).astype(np.int32)
    clusters["kmeans"] = np.where(clusters["cluster"] < 0, 0, clusters["cluster"]).astype(np.int32)
    lines = [f"{p},{k},animal" for p, k in zip(paths[:shown], kind, strict=False)] + [
        f"{p},,empty" for p in paths[shown:]
    ]
    (tmp_path / "truth.csv").write_text("path,kind,category\n" + "\n".join(lines), encoding="utf-8")
    for name, frame in (("crops", crops), ("images", images), ("clusters", clusters.sample(frac=1, random_state=0))):
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
    return tmp_path, kind[1:shown], clusters


def test_the_whole_evaluation(survey):
    folder, kind, clusters = survey
    table = pd.read_parquet(folder / "clusters.parquet")
    seeds = [table["kmeans"].to_numpy(), table["kmeans"].to_numpy() * 2, np.zeros(70, int)]
    result = run.evaluate(
        folder / "clusters.parquet",
        folder / "crops.parquet",
        folder / "truth.csv",
        {"resamples": 50},
        images=folder / "images.parquet",
        seeds=seeds,
        out=folder / "out",
    )
    assert result["problem"] is None
    assert result["crops"] | {"bursts": 0} == {
        "all": 70,
        "clustered": 70,
        "scored": 69,
        "not_animal": {"empty": 1},
        "without_label": 0,
        "bursts": 0,
        "species": 3,
    }
    nearest = np.where(clusters["cluster"] < 0, 2, clusters["cluster"])[:69]
    assert result["metrics"]["ami"] == pytest.approx(adjusted_mutual_info_score(kind, nearest))
    assert result["clusterings"]["kmeans"]["scores"]["ami"]["value"] == pytest.approx(
        adjusted_mutual_info_score(kind, clusters["kmeans"][:69])
    )
    assert list(result["clusterings"]) == ["cluster", "kmeans"]
    assert result["clusterings"]["cluster"]["noise"]["crops"] == 1
    assert set(result["clusterings"]["cluster"]["by_noise"]) == {"dropped", "singletons", "nearest"}
    assert result["pictures"]["found"]["value"] == pytest.approx(69 / 70)
    assert result["pictures"]["kept"]["value"] == pytest.approx(1 / 10)
    assert result["pictures"]["true_by_found"] == {
        "animal": {"animal": 69, "empty": 1},
        "empty": {"animal": 1, "empty": 9},
    }
    assert result["seeds"]["ari_between_seeds"] == {"mean": pytest.approx(1 / 3), "min": 0.0, "max": 1.0}
    assert result["seeds"]["enough"] is False
    assert result["seeds"]["scores"]["ami"]["min"] == 0.0
    assert "AMI 0." in run.describe(result)
    assert "of 70" in run.describe(result)

    assert files.read_json(folder / "out" / "evaluation.json") == result
    confusion = pd.read_parquet(folder / "out" / "confusion.parquet")
    assert confusion["crops"].sum() == 70
    assert confusion.query("label == 'empty'")["crops"].sum() == 1
    wide = pd.read_csv(folder / "out" / "confusion.csv", index_col="cluster")
    assert wide["deer"].sum() == (kind == "deer").sum()


def test_a_bad_truth_is_one_line_and_does_not_end_the_run(survey):
    folder, _, _ = survey
    tables = folder / "clusters.parquet", folder / "crops.parquet"
    gone = run.evaluate(*tables, folder / "gone.csv", {})
    assert "there is no such file (evaluate.truth)" in gone["problem"]
    assert run.describe(gone).startswith("not evaluated: ")
    (folder / "other.csv").write_text("path,label\nelsewhere.jpg,deer\n", encoding="utf-8")
    other = run.evaluate(*tables, folder / "other.csv", {}, out=folder / "out")
    assert other["problem"].endswith("the first: elsewhere.jpg: no such picture in the survey")
    assert other["metrics"] is None
    assert (folder / "out" / "truth_problems.csv").read_text().splitlines()[1].startswith("2,elsewhere.jpg,")
    assert "animal with a label" in run.evaluate(*tables, None, {})["problem"]
    assert (
        run.evaluate(*tables, None, {"label_pattern": r"(?P<label>IMG_\d\d)", "resamples": 0})["crops"]["species"] == 8
    )
