"""What `make check` says of a folder that is not a survey's, and of a survey that was only planned."""

import pytest
from plandata import Folder, put

from camtrap.check.__main__ import main


@pytest.mark.parametrize("arguments", [[], ["nothing here"], ["results", "results"]])
def test_one_folder_of_results_is_asked_for(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert "name the results folder of a survey" in capsys.readouterr().err


def test_what_was_planned_and_never_made_is_missing(tmp_path, capsys):
    folder = Folder(tmp_path)
    put(folder.pictures, "card/a.jpg")
    (shard,) = folder.update().shards
    assert main([str(folder.results)]) == 1
    said = capsys.readouterr().out
    assert f"{shard}.parquet: missing; run again" in said
    assert "all right" not in said
    (folder.results / "plan" / "manifests" / f"{shard}.tsv").write_text("another\n")
    assert main([str(folder.results)]) == 1
    assert "another SHA-256 than when it was planned" in capsys.readouterr().out
