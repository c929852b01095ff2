"""What the Snakefile asks when it is parsed, in the main process and in its jobs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from camtrap.config.complete import complete
from camtrap.core.errors import PlanError, UserError
from camtrap.plan import prepare
from camtrap.plan.ledger import Plan

JOB = """
import json, sys
from camtrap.plan.prepare import prepare
job = prepare(json.loads(sys.argv[1]), main=False)
print(json.dumps([job.shards, job.n_pictures, job.removed]))
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A survey of three pictures on two cards."""
    monkeypatch.setenv(prepare.VARIABLE, "")
    for name in ("one/a.jpg", "one/b.jpg", "two/a.jpg"):
        put(tmp_path / "pictures" / name)
    places = {"images": str(tmp_path / "pictures"), "results": str(tmp_path / "results")}
    return complete({**places, "plan": {"settle_seconds": 0}})


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"picture")


def job(config, **environment):
    """What a job, a process of its own, reads of the plan."""
    clean = {key: value for key, value in os.environ.items() if key != prepare.VARIABLE}
    command = [sys.executable, "-c", JOB, json.dumps(config)]
    return json.loads(subprocess.check_output(command, env=clean | environment, text=True))


def test_a_job_of_a_plan_that_was_not_entered_is_told_so(config):
    """As where a workflow uses this one as a module and does not call its onstart."""
    prepare.prepare(config, main=True)
    with pytest.raises(PlanError, match="must call its onstart"):
        prepare.prepare(config, main=False)


def test_a_job_sees_the_plan_of_its_run_whatever_is_planned_meanwhile(config, tmp_path):
    main = prepare.prepare(config, main=True)
    main.commit()
    value = os.environ[prepare.VARIABLE]
    expected = [main.shards, 3, main.removed]
    assert job(config, **{prepare.VARIABLE: value}) == expected
    put(tmp_path / "pictures" / "three" / "a.jpg")
    (tmp_path / "pictures" / "one" / "a.jpg").unlink()
    plan = Plan(config["results"])
    plan.commit(plan.update(prepare.Roots(config["images"]), 10))
    assert len(plan.live()) == 3
    assert job(config, **{prepare.VARIABLE: value}) == expected
    # a cluster that drops the environment
    assert job(config) == expected


def test_the_environment_of_another_run_does_not_reach_the_main_process(config, monkeypatch):
    prepare.prepare(config, main=True).commit()
    config["plan"]["mode"] = "off"
    removed = prepare.prepare(config, main=True).removed
    monkeypatch.setenv(prepare.VARIABLE, "7:7:00000000")
    assert prepare.prepare(config, main=True).removed == removed


def test_what_was_not_committed_is_not_planned(config):
    first = prepare.prepare(config, main=True)
    assert Plan(config["results"]).rows() == []
    assert prepare.prepare(config, main=True).shards == first.shards


def test_a_run_at_work_keeps_its_plan_and_is_alone(config, tmp_path, capfd):
    main = prepare.prepare(config, main=True)
    main.commit()
    put(tmp_path / "pictures" / "three" / "a.jpg")
    beside = prepare.prepare(config, main=True)
    assert beside.shards == main.shards
    assert beside.removed == main.removed
    assert f"process {os.getpid()}" in capfd.readouterr().err
    with pytest.raises(PlanError, match=f"another run works on these results .process {os.getpid()} on .*wait"):
        beside.commit()
    main.lock.release()
    assert len(prepare.prepare(config, main=True).shards) == 3


def test_planning_off(config, tmp_path):
    prepare.prepare(config, main=True).commit()
    put(tmp_path / "pictures" / "three" / "a.jpg")
    config["plan"]["mode"] = "off"
    assert len(prepare.prepare(config, main=True).shards) == 2


def test_planning_says_what_it_found(config, tmp_path, capfd):
    prepare.prepare(config, main=True).commit()
    assert capfd.readouterr().err == "plan: 2 shards, 3 new pictures in 2 new shards\n"
    (tmp_path / "pictures" / "one" / "a.jpg").unlink()
    put(tmp_path / "pictures" / "three" / "a.jpg")
    config["plan"]["settle_seconds"] = 3600
    prepare.prepare(config, main=True)
    said = capfd.readouterr().err
    assert "1 picture gone from the disk" in said
    assert "1 files are younger than plan.settle_seconds" in said


def test_mistakes_are_one_line(config, tmp_path):
    for change, message in [
        ({"images": None}, "--config images=/path/to/pictures"),
        ({"images": str(tmp_path / "gone")}, "no such picture folder"),
        ({"images": {"a/b": str(tmp_path)}}, "cannot be a batch's name"),
    ]:
        with pytest.raises(UserError, match=message) as error:
            prepare.prepare({**config, **change}, main=True)
        assert "\n" not in str(error.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(PlanError, match="no pictures or videos found below"):
        prepare.prepare({**config, "images": str(tmp_path / "empty"), "results": str(tmp_path / "new")}, main=True)
    (tmp_path / "file").touch()
    with pytest.raises(PlanError, match="file"):
        prepare.prepare({**config, "results": str(tmp_path / "file")}, main=True)


def test_pictures_that_were_just_copied_are_not_no_pictures(config, tmp_path):
    config["plan"]["settle_seconds"] = 3600
    with pytest.raises(PlanError, match=r"^wait a minute, or set plan\.settle_seconds: all 3 files") as error:
        prepare.prepare(config, main=True)
    assert "no pictures" not in str(error.value)


def test_formats_that_are_not_read_are_said(config, tmp_path, capfd):
    put(tmp_path / "pictures" / "one" / "c.HEIC")
    prepare.prepare(config, main=True)
    assert capfd.readouterr().err.endswith(", passed over: 1 HEIC\n")
    put(tmp_path / "phone" / "a.heic")
    with pytest.raises(PlanError, match=r"no pictures or videos found below .*passed over: 1 HEIC: convert them"):
        prepare.prepare({**config, "images": str(tmp_path / "phone"), "results": str(tmp_path / "new")}, main=True)


def test_linting_plans_nothing(config):
    assert prepare.prepare({**config, "images": None}, main=True, lint=True).shards == []
    assert not Path(config["results"]).exists()


def test_a_named_file_counts_by_its_content(config, tmp_path):
    prepared = prepare.prepare(config, main=True)
    file = tmp_path / "names.csv"
    file.write_text("a")
    first = prepared.file_hash(str(file))
    assert first == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    file.write_text("b")
    assert prepared.file_hash(str(file)) != first
    os.rename(file, tmp_path / "other.csv")
    (tmp_path / "other.csv").write_text("a")
    assert prepared.file_hash(str(tmp_path / "other.csv")) == first
    assert prepared.file_hash(None) is None
    assert prepared.file_hash("random") == "random"


def test_a_damaged_record_of_hashes_is_not_believed(tmp_path):
    file, record = tmp_path / "names.csv", tmp_path / "hashes.json"
    file.write_text("a")
    first = prepare.Prepared(hashes=record).file_hash(str(file))
    record.write_text(record.read_text().replace(first[:8], "0" * 8))
    assert prepare.Prepared(hashes=record).file_hash(str(file)) == first
    record.write_text("{")
    assert prepare.Prepared(hashes=record).file_hash(str(file)) == first
    assert first in record.read_text()


def test_the_folder_of_a_model():
    def folder(model):
        return prepare.model_key({"embed": {"model": model}})

    assert folder("vit_base_patch14_dinov2.lvd142m") == "vit_base_patch14_dinov2_lvd142m"
    forty = "vit_base_patch14_reg4_dinov2.lvd142m_abc"
    assert folder(forty) == forty.replace(".", "_")
    # two models that differ only after the fortieth character
    long = {folder("eva02_large_patch14_448.mim_m38m_ft_in22k" + end) for end in ("", "_in1k", "_in21k")}
    assert len(long) == 3
    assert {len(name) for name in long} == {40}


def test_the_snakefile_imports_nothing_heavy():
    """Every job parses it again."""
    rules = Path(__file__).resolve().parents[3] / "rules"
    modules = {
        name for file in rules.glob("*.smk") for name in re.findall(r"^from (camtrap\S*)", file.read_text(), re.M)
    }
    assert "camtrap.config.handover" in modules
    heavy = {"torch", "numpy", "pandas", "pyarrow", "sklearn", "matplotlib", "PIL", "cv2", "jsonschema"}
    code = f"import sys, {', '.join(sorted(modules))}\nsys.exit(str({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_pictures_of_another_survey_need_a_yes(config, tmp_path):
    prepare.prepare(config, main=True).commit()
    put(tmp_path / "others" / "card" / "c.jpg")
    config["images"] = str(tmp_path / "others")
    with pytest.raises(PlanError, match=r"none of the 3 pictures of these results is below .*others.*and 1 others are"):
        prepare.prepare(config, main=True)
    config["plan"]["redo"] = "index"
    assert prepare.prepare(config, main=True).n_pictures == 4
    # a picture that is still there makes it the same survey
    config["plan"]["redo"] = None
    put(tmp_path / "others" / "one" / "a.jpg")
    prepare.prepare(config, main=True)
