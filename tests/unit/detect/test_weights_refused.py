"""Weights and settings that the detector cannot take are one clear line."""

from pathlib import Path

import pytest

from camtrap.core.errors import UserError
from camtrap.core.hashes import file_hash
from camtrap.detect.megadetector import MegaDetector


def test_a_file_that_holds_no_network_is_one_clear_line(tmp_path):
    path = tmp_path / "mine.pt"
    path.write_bytes(b"\xff\xd8\xff\xe0 a picture")
    with pytest.raises(UserError, match=r"mine\.pt: these are not weights") as error:
        MegaDetector(path, file_hash(path), "cpu", None, None, 0.1)
    assert "\n" not in str(error.value)


def test_half_precision_without_a_gpu_is_refused():
    with pytest.raises(UserError, match="mixed needs a GPU"):
        MegaDetector(Path("any.pt"), "", "cpu", None, None, 0.1, mixed=True)
