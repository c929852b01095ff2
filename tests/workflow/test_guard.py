"""A mistake never costs work, and green is true: through the real `snakemake`."""

import base64
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import time
import zipfile

import psutil
import pytest

MODEL = "mobilenet_v3_small"
NO = {"plan": {"redo": None}}


def contents(survey) -> dict:
    """All results but what a run says of itself, and manifests, which a dry run writes, too."""
    return {
        str(path.relative_to(survey.results)): path.stat().st_mtime_ns
        for path in survey.results.rglob("*")
        if path.is_file() and path.relative_to(survey.results).parts[0] != "plan"
    }


@pytest.mark.parametrize(
    ("settings", "stage", "why"),
    [
        ({"crop": {"threshold": 0.9}}, "crop", "cropping of 2 shards, .*crop.threshold was 0.2 and is 0.9"),
        ({"detector": {"backend": "motion"}}, "detect", "detection of 2 shards, .*detector.backend was none"),
        ({"metadata": {"station_level": 1}}, "index", "reading the pictures of 2 shards, .*station_level was nothing"),
    ],
)
def test_what_takes_long_is_made_again_only_with_a_yes(survey, settings, stage, why):
    before = contents(survey)
    survey.settings = settings | NO
    said = survey.snakemake("--cores", "1", fails=True)
    line = next(line for line in said.splitlines() if line.startswith("  "))
    assert re.search(why, line), said
    assert f"plan={{redo: {stage}}}" in said
    assert "Traceback" not in said
    assert "rules/" not in said
    assert contents(survey) == before
    survey.settings = settings | {"plan": {"redo": stage}}
    assert survey.dry_run().rules["embed"] == 2


def test_a_forgotten_configfile_costs_nothing(survey):
    before = contents(survey)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(survey.workflow / "Snakefile"), "--cores", "1"]
    survey.command = lambda *arguments: [*command, "--config", "images=pictures", "results=results"]
    said = survey.snakemake(fails=True)
    assert "is a --configfile missing?" in said
    assert contents(survey) == before


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"detector": {"backend": "megadetector", "weights": "md_v5a.pt"}}, "there is no such weights file"),
        ({"detector": {"backend": "json", "json": "gone.json"}}, "no such file of detections"),
        ({"metadata": {"stations": "gone.csv"}}, "gone.csv"),
        ({"cluster": {"k": "10-2"}}, "changed.yaml, line 2"),
        ({"cluster": {"choose": {"primary": "hdbscan"}}}, "'hdbscan' is not fitted"),
        ({"crop": {"categories": ["animals"]}}, "did you mean animal"),
        (
            {"embed": {"precision": "int8", "runtime": "torch"}, "plan": {"redo": "all"}},
            "embed.precision: int8 is for ONNX",
        ),
        ({"results": "a{shard}"}, "has '{' in it"),
        ({"images": {"other": "pictures/card1"}, "plan": {"redo": None}}, "none of the 12 pictures of these results"),
        ({"results": ""}, "cannot be the folder of the results"),
        ({"evaluate": {"label_pattern": "("}}, "evaluate.label_pattern: '(' is not a regular expression"),
        ({"evaluate": {"label_pattern": "x"}}, "has no group named label"),
    ],
)
def test_what_fails_hours_later_is_refused_at_once(survey, settings, why):
    before = contents(survey)
    survey.settings = settings
    said = survey.snakemake("--dry-run", fails=True)
    assert why in said
    assert "Traceback" not in said
    assert contents(survey) == before


def test_a_checkpoint_that_nobody_vouches_for_needs_a_yes(survey):
    file = survey.folder / "mine.pt"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mine/data.pkl", b"\x80\x02cmodels.yolo\nModel\n.")
    survey.settings = {"detector": {"backend": "megadetector", "weights": "mine.pt"}}
    said = survey.snakemake("--dry-run", fails=True)
    (sha256,) = re.findall(r"set detector\.weights_sha256: ([0-9a-f]{64})", said)
    assert "Traceback" not in said
    survey.settings["detector"]["weights_sha256"] = sha256
    assert survey.dry_run().rules["detect"] == 2


def test_weights_that_were_downloaded_may_be_named_by_their_file(survey):
    """Snakemake knows the run of a detector by its name (--touch); then the same file is named."""
    survey.settings = {"detector": {"backend": "megadetector"}}
    survey.snakemake("--touch", "--cores", "1")
    file, known = survey.folder / "mine.pt", survey.results / "models" / "detector.json"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mine/data.pkl", b"\x80\x02cmodels.yolo\nModel\n.")
    times = known.stat()
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    known.write_text(json.dumps({"backend": "megadetector", "model": "MDV5A", "sha256": sha256}))
    os.utime(known, ns=(times.st_atime_ns, times.st_mtime_ns))
    survey.settings["detector"]["weights"] = "mine.pt"
    assert not survey.dry_run().rules
    file.write_bytes(file.read_bytes() + b" ")
    survey.settings["detector"]["trust_weights"] = True
    assert survey.dry_run().rules["detect"] == 2


def test_results_that_moved_know_what_made_them(survey, tmp_path):
    """A copy has no record of Snakemake's: it must neither run again by itself nor overlook other settings."""
    shutil.rmtree(survey.folder / ".snakemake")
    assert not survey.dry_run().rules
    before = contents(survey)
    survey.settings = {"crop": {"padding": 0.5}}
    jobs = survey.dry_run().rules
    assert jobs["crop"] == jobs["embed"] == 2
    assert jobs["detect"] == jobs["index"] == 0
    assert contents(survey) == before
    survey.settings = {}
    assert not survey.dry_run().rules
    survey.settings = {"cluster": {"reduce": {"dims": 8}}}
    assert survey.dry_run().rules["cluster_sweep"] == 2


def test_names_are_not_left_out_by_mistake(survey):
    names = next(survey.results.glob("clusters/*/names.json"))
    times = names.stat()
    names.write_text(json.dumps(json.loads(names.read_text()) | {"given": ["puma"]}))
    os.utime(names, ns=(times.st_atime_ns, times.st_mtime_ns))
    survey.settings = NO
    assert "1 names (puma" in survey.snakemake("--dry-run", fails=True)
    survey.settings = {"plan": {"redo": "names"}}
    survey.dry_run()


@pytest.mark.parametrize(
    ("lost", "rules"),
    [
        (["tables/failures.csv"], {"collect"}),
        ([f"clusters/{MODEL}/reduced/vectors.npy"], {"reduce"}),
        ([f"clusters/{MODEL}/nuisance.json", f"clusters/{MODEL}/project.parquet"], {"choose", "project"}),
        (
            [f"clusters/{MODEL}/sheets", f"clusters/{MODEL}/figures", "report/summary.json", "export/crops.csv"],
            {"sheets", "figures", "report", "export_csv"},
        ),
        (
            [f"clusters/{MODEL}/methods", f"clusters/{MODEL}/sweep", f"clusters/{MODEL}/evaluation/confusion.csv"],
            {"cluster_method", "cluster_sweep", "evaluate"},
        ),
    ],
)
def test_results_that_were_deleted_are_made_again(survey, lost, rules):
    for name in lost:
        path = survey.results / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert rules <= set(survey.dry_run().rules)


def test_a_look_up_that_was_deleted_costs_nothing(survey):
    """The kept copy is put back; without it all shards would be made again with the next card."""
    lookups = [survey.results / "models" / name for name in ("detector.json", f"{MODEL}.json")]
    before = [path.read_bytes() for path in lookups]
    for path in lookups:
        path.unlink()
    survey.picture("card3/north/0.jpg", 40)
    jobs = survey.dry_run().rules
    assert jobs["detect"] == jobs["embed"] == 1
    assert [path.read_bytes() for path in lookups] == before


def test_an_output_that_is_declared_only_now_hides_no_changed_setting(survey):
    """Surveys of before have no record of it."""
    records = survey.folder / ".snakemake" / "metadata"
    for name in ("confusion.parquet", "confusion.csv", "species.csv", "truth_problems.csv"):
        path = f"results/clusters/{MODEL}/evaluation/{name}"
        (records / base64.urlsafe_b64encode(path.encode()).decode()).unlink()
    assert not survey.dry_run().rules
    survey.settings = {"evaluate": {"resamples": 77}}
    assert survey.dry_run().rules["evaluate"] == 1


def test_a_failed_job_is_not_forgotten(survey):
    """Snakemake removes a job's old results before it runs: with the job dead, they are missing, and the report is old."""
    (embeddings, *_) = sorted(survey.results.glob("embeddings/*/*.parquet"))
    whole, times = embeddings.read_bytes(), embeddings.stat()
    embeddings.write_bytes(whole[:100])
    survey.settings = {"cluster": {"reduce": {"dims": 8}}}
    said = survey.snakemake("--cores", "1", fails=True)
    assert "FAILED: reduce" in said
    assert said.endswith("\nnot finished: FAILED above (reduce); the same command goes on where it was\n")
    assert "CalledProcessError" not in said
    embeddings.write_bytes(whole)
    os.utime(embeddings, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert survey.dry_run().rules["reduce"] == 1


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"detector": {"backend": "megadetector", "model": "MDV5B"}}, "find_detector"),
        ({"embed": {"weights": None}}, "find_embedder"),
    ],
)
def test_a_look_up_that_fails_changes_nothing(survey, settings, rule):
    """Nobody states the SHA-256 of these weights, so that the job fails, and not the plan."""

    def kept():
        made = json.loads((survey.results / "settings.json").read_text())
        return made, {
            path: time for path, time in contents(survey).items() if path.startswith(("models", "detections"))
        }

    before = kept()
    survey.settings = settings
    said = survey.snakemake("--cores", "1", fails=True)
    assert f"FAILED: {rule}: " in said
    assert "no SHA-256 of these weights is known" in said
    assert "Cannot restore" not in said
    assert "WorkflowError" not in said
    assert kept() == before
    assert survey.dry_run().rules[rule] == 1
    survey.settings = {}
    assert not survey.dry_run().rules


def test_who_deletes_the_settings_changes_no_result(survey):
    """Without them the survey would count as one of an early version, with other defaults."""
    before = contents(survey)
    (survey.results / "settings.json").unlink()
    assert not survey.dry_run().rules
    assert contents(survey) == before


def assert_stopped_in_one_line(survey, run):
    said, _ = run.communicate(timeout=100)
    assert run.returncode
    assert said.endswith("stopped: the same command goes on where it was\n")
    assert "Traceback" not in said
    assert survey.dry_run().shards.keys() >= {"Cropping "}


def test_ctrl_c_ends_in_one_line(survey):
    survey.picture("card3/north/0.jpg", 40)
    run = survey.start("--cores", "1")
    while not list(survey.results.glob("logs/index/card3*.log")):
        assert run.poll() is None, run.communicate()[0]
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    assert_stopped_in_one_line(survey, run)


@pytest.mark.parametrize("pauses", [[0.05], [0.0, 0.0], [0.05, 0.3]])
def test_ctrl_c_while_a_job_begins_shows_no_traceback(survey, pauses):
    """A terminal's Ctrl-C is for all processes: for one whose interpreter is still starting, too."""
    survey.picture("card3/north/0.jpg", 40)
    run = survey.start("--cores", "1")
    everybody = [psutil.Process(run.pid)]
    while not any(is_job(process) for process in everybody):
        assert run.poll() is None, run.communicate()[0]
        everybody = [everybody[0], *everybody[0].children(recursive=True)]
    for pause in pauses:
        time.sleep(pause)
        for process in everybody:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGINT)
    assert_stopped_in_one_line(survey, run)


def is_job(process) -> bool:
    """Whether it is the interpreter of a job, and not the shell that starts it."""
    try:
        name, *words = process.cmdline() or [""]
    except psutil.Error:
        return False
    return "python" in name and any(".snakemake/scripts" in word for word in words)


@pytest.mark.long
def test_a_survey_without_a_crop_says_so_aloud(survey):
    survey.settings = {"crop": {"categories": ["vehicle"]}}
    said = survey.run()
    assert "NO ANIMAL: " in said
