"""`make check`: damage of a survey is named."""

import json
import os
import shutil
import subprocess
import sys

import pytest


def check(survey) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "camtrap.check", str(survey.results)], text=True, capture_output=True, cwd=survey.folder
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def first(survey, pattern):
    return sorted(survey.results.glob(pattern))[0]


def test_a_whole_survey_is_all_right(survey):
    code, said = check(survey)
    assert code == 0, said
    assert said.endswith("files looked at, all right\n")
    assert len(said.splitlines()) == 1


def test_files_that_cannot_be_compared_are_counted(survey):
    """A deleted record, or an older survey: nothing is wrong, and not all is known."""
    for pattern in ("crops/*.parquet", "detections/*.json", "tables/images.parquet"):
        first(survey, f"checksums/{pattern}.json").unlink()
    code, said = check(survey)
    assert code == 0, said
    assert said.startswith("3 files have no checksum to compare with: ")


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)


def cut_a_line(path):
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def drop_a_picture(path):
    found = json.loads(path.read_text())
    found["images"].append(found["images"][0])
    path.write_text(json.dumps(found))


def another_count(path):
    counts = json.loads(path.read_text())
    counts["categories"]["animal"] += 1
    path.write_text(json.dumps(counts))


@pytest.mark.parametrize(
    ("pattern", "damage", "why"),
    [
        ("plan/manifests/*.tsv", cut_a_line, "another SHA-256 than when it was planned"),
        ("crops/*.parquet", flip, "damaged"),
        ("clusters/*/reduced/pca.npz", flip, "damaged"),
        ("detections/*.json", flip, "damaged"),
        ("detections/*.json", drop_a_picture, "names a picture twice"),
        ("tables/counts.json", another_count, "but images.parquet has"),
        ("index/*.parquet", lambda path: path.unlink(), "missing; run again"),
        (
            "crops/*.parquet",
            lambda path: path.rename(path.with_name("x-00009-00000000.parquet")),
            "no shard of the plan",
        ),
    ],
)
def test_damage_of_an_older_survey_is_named(survey, pattern, damage, why):
    shutil.rmtree(survey.results / "checksums")
    path = first(survey, pattern)
    damage(path)
    code, said = check(survey)
    assert code == 1, said
    assert why in said
    assert path.name in said
    assert "Traceback" not in said


KINDS = [
    *(
        "index/*.parquet",
        "detections/*.json",
        "crops/*.parquet",
        "embeddings/*/*.parquet",
        "models/*.json",
        "tables/*.csv",
    ),
    *(
        "clusters/*/reduced/vectors.npy",
        "clusters/*/sweep/*.npz",
        "clusters/*/evaluation/*.csv",
        "clusters/*/sheets/[!.]*",
    ),
    *("clusters/*/figures/[!.]*", "export/*.csv", "report/report.html", "settings.json"),
]


def test_any_flipped_byte_is_named(survey):
    """One file of each kind, at once; its time stays."""
    paths = [first(survey, pattern) for pattern in KINDS]
    for path in paths:
        times = path.stat()
        flip(path)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    code, said = check(survey)
    assert code == 1
    lines = said.splitlines()
    assert [path.name for path in paths if not any(path.name in line for line in lines)] == []
    assert "Traceback" not in said


def empty(path):
    path.write_bytes(b"")


def test_what_is_gone_and_damage_of_what_is_compared_with_is_named(survey):
    """Each was called all right: deleted results, records that nothing can be compared with, files of the planner."""
    gone = [
        "clusters/*/choice.json",
        "clusters/*/sweep/*.npz",
        "embeddings/*/*.parquet",
        "export/clusters.csv",
        "report/report.html",
    ]
    paths = [first(survey, pattern) for pattern in gone]
    for path in paths:
        path.unlink()
    shutil.rmtree(first(survey, "clusters/*/figures"))
    damaged = [
        first(survey, f"checksums/{kind}.json")
        for kind in ("settings.json", "tables/crops.parquet", "clusters/*/sheets")
    ]
    for path, text in zip(damaged, ("", '{"size": 1}', '{"files": {"a": 1}}'), strict=True):
        path.write_text(text)
    damaged += [first(survey, f"plan/{name}") for name in ("current", "removed/*.tsv", "places.json")]
    for path in damaged[3:]:
        flip(path) if path.suffix == ".tsv" else empty(path)
    code, said = check(survey)
    assert code == 1
    lines = said.splitlines()
    for path in [*paths, *damaged]:
        named = str(path.relative_to(survey.results))
        assert sum(line.startswith((f"{named}:", f"{named} is damaged")) for line in lines) == 1, (
            named,
            said,
        )
    assert sum("/figures" in line for line in lines) == 1


def test_deleted_results_of_an_older_survey_are_named(survey):
    shutil.rmtree(survey.results / "checksums")
    for name in ("choice.json", "reduced/units.npy"):
        first(survey, f"clusters/*/{name}").unlink()
    detector = survey.results / "models" / "detector.json"
    detector.unlink()
    detector.mkdir()
    code, said = check(survey)
    assert code == 1
    *lines, uncompared, _ = said.splitlines()
    told = [line.split("/", 2)[-1] for line in lines]
    assert told[:2] == [f"{name}: missing; run again" for name in ("choice.json", "reduced/units.npy")]
    assert told[2:] == ["detector.json: cannot be read here (Is a directory): look at its permissions and its disk"]
    assert "files have no checksum to compare with" in uncompared


@pytest.mark.long
def test_a_damaged_file_is_named_by_the_stage_that_reads_it_and_made_again(survey):
    """Of a run: one line, no traceback; what it says to do leads to the same results."""
    clusters, choice = first(survey, "clusters/*/clusters.parquet"), first(survey, "clusters/*/choice.json")
    whole = clusters.read_bytes()
    flip(clusters)
    said = survey.snakemake("--cores", "2", fails=True)
    assert "/clusters.parquet is damaged (it is not as it was written): delete it and run again" in said
    assert "Traceback" not in said
    clusters.unlink()
    survey.run()
    assert clusters.read_bytes() == whole
    assert choice.exists()
    assert check(survey)[0] == 0
