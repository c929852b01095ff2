"""Small pictures of a shard in one file."""

import io
import os

import pytest
from PIL import Image
from reviewdata import write

from camtrap.core.errors import DamageError
from camtrap.review.thumbs import SIDE, Thumbs


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return write(tmp_path_factory.mktemp("thumbs"), [7, 5], shard_size=8, pictures=False)


def test_each_row_has_the_picture_of_its_crop(results):
    thumbs, shard = Thumbs(results), "card-00000-00000000"
    assert thumbs.missing(shard)
    pictures = [Image.open(io.BytesIO(data)) for data in thumbs.read(shard, range(8))]
    assert {max(picture.size) for picture in pictures} == {SIDE}
    assert not thumbs.missing(shard)
    (third,) = thumbs.read(shard, [2])
    assert Image.open(io.BytesIO(third)).tobytes() == pictures[2].tobytes()
    assert thumbs.read(shard, [8, 100]) == [b"", b""]


def test_those_of_older_crops_are_made_again(results):
    shard = "card-00001-00000001"
    Thumbs(results).read(shard, [0])
    crops = results / "crops" / f"{shard}.parquet"
    status = os.stat(crops)
    os.utime(crops, ns=(status.st_atime_ns, status.st_mtime_ns + 10_000_000_000))
    assert Thumbs(results).missing(shard)


@pytest.mark.parametrize("damage", ["cut", "other", "offsets"])
def test_a_damaged_file_is_named(results, damage):
    shard = "card-00000-00000000"
    thumbs = Thumbs(results)
    thumbs.read(shard, [0])
    path = thumbs.path(shard)
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:-1], "other": b"x" * 500, "offsets": whole[:16] + b"\xff" * 8 + whole[24:]}[damage])
    try:
        with pytest.raises(DamageError, match=str(path)):
            Thumbs(results).read(shard, [0])
    finally:
        path.write_bytes(whole)
