"""Paths are what was written."""

import os

import pytest
import yaml

from camtrap.config.complete import complete
from camtrap.config.spelled import home, spell
from camtrap.core.errors import ConfigError


@pytest.mark.parametrize("written", ["2024", "2024_05_01", "2024-05-01", "007", "1e3", "yes", "0x10"])
@pytest.mark.parametrize("place", ["file", "command line"])
def test_a_folder_that_looks_like_a_number_keeps_its_name(tmp_path, written, place):
    files, arguments = [], []
    config = yaml.safe_load(f"results: {written}")
    if place == "file":
        files = [tmp_path / "other.yaml", tmp_path / "my.yaml"]
        files[0].write_text("results: 99")
        files[1].write_text(
            f"results: {written} # of the year\nexport: {{names: {written}}}\nimages: {{{written}: {written}}}"
        )
        config = yaml.safe_load(files[1].read_text())
    else:
        arguments = ["seed=1", f"results={written}"]
    spell(config, files, arguments)
    assert complete(config)["results"] == written
    if place == "file":
        assert config["export"]["names"] == written
        assert config["images"] == {written: written}


@pytest.mark.parametrize(
    ("section", "key", "written"),
    [
        ("export", "timezone", "+10:00"),
        ("report", "title", "2024-05-01"),
        ("report", "title", "1_000"),
        ("plan", "mode", "off"),
        ("embed", "model", "0152"),
    ],
)
def test_text_is_what_was_written(tmp_path, section, key, written):
    file = tmp_path / "my.yaml"
    file.write_text(f"{section}: {{{key}: {written}}}")
    config = yaml.safe_load(file.read_text())
    assert config[section][key] != written
    spell(config, [file], [])
    assert complete(config)[section][key] == written


def test_numbers_stay_numbers(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text(
        "seed: 7\ncluster: {k: 12}\ncrop: {padding: 1e-1, threshold: 0.30}\nexport: {keywords: off, names: ~}"
    )
    config = yaml.safe_load(file.read_text())
    spell(config, [file], [])
    complete(config)
    assert (config["seed"], config["cluster"]["k"], config["crop"]["padding"]) == (7, 12, 0.1)
    assert (config["crop"]["threshold"], config["export"]["keywords"], config["export"]["names"]) == (0.3, False, None)


def test_the_command_line_takes_precedence(tmp_path):
    (tmp_path / "my.yaml").write_text("results: 2024")
    config = {"results": 2025}
    spell(config, [tmp_path / "my.yaml"], ["results=2025"])
    assert config["results"] == "2025"


def test_a_tilde_is_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    config = complete(
        {
            "images": {"a": "~/a", "b": "/b/~"},
            "results": "~",
            "detector": {"json": ["~/a.json", "b~.json"], "weights": None},
            "export": {"names": "~/names.csv"},
            "evaluate": {"truth": "~other/truth.csv"},
            "review": {"folder": "~/review"},
        }
    )
    home(config)
    assert config["images"] == {"a": "/home/someone/a", "b": "/b/~"}
    assert config["results"] == "/home/someone"
    assert config["detector"]["json"] == ["/home/someone/a.json", "b~.json"]
    assert config["export"]["names"] == os.path.join("/home/someone", "names.csv")
    assert config["evaluate"]["truth"] == "~other/truth.csv"
    assert config["review"]["folder"] == "/home/someone/review"


def test_a_key_without_a_value_is_said():
    with pytest.raises(ConfigError, match="results: it has no value"):
        complete({"results": None})
