"""The configuration: defaults filled in, mistakes answered with what to write instead."""

import re
from pathlib import Path

import pytest
import yaml

from camtrap.config.complete import beyond_defaults, complete, load_schema
from camtrap.core.errors import ConfigError
from camtrap.detect.motion import detect_motion

CONFIG = Path(__file__).resolve().parents[3] / "config"
FILES = sorted(file for file in CONFIG.glob("*.yaml") if file.name != "schema.yaml")


def read(file):
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def leaves(schema, prefix=""):
    """(path, schema) of every key that has no keys of its own in the schema."""
    for key, inner in schema["properties"].items():
        if "properties" in inner:
            yield from leaves(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", inner


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_files_are_valid(file):
    complete(read(file))


def test_the_default_configuration_states_the_schemas_defaults():
    default = read(CONFIG / "config.yaml")

    def compare(stated, schema, prefix):
        for key, value in stated.items():
            inner = schema["properties"][key]
            if "properties" in inner:
                compare(value, inner, f"{prefix}{key}.")
            else:
                assert value == inner["default"], f"{prefix}{key}"

    compare(default, load_schema(), "")
    # all sections stand there, and every key, except the details of clustering, the switches of new exports, and what is
    # another default for surveys from before: a file that states it would speak for them
    filled = complete({})
    changed = {path for path, inner in leaves(load_schema()) if "x-before" in inner}
    assert list(default) == list(filled)
    for section in filled:
        if isinstance(filled[section], dict) and section not in ("cluster", "export"):
            assert list(default[section]) == [key for key in filled[section] if f"{section}.{key}" not in changed]
    assert not {path for path in changed if _stated(default, path)}


def _stated(config, path):
    for key in path.split("."):
        if not isinstance(config, dict) or key not in config:
            return False
        config = config[key]
    return True


def test_every_key_has_a_default_and_a_description():
    for path, inner in leaves(load_schema()):
        assert "default" in inner, path
        assert inner["description"].strip(), path


def test_the_schema_states_the_motion_detectors_defaults():
    stated = load_schema()["properties"]["detector"]["properties"]["motion"]["properties"]
    # what a survey that says nothing was made with: of older surveys where that changed
    before = {key: inner.get("x-before", inner["default"]) for key, inner in stated.items()}
    assert before == detect_motion.__kwdefaults__


# A size above which something is done otherwise, or below which it does not count: no number is too large for these.
NO_END = re.compile(
    r"sample|exact_up_to$|min_units|min_samples|probes|tolerance|regularisation|spherical\.k$|cluster\.k$"
)


def test_numbers_have_an_end_where_the_code_has_one():
    """What is made so often, so long or so large ended in a job that never ends, or in an error of it."""

    kinds = {path: inner.get("type", "") for path, inner in leaves(load_schema())}
    found = [path for path, kind in kinds.items() if re.search("integer|number", str(kind)) and not NO_END.search(path)]
    assert len(found) > 60
    for key in found:
        *above, last = key.split(".")
        section = config = {}
        for name in above:
            section = section.setdefault(name, {})
        section[last] = 10**12
        with pytest.raises(ConfigError, match=rf"{key}: 10+ is (greater than the maximum|not)"):
            complete(config)


def test_every_level_refuses_unknown_keys():
    def check(schema, prefix=""):
        if "properties" in schema:
            assert schema["additionalProperties"] is False, prefix
            for key, inner in schema["properties"].items():
                check(inner, f"{prefix}{key}.")

    check(load_schema())


def test_defaults_are_filled_at_every_level():
    filled = complete({"cluster": {"gmm": {"restarts": 3}}, "crop": None})
    assert filled["cluster"]["gmm"] == complete({})["cluster"]["gmm"] | {"restarts": 3}
    assert filled["cluster"]["kmeans"] == complete({})["cluster"]["kmeans"]
    assert filled["cluster"]["kmeans"]["restarts"] == 5
    assert filled["crop"] == complete({})["crop"]
    assert filled["plan"]["mode"] == "auto"


def test_crops_that_no_gpu_decodes_are_refused():
    with pytest.raises(ConfigError, match=r"embed\.decode: gpu needs crop\.format: jpeg"):
        complete({"embed": {"decode": "gpu"}, "crop": {"format": "png"}})
    assert complete({"embed": {"decode": "gpu"}})["embed"]["decode"] == "gpu"


def test_completing_twice_is_completing_once():
    once = complete(read(CONFIG / "demo.yaml"))
    assert complete(yaml.safe_load(yaml.safe_dump(once))) == once


def test_what_is_alike_comes_out_alike():
    """Snakemake compares it, as text, with what an earlier run was told."""
    said = [
        {},
        {
            "detector": {"missing": "failure", "motion": {"burst_seconds": 60.0, "references": 5.0}},
            "crop": {"padding": 0},
        },
        {"crop": {"quality": 95}, "detector": {"motion": {"threshold": "36e-2"}}, "seed": 42},
    ]
    assert len({repr(complete(config)) for config in said}) == 1
    filled = complete({"detector": {"image_size": 640.0, "motion": {"sway": 3.0}}})["detector"]
    assert repr((filled["image_size"], filled["motion"]["sway"])) == "(640, 3)"


def test_beyond_the_defaults():
    config = complete({"detector": {"motion": {"sway": 3, "references": 5}}})
    assert beyond_defaults(config, "detector", "motion") == {"sway": 3, "calibrate": True}
    assert beyond_defaults(complete({"detector": {"motion": {"calibrate": False}}}), "detector", "motion") == {}


def test_two_configurations_share_nothing():
    first = complete({})
    first["crop"]["categories"].append("person")
    assert complete({})["crop"]["categories"] == ["animal"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"image": "/x"}, r"unknown key image: did you mean images\?"),
        ({"crop": {"treshold": 0.5}}, r"unknown key crop\.treshold: did you mean crop\.threshold\?"),
        (
            {"cluster": {"kmeans": {"restart": 1}}},
            r"cluster\.kmeans\.restart: did you mean cluster\.kmeans\.restarts\?",
        ),
        ({"threshold": 0.5}, r"unknown key threshold: did you mean crop\.threshold\?"),
        ({"treshold": 0.5}, r"unknown key treshold: did you mean crop\.threshold\?"),
        ({"crop": {"size": 1_000_000}}, r"crop\.size: 1000000 is greater than the maximum"),
        ({"detector": {"image_size": 1000}}, r"detector\.image_size: 1000 is not a multiple of 32"),
        ({"cluster": {"leiden": {"resolutions": []}}}, r"cluster\.leiden\.resolutions: \[\]"),
        ({"cluster": {"kmeans": {"restarts": 0}}}, r"cluster\.kmeans\.restarts: 0 is less than"),
        ({"embed": {"shard_size": 5}}, r"unknown key embed\.shard_size: did you mean plan\.shard_size\?"),
        ({"weights": "a.pt"}, r"unknown key weights: did you mean detector\.weights or embed\.weights\?"),
        ({"zzz": 1}, "unknown key zzz: here stand images, results"),
        (
            {"crop": {"threshold:0.3": None}},
            r"unknown key crop\.threshold:0\.3: write 'threshold: 0\.3', with a colon and a",
        ),
        ({"crop": {"threshold=0.3": None}}, r"write 'threshold: 0\.3', with a colon and a blank"),
        ({"cluster": {"hdbscan": {"min_samples": 0}}}, r"cluster\.hdbscan\.min_samples: 0 is less than"),
        ({"cluster": {"project": {"umap_neighbours": 1}}}, r"cluster\.project\.umap_neighbours: 1 is less than"),
        ({"cluster": {"project": {"perplexity": 0.3}}}, r"cluster\.project\.perplexity: 0\.3 is less than"),
        ({"export": {"names": "a\0b"}}, r"export\.names: 'a\\x00b' has a character that no text"),
        ({"crop": {"threshold": 1.5}}, r"crop\.threshold: 1\.5 is greater than the maximum of 1"),
        ({"crop": {"threshold": "high"}}, r"crop\.threshold: 'high' is not of type 'number'"),
        ({"detector": {"motion": {"widht": 5}}}, r"motion\.widht: did you mean detector\.motion\.width\?"),
        ({"crop": 5}, "crop: 5 is not of type 'object'"),
        ({"detector": {"backend": "yolo"}}, r"detector\.backend: 'yolo' is not one of \['megadetector'"),
        ({"cluster": {"k": "two"}}, r"cluster\.k: 'two' is not right: Numbers of clusters"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_write(config, message):
    with pytest.raises(ConfigError, match=message) as error:
        complete(config)
    assert "\n" not in str(error.value)


def test_what_was_pasted_by_mistake_is_not_repeated_in_full():
    with pytest.raises(ConfigError) as error:
        complete({"seed": "long " * 10_000})
    assert str(error.value).startswith("seed: 'long long")
    assert len(str(error.value)) < 600


def test_all_mistakes_are_told_at_once():
    with pytest.raises(ConfigError) as error:
        complete({"crop": {"threshold": 2}, "plan": {"shard_size": 0}})
    assert "crop.threshold" in str(error.value)
    assert "plan.shard_size" in str(error.value)


@pytest.mark.parametrize("k", [5, [2, 3, 8], "2-30", "7"])
def test_numbers_of_clusters(k):
    assert complete({"cluster": {"k": k}})["cluster"]["k"] == k


def test_numbers_from_the_command_line_come_as_text():
    """Snakemake's --config gives the numbers within braces as text."""
    said = {
        "crop": {"threshold": "0.3", "size": "224", "categories": ["animal"]},
        "export": {"yasuni": "true", "names": "null"},
        "cluster": {"k": ["2", "3"], "leiden": {"resolutions": ["1.5"]}},
        "metadata": {"stations": "7"},
        "detector": {"classes": {"animal": ["14", "15"]}, "motion": {"sway": "3"}},
    }
    filled = complete(said)
    assert (filled["crop"]["threshold"], filled["crop"]["size"]) == (0.3, 224)
    assert filled["export"]["yasuni"] is True
    assert filled["export"]["names"] is None
    assert filled["cluster"]["k"] == [2, 3]
    assert filled["metadata"]["stations"] == "7"
    assert filled["detector"]["classes"] == {"animal": [14, 15]}
    assert filled["detector"]["motion"]["sway"] == 3
    with pytest.raises(ConfigError, match="'high' is not of type 'number'"):
        complete({"crop": {"threshold": "high"}})


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf"])
def test_numbers_that_are_none_are_refused(number):
    """No comparison is true of .nan: the schema's limits let it pass."""
    for text in (f"crop: {{padding: {number}}}", f"cluster: {{leiden: {{resolutions: [1.0, {number}]}}}}"):
        with pytest.raises(ConfigError, match=r"^(crop\.padding|cluster\.leiden\.resolutions)"):
            complete(yaml.safe_load(text))


def test_what_a_pattern_asks_for_is_said_in_words():
    with pytest.raises(ConfigError, match=r"cluster\.k: 'ten' is not right: Numbers of clusters .* range like `2-30`"):
        complete({"cluster": {"k": "ten"}})
