"""A survey keeps the defaults that it was made with until its configuration says otherwise."""

import json
from pathlib import Path

import pytest
import yaml

from camtrap.config.complete import complete, default_of, load_schema
from camtrap.config.handover import complete_once
from camtrap.config.kept import kept
from camtrap.core.errors import UserError
from camtrap.plan.settings import Made

CONFIG = Path(__file__).resolve().parents[3] / "config"


def survey(folder, stages=None):
    """A results folder: planned, and with the settings of these stages where there are any."""
    (folder / "plan").mkdir(parents=True)
    (folder / "plan" / "index.tsv").write_text("")
    if stages is not None:
        (folder / "settings.json").write_text(json.dumps({"format": 1, "version": "0", "stages": stages}))
    return folder


def completed(results, **given):
    return complete_once({"results": str(results), **given}, main=False)


def test_a_new_survey_has_todays_defaults(tmp_path):
    assert kept(tmp_path, load_schema()) == {}
    assert completed(tmp_path / "new") == complete({"results": str(tmp_path / "new")})
    assert completed(tmp_path / "new")["crop"]["fill"] == "grey"


def test_a_survey_from_before_there_were_settings_keeps_the_defaults_of_then(tmp_path):
    old = survey(tmp_path / "old")
    assert completed(old)["crop"]["fill"] == "black"
    assert completed(old, embed={"model": "embedded"})["embed"]["model"] == "efficientnet_lite0"


def test_what_was_recorded_is_kept(tmp_path):
    old = survey(tmp_path / "old", {"crop": {"crop": {"fill": "grey"}}})
    assert completed(old)["crop"]["fill"] == "grey"
    unknown = survey(tmp_path / "unknown", {"crop": {"crop": {"shape": "pad"}, "version": 2}})
    assert completed(unknown)["crop"]["fill"] == "black"


def test_the_configuration_takes_precedence(tmp_path):
    old = survey(tmp_path / "old")
    assert completed(old, crop={"fill": "grey"})["crop"]["fill"] == "grey"
    assert completed(old, embed={"model": "efficientnet_lite2"})["embed"]["model"] == "efficientnet_lite2"


@pytest.mark.parametrize(
    ("models", "meant"),
    [
        (["efficientnet_lite0"], "efficientnet_lite0"),
        (["efficientnet_lite2"], "efficientnet_lite2"),
        (["efficientnet_lite0", "efficientnet_lite2"], "efficientnet_lite2"),
        (["resnet152"], "efficientnet_lite2"),
    ],
)
def test_embedded_means_what_the_survey_was_made_with(tmp_path, models, meant):
    old = survey(tmp_path / "old", {f"embed/{name}": {"embed": {"model": name}} for name in models})
    assert completed(old, embed={"model": "embedded"})["embed"]["model"] == meant


def test_of_several_embedders_the_present_one_counts(tmp_path):
    schema = {"properties": {"cluster": {"properties": {"methods": {"default": "new", "x-before": "old"}}}}}
    stages = {f"cluster/{name}": {"cluster": {"methods": name}} for name in "ab"}
    folder = survey(tmp_path / "two", stages)
    assert kept(folder, schema, "b") == {"cluster.methods": "b"}
    assert kept(folder, schema, "c") == {"cluster.methods": "a"}


def test_who_deletes_the_settings_does_not_get_those_of_an_early_version(tmp_path):
    new = survey(tmp_path / "new")
    Made.read(new, "").write({"crop": {"crop": {"fill": "grey"}}}, "0.2")
    (new / "settings.json").unlink()
    assert completed(new)["crop"]["fill"] == "grey"
    assert Made.read(new, "").stages == {"crop": {"crop": {"fill": "grey"}}}


def test_a_setting_that_was_not_recorded_counts_as_before():
    assert default_of("crop.fill") == "black"
    assert default_of("crop.size") == 256


def test_damaged_settings_are_named(tmp_path):
    old = survey(tmp_path / "old")
    (old / "settings.json").write_text("{")
    with pytest.raises(UserError, match=r"settings\.json"):
        completed(old)


@pytest.mark.parametrize("name", ["yasuni.yaml", "folders.yaml"])
def test_the_seeds_ways_have_no_default_that_changed(tmp_path, name):
    """What they do must not depend on when the survey was begun."""
    given = yaml.safe_load((CONFIG / name).read_text(encoding="utf-8"))
    new, old = (completed(results, **given) for results in (tmp_path / "new", survey(tmp_path / "old")))
    for config in (new, old):
        del config["results"]
        assert config["crop"]["shape"] != "pad"  # else its fill would count
        del config["crop"]["fill"]
        assert config["detector"]["backend"] != "motion"
        del config["detector"]["motion"]["calibrate"]
        assert not config["collect"]["repeat_detections"]
        del config["collect"]["repeat_look"], config["collect"]["repeat_days"]
    assert new == old
