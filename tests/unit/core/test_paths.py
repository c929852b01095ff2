"""File names as text: any name there and back."""

import os

import pytest

from camtrap.core.errors import ConfigError, PictureError
from camtrap.core.paths import Roots, to_native, to_text

NAMES = [
    b"IMG_0001.JPG",
    "Cámara ñandú – 鹿.jpg".encode(),
    b"tab\there.jpg",
    b"new\nline\r.jpg",
    b"back\\slash \\x41.jpg",
    b"quote'\".jpg",
    b"latin-1 \xe1\xff.jpg",
    b"cut \xe9\x9b.jpg",
    b"\x01\x7f.jpg",
    "nbsp\u00a0zero\u200bwidth\u2028.jpg".encode(),
    b" .jpg",
]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_every_name_is_one_line_of_text_and_comes_back(name):
    text = to_text(name)
    assert text.splitlines() == [text]
    assert "\t" not in text
    text.encode("utf-8")
    assert os.fsencode(to_native(text)) == name
    assert to_text(os.fsdecode(name)) == text


def test_spelling():
    assert to_text("Cámara 1.jpg") == "Cámara 1.jpg"
    assert to_text(b"a\tb\\c\xff") == r"a\x09b\x5cc\xff"


def test_no_two_names_are_spelled_alike():
    names = [bytes([first, second]) for first in range(1, 256) for second in (9, 47 + 1, 92, 120, 0xC3, 0xA1, 0xFF)]
    names += [b"\\x09", b"\t", b"\\\\x09", b"\\x5cx09"]
    assert len({to_text(name) for name in names}) == len(set(names))


def test_pictures_are_found_below_one_root():
    roots = Roots("/data")
    assert roots.locate("card/a.jpg") == "/data/card/a.jpg"
    assert os.fsencode(roots.locate(r"card\xff/a.jpg")) == b"/data/card\xff/a.jpg"


def test_pictures_are_found_below_named_roots():
    roots = Roots({"2023": "/old", "2024 é": "/new"})
    assert roots.locate("2023/a/b.jpg") == "/old/a/b.jpg"
    assert roots.locate("2024 é/b.jpg") == "/new/b.jpg"
    with pytest.raises(PictureError, match="2025"):
        roots.locate("2025/b.jpg")


@pytest.mark.parametrize("name", ["", "a/b"])
def test_a_batch_has_a_name_of_one_level(name):
    with pytest.raises(ConfigError, match="cannot be a batch's name"):
        Roots({name: "/data"})


def test_a_batch_may_be_named_by_a_number(tmp_path):
    """YAML reads ``2019: /pictures`` so."""
    assert Roots({2019: str(tmp_path)}).locate("2019/a.jpg") == str(tmp_path / "a.jpg")
