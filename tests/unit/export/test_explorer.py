"""The read-only copy: what it holds of pictures with people. (How it looks: tests/browser/test_copy.py.)"""

import io
import json

import numpy as np
import pytest
from PIL import Image
from reviewdata import write

from camtrap.core.files import read_parquet
from camtrap.export.explorer import export
from camtrap.export.privacy import BLUR, KEEP, LEAVE_OUT, People, Privacy
from camtrap.review.thumbs import make


@pytest.fixture
def copied(tmp_path):
    """Four animals of one group; in the picture of the first one the detector saw a person, too."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (96, 96, 3), dtype=np.uint8)).save(buffer, "JPEG")
    results = write(tmp_path, [4], pictures=False, jpegs=[buffer.getvalue()])
    (shard,) = (results / "crops").glob("*.parquet")
    thumbs = results / "thumbs" / f"{shard.stem}.bin"
    make(shard, thumbs)
    crops, model, out = results / "tables/crops.parquet", results / "clusters/net", tmp_path / "explorer"
    people = People({read_parquet(crops)["path"][0].as_py(): []})

    def run(of_people):
        private = Privacy(people, of_people)
        export(crops, model / "clusters.parquet", model / "project.parquet", {}, [thumbs], out, "x", private=private)
        text = (out / "data.js").read_text()
        sheet = np.asarray(Image.open(out / "sheets/0000-00.jpg").convert("L")).astype(float)
        shown = [sheet[8:88, 96 * at + 8 : 96 * at + 88] for at in range(4)]
        return json.loads(text.partition("= ")[2].rstrip(";\n")), [float(np.abs(np.diff(one)).mean()) for one in shown]

    return run


def test_crops_of_a_picture_with_a_person_are_left_out_coarse_or_kept(copied):
    data, _ = copied(LEAVE_OUT)
    assert (data["crops"], [group["shown"] for group in data["groups"]]) == (3, [3])
    data, fine = copied(BLUR)
    assert data["crops"] == 4
    assert sorted(one > 10 for one in fine) == [False, True, True, True]
    data, fine = copied(KEEP)
    assert data["crops"] == 4
    assert min(fine) > 10
