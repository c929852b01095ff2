"""What made the results, and what other settings would make again."""

import json
import os

import pytest

from camtrap.core.errors import PlanError
from camtrap.plan.settings import Change, Made, changes, duration, refuse

OLD = {"detect": {"version": 1, "detector": {"model": "MDV5A", "classes": None}, "weights": "MDV5A"}}
NEW = {"detect": {"version": 1, "detector": {"model": "MDV1000-spruce", "classes": None}, "weights": "MDV1000-spruce"}}


def test_what_differs_is_said():
    assert changes(OLD, OLD, {}.get) == {}
    assert changes(OLD, NEW, {}.get)["detect"][0] == "detector.model was MDV5A and is MDV1000-spruce"
    assert changes({}, NEW, {}.get) == {}


def test_a_setting_that_did_not_exist_counts_where_it_is_not_the_default():
    new = {"crop": {"version": 2, "crop": {"strip": "mask", "size": 256}}}
    old = {"crop": {"version": 2, "crop": {"size": 256}}}
    assert changes(old, new, {"crop.strip": "mask"}.get) == {}
    assert changes(old, new, {"crop.strip": "keep"}.get) == {"crop": ["crop.strip was keep and is mask"]}


def test_what_is_written_down_only_where_it_is_no_default():
    default = {"detector.motion.width": 320}.get
    wide = {"detect": {"version": 1, "detector": {"motion": {"width": 640}}}}
    plain = {"detect": {"version": 1, "detector": {"motion": {}}}}
    assert changes(wide, plain, default) == {"detect": ["detector.motion.width was 640 and is 320"]}
    assert changes(plain, wide, default) == {"detect": ["detector.motion.width was 320 and is 640"]}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(10, "less than a minute"), (65, "about 1 minute"), (5400, "about 2 hours"), (3 * 86400, "about 3 days")],
)
def test_durations_are_words(seconds, words):
    assert duration(seconds) == words


@pytest.fixture
def survey(tmp_path):
    """Results of two shards with detections, each of which took an hour."""
    for name in ("a-00000-12345678", "b-00000-12345678"):
        for path, text in [
            (f"detections/{name}.json", "{}"),
            (f"benchmarks/detect/{name}.tsv", "s\th:m:s\n3600.0\t1:00:00\n"),
        ]:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
    return tmp_path


def test_a_change_says_what_it_costs(survey):
    made = Made.read(survey, "model")
    made.write(OLD, "0.1")
    (change,) = Made.read(survey, "model").compare(NEW, {}.get)
    assert change.line.startswith(
        "detection of 2 shards, about 2 hours, because detector.model was MDV5A and is MDV1000-spruce"
    )
    with pytest.raises(PlanError, match=r"(?s)detection of 2 shards.*Nothing was removed.*plan=\{redo: detect\}"):
        refuse([change], [])
    refuse([change], ["detect"])
    refuse([change], ["all"])
    with pytest.raises(PlanError):
        refuse([change], ["crop"])


def test_what_takes_minutes_needs_no_yes():
    refuse([Change("cluster", ("cluster.k was 2-30 and is 2-40",))], [])


def test_a_stage_without_results_loses_nothing(tmp_path):
    made = Made.read(tmp_path, "model")
    made.write(OLD, "0.1")
    assert Made.read(tmp_path, "model").compare(NEW, {}.get) == []


def test_weights_are_known_by_name_and_by_hash(survey):
    (survey / "models").mkdir()
    (survey / "models" / "detector.json").write_text(json.dumps({"backend": "megadetector", "sha256": "5" * 64}))
    Made.read(survey, "model").write(OLD, "0.1")
    same = {"detect": OLD["detect"] | {"weights": "5" * 64}}
    other = {"detect": OLD["detect"] | {"weights": "6" * 64}}
    assert Made.read(survey, "model").compare(same, {}.get) == []
    (change,) = Made.read(survey, "model").compare(other, {}.get)
    assert change.reasons == ("weights was MDV5A, 555555555555… and is 666666666666…",)


def test_of_an_older_survey_the_detector_is_known(survey):
    (survey / "models").mkdir()
    (survey / "models" / "detector.json").write_text(
        json.dumps({"backend": "motion", "model": "motion", "sha256": None})
    )
    now = {"detect": {"version": 1, "detector": {"backend": "megadetector", "model": "MDV5A"}, "weights": "MDV5A"}}
    (change,) = Made.read(survey, "model").compare(now, {"detector.model": "MDV5A"}.get)
    assert change.reasons == ("detector.backend was motion and is megadetector",)


def test_an_older_survey_by_downloaded_weights_is_not_asked(survey):
    (survey / "models").mkdir()
    found = {"backend": "megadetector", "model": "MDV5A", "sha256": "5" * 64}
    (survey / "models" / "detector.json").write_text(json.dumps(found))
    for weights in ("MDV5A", "5" * 64):
        now = {"detect": {"version": 1, "detector": {"backend": "megadetector"}, "weights": weights}}
        assert Made.read(survey, "model").compare(now, {}.get) == []
    now["detect"]["weights"] = "MDV1000-spruce"
    assert len(Made.read(survey, "model").compare(now, {}.get)) == 1


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (None, "a" * 64, "stations is new"),
        ("a" * 64, "b" * 64, "stations has other contents"),
        ("a" * 64, None, "stations was left out"),
    ],
)
def test_a_table_of_the_user_is_not_told_by_its_hash(survey, was, now, said):
    Made.read(survey, "model").write({"collect": {"version": 1, "stations": was}}, "0.1")
    (change,) = Made.read(survey, "model").compare({"collect": {"version": 1, "stations": now}}, {}.get)
    assert change.reasons == (said,)


def test_another_model_beside_keeps_the_first(survey):
    Made.read(survey, "one").write({"embed/one": {"version": 1}}, "0.1")
    Made.read(survey, "two").write({"embed/two": {"version": 1}}, "0.1")
    assert set(Made.read(survey, "one").stages) == {"embed/one", "embed/two"}


def test_touched_inputs_get_their_times_back(survey):
    path = survey / "detections" / "a-00000-12345678.json"
    os.utime(path, ns=(10**18, 10**18))
    made = Made.read(survey, "model")
    made.touch(["crop"], {"crop": [path]})
    assert path.stat().st_mtime_ns > 10**18
    made.restore()
    assert path.stat().st_mtime_ns == 10**18
