"""What runs again, and what comes out, when pictures, configuration or code change: through the real `snakemake`."""

import csv
import json
import os
import re
import shutil
from collections import Counter

import pytest
from expected import CHOSEN, COLLECTED, MODEL, NAMED, NEW_SHARD, REDUCED, SWEPT, per_shard, stamps

from camtrap.review.__main__ import main

# --- pictures ---------------------------------------------------------------------------------------------------------


def test_a_finished_survey_lists_nothing(survey):
    assert not survey.dry_run().rules


def test_a_new_card_costs_its_own_shard_and_what_joins_shards(survey):
    survey.picture("card3/north/0.jpg", 100)
    jobs = survey.dry_run()
    assert jobs.rules == NEW_SHARD + COLLECTED
    (new,) = set.union(*jobs.shards.values())
    assert len(jobs.shards) == 4
    assert new.startswith("card3-00000-")


def test_late_pictures_of_an_old_card_make_a_shard_of_their_own(survey):
    survey.picture("card1/south/late.jpg", 100)
    jobs = survey.dry_run()
    assert jobs.rules == NEW_SHARD + COLLECTED
    (new,) = set.union(*jobs.shards.values())
    assert new.startswith("card1-00001-")


def test_a_duplicate_on_a_new_card_is_a_picture_like_any_other(survey):
    (survey.pictures / "card3").mkdir()
    shutil.copy2(survey.pictures / "card1" / "north" / "0.jpg", survey.pictures / "card3")
    assert survey.dry_run().rules == NEW_SHARD + COLLECTED


def test_a_removed_picture_is_left_out_when_collecting(survey):
    (survey.pictures / "card1" / "north" / "0.jpg").unlink()
    jobs = survey.dry_run()
    assert jobs.rules == COLLECTED
    assert not jobs.shards


def test_a_renamed_folder_is_a_new_card_and_removed_pictures(survey):
    (survey.pictures / "card1").rename(survey.pictures / "card9")
    jobs = survey.dry_run()
    assert jobs.rules == NEW_SHARD + COLLECTED
    (new,) = set.union(*jobs.shards.values())
    assert new.startswith("card9-00000-")


def test_a_changed_picture_is_refused_by_name(survey):
    survey.picture("card1/north/3.jpg", 77)
    text = survey.snakemake("--dry-run", fails=True)
    assert "card1/north/3.jpg" in text
    assert "supersede" in text


def test_a_dry_run_commits_nothing(survey):
    survey.picture("card3/0.jpg", 100)
    before = (survey.results / "plan" / "index.tsv").read_bytes()
    first = survey.dry_run()
    assert (survey.results / "plan" / "index.tsv").read_bytes() == before
    shutil.rmtree(survey.pictures / "card3")
    assert first.rules
    assert not survey.dry_run().rules


def test_a_missing_picture_folder_removes_nothing(survey):
    survey.pictures.rename(survey.folder / "elsewhere")
    assert "there is no such picture folder" in survey.snakemake("--dry-run", fails=True)
    survey.settings = {"images": "elsewhere"}
    assert not survey.dry_run().rules


# --- files touched, code checked out anew -----------------------------------------------------------------------------


def test_touched_scripts_and_pictures_run_nothing_again(survey, clone):
    """As after a `git checkout` and an `rsync` without times."""
    survey.workflow = clone
    for file in survey.pictures.rglob("*.jpg"):
        os.utime(file)
    assert not survey.dry_run().rules


def test_a_fresh_clone_over_existing_results_runs_nothing(survey, clone):
    survey.workflow = clone
    shutil.rmtree(survey.folder / ".snakemake")
    assert not survey.dry_run().rules


VERSIONS = {
    "index": per_shard("index", "detect", "crop", "embed", shards=2) + COLLECTED,
    "detect": per_shard("detect", "crop", "embed", shards=2) + COLLECTED + Counter(["find_detector"]),
    "crop": per_shard("crop", "embed", shards=2) + COLLECTED,
    "embed": per_shard("embed", shards=2) + REDUCED + Counter(["find_embedder"]),
    "collect": COLLECTED,
    "reduce": REDUCED,
    "cluster": SWEPT,
    "project": Counter(["project", "figures", "report"]),
    "represent": Counter(["represent", "sheets"]) + NAMED,
    "evaluate": Counter(["seeds", "evaluate", "report"]),
    "export": NAMED,
    "report": Counter(["figures", "report"]),
}


@pytest.mark.parametrize("stage", VERSIONS)
def test_an_upgraded_stage_runs_again_and_what_follows(survey, clone, stage):
    file = clone / "scripts" / "camtrap" / "stages.py"
    text = file.read_text()
    raised = re.sub(rf'("{stage}": )(\d+)', lambda found: f"{found[1]}{int(found[2]) + 1}", text)
    assert raised != text
    file.write_text(raised)
    survey.workflow = clone
    assert survey.dry_run().rules == VERSIONS[stage]


def test_every_stage_has_its_contract():
    from camtrap.stages import STAGE_VERSION

    assert set(VERSIONS) == set(STAGE_VERSION)


# --- decisions --------------------------------------------------------------------------------------------------------


def test_decisions_make_labels_and_what_shows_them_and_nothing_is_clustered_anew(survey):
    lines = (survey.results / "export" / "clusters.csv").read_text(encoding="utf-8-sig").splitlines()
    table = survey.folder / "names.csv"
    table.write_text("\n".join([lines[0], lines[1].replace(",,", ",Puma,", 1)]))
    assert main(["import", str(table), str(survey.results)]) == 0
    before = stamps(survey.results / "clusters")
    assert survey.dry_run().rules == NAMED + Counter(["label"])
    survey.snakemake("--cores", "2", "export_csv")
    with open(survey.results / "export" / "crops.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["name"] for row in rows if row["cluster"] == lines[1].split(",")[0]} == {"Puma"}
    assert {row["name"] for row in rows if row["cluster"] != lines[1].split(",")[0]} <= {""}
    assert {name for name, stamp in stamps(survey.results / "clusters").items() if before.get(name) != stamp} == {
        str(survey.results / "clusters" / MODEL / "names.json")
    }
    survey.settings = {"export": {"names": str(table)}}
    assert "camtrap.review import" in survey.snakemake("--dry-run", fails=True)


# --- configuration ----------------------------------------------------------------------------------------------------

SETTINGS = {
    "threshold": ({"crop": {"threshold": 0.5}}, per_shard("crop", "embed", shards=2) + COLLECTED),
    "embedder": (
        {"embed": {"model": "shufflenet_v2_x0_5"}},
        per_shard("embed", shards=2) + REDUCED + Counter(["find_embedder"]),
    ),
    "precision": ({"embed": {"storage": "float16"}}, per_shard("embed", shards=2) + REDUCED),
    "more k": ({"cluster": {"k": "2-4"}}, CHOSEN + Counter({"cluster_sweep": 2})),
    "fewer k": ({"cluster": {"k": "2"}}, CHOSEN),
    "k-means": ({"cluster": {"kmeans": {"restarts": 2}}}, CHOSEN + Counter(["cluster_sweep"])),
    "another method": ({"cluster": {"methods": ["leiden", "ward"]}}, CHOSEN + Counter(["cluster_method"])),
    "primary": ({"cluster": {"choose": {"primary": "kmeans"}}}, CHOSEN),
    "projection": ({"cluster": {"project": {"iterations": 30}}}, Counter(["project", "figures", "report"])),
    "burst": ({"collect": {"burst_seconds": 30}}, COLLECTED),
    "seeds": ({"evaluate": {"seeds": 2}}, Counter(["seeds", "evaluate", "report"])),
    "title": ({"report": {"title": "Another"}}, Counter(["report"])),
    "another export": ({"export": {"yasuni": True}}, Counter(["export_yasuni"])),
    "seed": ({"seed": 7}, REDUCED),
    "detector": (
        {"detector": {"backend": "motion"}},
        per_shard("detect", "crop", "embed", shards=2) + COLLECTED + Counter(["find_detector"]),
    ),
}


@pytest.mark.parametrize("change", SETTINGS)
def test_a_setting_runs_what_it_concerns(survey, change):
    survey.settings, expected = SETTINGS[change]
    jobs = survey.dry_run()
    assert jobs.rules == expected
    assert all(shards == set(survey.shards()) for shards in jobs.shards.values())


def test_another_decoder_needs_a_gpu_and_costs_nothing_without_one(survey):
    survey.settings = {"embed": {"decode": "gpu"}}
    before = stamps(survey.results / "embeddings")
    for arguments in ([], ["--resources", "gpu=0"]):
        text = survey.snakemake("--cores", "1", *arguments, fails=True)
        assert "embed.decode: gpu needs a GPU" in text
        assert "Traceback" not in text
    assert stamps(survey.results / "embeddings") == before
    assert survey.dry_run("--resources", "gpu=1").rules == per_shard("embed", shards=2) + REDUCED


def test_a_survey_from_before_a_key_came_has_the_same_parameters(survey):
    records = [
        json.loads(file.read_text())
        for file in (survey.folder / ".snakemake" / "metadata").rglob("*")
        if file.is_file()
    ]
    embedded = [str(record["params"]) for record in records if record["rule"] == "embed"]
    assert len(embedded) == 2
    for said in embedded:
        assert "precision" in said
        assert "decode" not in said
        assert "compile" not in said


def test_what_only_hastens_or_places_runs_nothing(survey):
    survey.pictures.rename(survey.folder / "moved")
    survey.settings = {
        "images": "moved",
        "cache": "elsewhere",
        "preview": {"n": 3, "pictures": ["1.jpg"]},
        "plan": {"shard_size": 3, "settle_seconds": 5, "changed": "supersede"},
        "detector": {"runtime": "torch"},
        "embed": {"runtime": "torch", "compile": True, "decode": "cpu"},
    }
    faster = ["--cores", "7", "--resources", "gpu=4", "--set-threads", "embed=7", "index=3", "collect=2"]
    batches = ["--set-resources", "embed:batch_size=64", "detect:batch_size=4", "collect:mem_mb=9000"]
    assert not survey.dry_run(*faster, *batches).rules
    assert not survey.dry_run("--resources", "gpu=0").rules


def test_settings_of_the_motion_detector_count_where_it_is_asked(survey):
    survey.settings = {"detector": {"motion": {"sway": 3}}}
    assert not survey.dry_run().rules
    survey.settings = {"detector": {"missing": "failure"}, "crop": {"quality": 95}, "embed": {"storage": "float32"}}
    assert not survey.dry_run().rules
    survey.settings = {"detector": {"backend": "motion"}}
    survey.run(*(f"results/detections/{shard}.json" for card in ("card1", "card2") for shard in survey.shards(card)))
    survey.settings["detector"]["motion"] = {"burst_seconds": 60.0, "sway": 2}
    assert not survey.dry_run("--until", "detect").rules
    survey.settings["detector"]["motion"]["sway"] = 3
    assert survey.dry_run("--until", "detect").rules["detect"] == 2


def test_a_file_that_the_configuration_names_counts_by_its_content(survey):
    names = survey.folder / "names.csv"
    names.write_text("cluster,name\n0,deer\n")
    survey.settings = {"export": {"names": "names.csv"}}
    assert survey.dry_run().rules == NAMED
    survey.run()
    assert "deer" in (survey.results / "report" / "report.html").read_text(encoding="utf-8")
    names.rename(survey.folder / "other.csv")
    os.utime(survey.folder / "other.csv")
    survey.settings = {"export": {"names": "other.csv"}}
    assert not survey.dry_run().rules
    (survey.folder / "other.csv").write_text("cluster,name\n0,roe deer\n")
    assert survey.dry_run().rules == NAMED


def test_a_table_of_stations_reads_no_picture_again(survey):
    (survey.folder / "stations.csv").write_text("station,latitude,longitude\nnorth,1,2\n")
    survey.settings = {"metadata": {"stations": "stations.csv"}}
    jobs = survey.dry_run()
    assert not jobs.shards
    assert jobs.rules["collect"] == 1
