"""What is refused before the first job."""

import json
import os
import zipfile

import pytest

from camtrap.config.checks import check_values, refuse_engines, refuse_files, refuse_values
from camtrap.config.complete import complete
from camtrap.config.files import check_files
from camtrap.config.values import numbers_of_clusters
from camtrap.core.errors import ConfigError
from camtrap.networks.weights import PINNED


def of(**sections):
    return complete({"images": "pictures", **sections})


def nothing(path):
    return "0" * 64


@pytest.mark.parametrize(
    ("k", "numbers"), [("2-5", [2, 3, 4, 5]), (7, [7]), ("7", [7]), ([5, 3, 5], [3, 5]), ("4-4", [4])]
)
def test_numbers_of_clusters(k, numbers):
    assert numbers_of_clusters(k) == numbers


@pytest.mark.parametrize(
    ("k", "why"),
    [
        ("2-300000", "299,999 numbers"),
        ("2-99999999999999", "numbers"),
        ("10-2", "ends before it begins"),
        ("0-3", "begins at 0"),
        ([], "the list is empty"),
    ],
)
def test_numbers_that_are_none_are_refused(k, why):
    with pytest.raises(ConfigError, match=rf"cluster\.k: .*{why}"):
        numbers_of_clusters(k)
    assert why in "".join(check_values(of(cluster={"k": k})))


@pytest.mark.parametrize(
    ("sections", "why"),
    [
        ({"cluster": {"sweeps": [], "methods": []}}, "both empty"),
        ({"cluster": {"choose": {"primary": "hdbscan"}}}, "'hdbscan' is not fitted"),
        ({"crop": {"categories": ["animal", "animals"]}}, "'animals' is not a category"),
        ({"crop": {"categories": ["bird"]}}, "'bird' is not a category"),
        ({"results": ""}, "cannot be the folder of the results"),
        ({"results": "/"}, "cannot be the folder of the results"),
        ({"results": "pictures/"}, "is the folder of the pictures"),
        ({"results": "a{b}"}, "results: 'a{b}' has '{' in it"),
        ({"results": "a\nb"}, "choose another name"),
        ({"results": "/dev/null"}, "/dev/null is a file"),
        ({"cache": "/dev/null"}, "/dev/null is a file"),
        ({"results": "$HOME/results"}, "only a shell knows what ~name and $NAME stand for"),
        ({"cache": "~ana/cache"}, "cache: '~ana/cache' is not the path of a folder"),
        ({"review": {"folder": "https://example.org/review"}}, "is not the path of a folder"),
        ({"results": "results "}, "results: 'results ' begins or ends with a blank; write it without"),
        ({"images": f"{os.path.dirname(__file__)} "}, "begins or ends with a blank, and the folder does not"),
        ({"review": {"folder": "a{b}"}}, "review.folder: 'a{b}' has '{' in it"),
        ({"review": {"folder": "results/review"}}, "lies inside the results"),
        ({"images": " "}, "images: it names no folder"),
        ({"images": {"a": "x", "b": "x/."}}, "images.b: x/. is the folder of images.a, too"),
        ({"crop": {"categories": []}}, "crop.categories: the list is empty"),
        ({"detector": {"backend": "json", "json": "x", "rename": {"deer": "animals"}}}, "did you mean animal?"),
        ({"detector": {"classes": {"animals": [1]}}}, "the categories are animal, person, vehicle, not animals"),
        ({"detector": {"classes": {"person": [1], "animal": []}}}, "no class of what is cropped"),
        ({"detector": {"classes": {"person": [1], "animal": [1, 2]}}}, "1 stands more than once"),
        ({"metadata": {"path_pattern": "(?P<station>["}}, "not a regular expression"),
        ({"metadata": {"path_pattern": "(?P<statoin>.*)"}}, "statoin"),
        ({"metadata": {"station_pattern": "no group"}}, "named group"),
    ],
)
def test_values_that_fail_hours_later_are_refused(sections, why):
    found = check_values(of(**sections))
    assert len(found) == 1
    assert why in found[0]
    assert "\n" not in found[0]


def test_the_defaults_are_right():
    assert check_values(of()) == []
    assert check_values(of(results="dol$lar/~x")) == []
    own = of(crop={"categories": ["bird"]}, detector={"backend": "json", "json": "x.json"})
    assert check_values(own) == []
    assert check_values(of(detector={"classes": {"animal": [14, 15], "person": [0]}})) == []
    assert check_values(of(cluster={"methods": ["hdbscan"], "choose": {"primary": "hdbscan"}})) == []


@pytest.fixture
def yolo(tmp_path):
    """A checkpoint as torch saves it, without torch: a ZIP archive whose pickle names a class of YOLOv5."""
    path = tmp_path / "md.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("md/data.pkl", b"\x80\x02cmodels.yolo\nModel\n.")
    return path


def test_weights_that_are_none_are_refused(tmp_path, yolo):
    picture = tmp_path / "weights.pt"
    picture.write_bytes(b"\xff\xd8\xff\xe0" + b"x" * 100)
    numbers = tmp_path / "numbers.pt"
    with zipfile.ZipFile(numbers, "w") as archive:
        archive.writestr("n/data.pkl", b"\x80\x02ccollections\nOrderedDict\n.")
    cut = tmp_path / "cut.pt"
    cut.write_bytes(yolo.read_bytes()[:40])
    for path, why in [
        (picture, "but a JPEG picture"),
        (numbers, "not of a YOLO detector"),
        (cut, "damaged or was not copied to its end"),
        (tmp_path, "a folder, not a weights file"),
        (tmp_path / "md_v5a.pt", "there is no such weights file"),
    ]:
        found = check_files(of(detector={"weights": str(path)}), nothing)
        assert len(found) == 1, path
        assert why in found[0]
        assert "detector.weights" in found[0]
    assert check_files(of(detector={"weights": str(yolo), "trust_weights": True}), nothing) == []
    assert check_files(of(embed={"weights": str(numbers)}), nothing) == []


def test_weights_that_nobody_vouches_for_are_refused_with_what_to_type(yolo):
    sha256 = "5" * 64
    told = check_files(of(detector={"weights": str(yolo)}), lambda path: sha256)
    assert len(told) == 1
    assert f"set detector.weights_sha256: {sha256} (or detector.trust_weights: true" in told[0]
    for options in ({"weights_sha256": sha256}, {"trust_weights": True}):
        assert check_files(of(detector={"weights": str(yolo)} | options), lambda path: sha256) == []
    known = PINNED["md_v5a.0.1.pt"]
    assert check_files(of(detector={"weights": str(yolo)}), lambda path: known) == []
    # every shard was detected by them: they are not loaded
    assert check_files(of(detector={"weights": str(yolo)}), lambda path: sha256, detected=sha256) == []
    assert check_files(of(detector={"weights": str(yolo)}), lambda path: sha256, detected="6" * 64) == told


def test_a_survey_whose_pictures_are_all_detected_asks_nothing_of_weights(yolo, tmp_path):
    results = tmp_path / "results"
    for name, content in (("models/detector.json", {"sha256": "5" * 64}), ("detections/one.json", {})):
        (results / name).parent.mkdir(parents=True)
        (results / name).write_text(json.dumps(content))
    config = of(detector={"weights": str(yolo)})
    refuse_files(config, lambda path: "5" * 64, results, ["one"])
    with pytest.raises(ConfigError, match=r"set detector\.weights_sha256: 5555"):
        refuse_files(config, lambda path: "5" * 64, results, ["one", "two"])
    with pytest.raises(ConfigError, match=r"set detector\.weights_sha256: 6666"):
        refuse_files(config, lambda path: "6" * 64, results, ["one"])


def test_weights_of_another_hash_are_refused(yolo):
    options = {"weights": str(yolo), "weights_sha256": "1" * 64}
    assert "its SHA-256 is" in check_files(of(detector=options), nothing)[0]
    assert check_files(of(detector=options), lambda path: "1" * 64) == []


def test_weights_that_nothing_reads_are_not_looked_up(tmp_path):
    assert check_files(of(detector={"backend": "motion", "weights": str(tmp_path / "gone")}), nothing) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [(None, "no such file of detections"), ("{", "not a JSON file"), ('{"a": 1}', "no known detection file")],
)
def test_detections_that_cannot_be_read_are_refused(tmp_path, text, why):
    path = tmp_path / "found.json"
    if text is not None:
        path.write_text(text)
    found = check_files(of(detector={"backend": "json", "json": str(path)}), nothing)
    assert len(found) == 1
    assert why in found[0]
    assert str(path) in found[0]


def test_detections_are_read_once(tmp_path):
    path = tmp_path / "found.json"
    path.write_text(json.dumps({"images": [{"file": "a.jpg", "detections": []}], "detection_categories": {}}))
    known = set()
    config = of(detector={"backend": "json", "json": str(path)})
    assert check_files(config, nothing, known) == []
    path.write_text("{")  # the same hash is said of it: it is not read again
    assert check_files(config, nothing, known) == []
    assert "not a JSON file" in check_files(config, nothing)[0]
    assert "set detector.json" in check_files(of(detector={"backend": "json"}), nothing)[0]


def test_tables_are_read(tmp_path):
    path = tmp_path / "stations.csv"
    path.write_text("station,latitude,longitude\nA,91,0\n")
    assert "line 2" in check_files(of(metadata={"stations": str(path)}), nothing)[0]
    assert str(path) in check_files(of(evaluate={"truth": str(path)}), nothing)[0]
    gone = str(tmp_path / "gone.csv")
    assert gone in check_files(of(metadata={"stations": gone}), nothing)[0]
    assert gone in check_files(of(evaluate={"truth": gone}), nothing)[0]


def test_what_is_refused_says_where_it_stands(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text("seed: 1\ncluster:\n  k: 10-2\n")
    with pytest.raises(ConfigError, match=r"cluster\.k: 10-2 ends before it begins .*\(.*my\.yaml, line 3\)"):
        refuse_values(of(cluster={"k": "10-2"}), [file])
    refuse_values(of(), [file])


def test_large_files_are_read_once_per_survey(tmp_path):
    path = tmp_path / "found.json"
    path.write_text(json.dumps({"images": [], "detection_categories": {}}))
    config = of(detector={"backend": "json", "json": str(path)})
    refuse_files(config, nothing, tmp_path / "results", [])
    path.write_text("{")
    refuse_files(config, nothing, tmp_path / "results", [])  # of the same hash
    with pytest.raises(ConfigError, match="not a JSON file"):
        refuse_files(config, lambda path: "1" * 64, tmp_path / "results", [])


@pytest.mark.parametrize(
    ("sections", "why"),
    [
        ({"embed": {"model": "resnet51"}}, r"embed\.model: there is no model 'resnet51'; did you mean .*resnet50 or"),
        (
            {"detector": {"model": "MDV9"}, "embed": {"model": "resnet50"}},
            r"detector\.model: there is no 'MDV9'; known are mdv",
        ),
    ],
)
def test_a_model_that_nobody_knows_is_refused(tmp_path, sections, why):
    with pytest.raises(ConfigError, match=why):
        refuse_files(of(**sections), nothing, tmp_path, [])
    # what was found before is known
    (tmp_path / "models").mkdir()
    for file, model in (("detector", "MDV9"), ("resnet51", "resnet51")):
        (tmp_path / "models" / f"{file}.json").write_text(json.dumps({"sha256": None, "model": model}))
    refuse_files(of(**sections), nothing, tmp_path, [])


@pytest.mark.parametrize(
    ("sections", "gpus", "why"),
    [
        ({"detector": {"precision": "mixed"}}, [], "detector.precision: mixed needs a GPU"),
        ({"detector": {"runtime": "ncnn"}}, ["detect"], "detector.runtime: ncnn is for the CPU"),
        ({"embed": {"precision": "int8"}}, ["embed"], "embed.precision: int8 is for ONNX Runtime on a CPU"),
        (
            {"embed": {"precision": "int8", "runtime": "torch"}},
            [],
            "embed.precision: int8 is for ONNX Runtime on a CPU",
        ),
        ({"embed": {"precision": "mixed", "runtime": "ncnn"}}, [], "embed.precision: mixed is computed by torch"),
        ({"embed": {"compile": True}}, [], "embed.compile: true is for torch"),
        ({"embed": {"decode": "gpu"}}, ["detect"], "embed.decode: gpu needs a GPU"),
        ({"embed": {"precision": "int8"}}, [], None),
        ({"embed": {"precision": "mixed", "decode": "gpu", "compile": True}}, ["embed"], None),
        ({"detector": {"precision": "mixed"}}, ["detect"], None),
        ({"detector": {"precision": "mixed", "backend": "motion"}}, [], None),
    ],
)
def test_what_no_engine_can_do_is_refused_where_there_is_work_left(sections, gpus, why):
    config = of(**sections)
    refuse_engines(config, {"detect": False, "embed": False}, gpus)
    if why:
        with pytest.raises(ConfigError, match=f"^{why}"):
            refuse_engines(config, {"detect": True, "embed": True}, gpus)
    else:
        refuse_engines(config, {"detect": True, "embed": True}, gpus)
