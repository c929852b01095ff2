"""What comes out when pictures, embedder or detections change, and when two runs meet: through the real `snakemake`."""

import json
import shutil
import signal
import time
from collections import Counter

import pyarrow.parquet as pq
import pytest
from expected import COLLECTED, MODEL, NAMED, NEW_SHARD, counts, per_shard, stamps

from camtrap.core.paths import Roots
from camtrap.plan.ledger import Plan

PER_SHARD_FOLDERS = ("index", "detections", "crops", f"embeddings/{MODEL}")
CLUSTERS = f"results/clusters/{MODEL}/clusters.parquet"


@pytest.mark.long
def test_a_growing_survey_has_the_results_of_one_run(survey, tmp_path):
    """A new card with a duplicate, late pictures and a removed one: old shards stay, the result is that of a new start."""
    old = {name: stamps(survey.results / name) for name in PER_SHARD_FOLDERS}
    for number in range(3):
        survey.picture(f"card3/east/{number}.jpg", 100 + number)
    shutil.copy2(survey.pictures / "card1" / "north" / "0.jpg", survey.pictures / "card3" / "east" / "copy.jpg")
    survey.picture("card2/north/late.jpg", 200)
    (survey.pictures / "card1" / "north" / "5.jpg").unlink()
    survey.run(CLUSTERS)
    for name, before in old.items():
        assert before.items() <= stamps(survey.results / name).items()
    grown = counts(survey)
    assert grown["found"] == 12 + 4 + 1 - 1
    assert grown["categories"]["duplicate"] == 1
    assert grown["removed"] == 1
    assert grown["crops"] == 15
    images = {row["path"]: row for row in pq.read_table(survey.results / "tables/images.parquet").to_pylist()}
    assert images["card3/east/copy.jpg"]["duplicate_of"] == "card1/north/0.jpg"
    assert images["card1/north/5.jpg"]["category"] == "removed"

    anew = type(survey)(tmp_path / "anew")
    anew.folder.mkdir()
    shutil.copytree(survey.pictures, anew.pictures)
    shutil.copy2(survey.folder / "survey.yaml", anew.folder)
    anew.run(CLUSTERS)
    assert (survey.folder / CLUSTERS).read_bytes() == (anew.folder / CLUSTERS).read_bytes()
    tables = [pq.read_table(one.results / "tables/crops.parquet") for one in (survey, anew)]
    assert tables[0].drop_columns(["shard", "row"]).equals(tables[1].drop_columns(["shard", "row"]))


def test_a_changed_picture_supersedes_its_shard(survey):
    survey.picture("card1/north/3.jpg", 77)
    (survey.pictures / "card1" / "north" / "5.jpg").unlink()
    survey.settings = {"plan": {"changed": "supersede"}}
    (old,) = survey.shards("card1")
    jobs = survey.dry_run()
    assert jobs.rules == NEW_SHARD + COLLECTED
    assert all(old not in shards for shards in jobs.shards.values())
    target = "results/tables/counts.json"
    survey.run(target)
    # the shard was made anew without the picture that is gone
    assert counts(survey)["found"] == 11
    assert counts(survey)["removed"] == 0
    images = pq.read_table(survey.results / "tables/images.parquet", columns=["shard"])["shard"].to_pylist()
    assert Counter(images) == {survey.shards("card1")[1]: 5, survey.shards("card2")[0]: 6}
    survey.settings = {}
    assert not survey.dry_run(target).rules


@pytest.mark.long
def test_another_embedder_stands_beside_the_first(survey):
    folders = [survey.results / "embeddings" / MODEL, survey.results / "clusters" / MODEL]
    before = [stamps(folder) for folder in folders]
    survey.settings = {"embed": {"model": "shufflenet_v2_x0_5"}}
    survey.run("results/export/crops.csv")
    assert [stamps(folder) for folder in folders] == before
    assert (survey.results / "clusters" / "shufflenet_v2_x0_5" / "clusters.parquet").exists()
    survey.settings = {}
    assert survey.dry_run().rules == NAMED  # export/ holds one embedder's


def test_results_that_somebody_already_has(survey):
    """Old shards do not hear that a new card was matched, but they do hear of another file."""

    def write(conf):
        box = {"category": "1", "conf": conf, "bbox": [0.1, 0.1, 0.5, 0.5]}
        found = [
            {"file": f"card{card}/north/{number}.jpg", "detections": [box]} for card in (1, 2) for number in range(6)
        ]
        text = {"info": {"format_version": "1.6"}, "detection_categories": {"1": "animal"}, "images": found}
        (survey.folder / "given.json").write_text(json.dumps(text))

    write(0.9)
    survey.settings = {"detector": {"backend": "json", "json": "given.json"}}
    target = "results/tables/counts.json"
    survey.run(target)
    assert counts(survey)["categories"]["animal"] == 12
    survey.picture("card3/0.jpg", 100)
    jobs = survey.dry_run(target)
    assert jobs.rules == per_shard("index", "detect", "crop") + Counter(["split_detections", "collect"])
    assert {shard.partition("-")[0] for shards in jobs.shards.values() for shard in shards} == {"card3"}
    write(0.8)
    jobs = survey.dry_run(target)
    everything = per_shard("detect", "crop", shards=3) + Counter(
        ["index", "find_detector", "split_detections", "collect"]
    )
    assert jobs.rules == everything


def test_a_gpu_that_is_not_there_is_one_clear_line(survey):
    table = next((survey.results / "embeddings" / MODEL).iterdir())
    table.unlink()
    target = str(table.relative_to(survey.folder))
    text = survey.snakemake(target, "--cores", "1", "--resources", "gpu=1", fails=True, CUDA_VISIBLE_DEVICES="")
    assert "torch sees none" in text
    assert "--resources gpu=0" in text
    assert "Traceback" not in text


def wait_for(condition, process, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.2)


def test_pictures_arrive_and_others_start_while_a_run_waits(survey, tmp_path):
    """The run is stopped in its first job, and goes on at the end."""
    survey.picture("card3/0.jpg", 100)
    target = "results/tables/counts.json"
    live = survey.start("--cores", "2", target)
    try:
        log = survey.results / "logs" / "index"
        wait_for(lambda: any(log.glob("card3-*.log")), live)
        live.send_signal(signal.SIGSTOP)
        plan = (survey.results / "plan" / "index.tsv").read_bytes()
        assert b"card3" in plan

        # a dry run beside it shows the live run's plan, and leaves it as it is
        survey.picture("card4/0.jpg", 101)
        jobs = survey.dry_run(target)
        assert "another run works on these results" in jobs.text
        assert "card4" not in jobs.text
        assert (survey.results / "plan" / "index.tsv").read_bytes() == plan

        # a second run is refused: here, and in another working directory
        text = survey.snakemake("--cores", "2", target, fails=True)
        assert f"process {live.pid} on" in text
        other = type(survey)(tmp_path / "other")
        other.folder.mkdir()
        shutil.copy2(survey.folder / "survey.yaml", other.folder)
        other.settings = {"images": str(survey.pictures), "results": str(survey.results)}
        text = other.snakemake("--cores", "2", str(survey.folder / target), fails=True)
        assert f"another run works on these results (process {live.pid} on" in text

        # even a plan that grows (a file system without locks) does not reach the jobs of this run
        plan = Plan(survey.results)
        plan.commit(plan.update(Roots(str(survey.pictures)), 1000))
        assert any(shard.startswith("card4") for shard in survey.shards())
    except BaseException:
        live.kill()
        raise
    live.send_signal(signal.SIGCONT)
    text, _ = live.communicate(timeout=300)
    assert live.returncode == 0, text
    assert counts(survey)["found"] == 13
    jobs = survey.dry_run(target)
    assert jobs.rules == per_shard("index", "detect", "crop") + Counter(["collect"])
    assert {shard.partition("-")[0] for shards in jobs.shards.values() for shard in shards} == {"card4"}
