"""The preview shows the pixels that the stages make, and a broken picture costs its row only."""

import numpy as np
import pandas as pd
import pytest
import trapdata
from PIL import Image

from camtrap.core.errors import UserError
from camtrap.show import paper
from camtrap.show import preview as module
from camtrap.show.preview import choose, denormalise, preview

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CROPS = pd.DataFrame(
    [
        ("c3", "card/B/IMG_1.JPG", "animal", 0.5, 0.1, 0.1, 0.2, 0.2),
        ("c1", "card/A/IMG_1.JPG", "animal", 0.9, 0.5, 0.5, 0.2, 0.2),
        ("c2", "card/A/IMG_2.JPG", "person", 0.8, 0.1, 0.1, 0.2, 0.2),
    ],
    columns=["crop_id", "path", "category", "conf", "x", "y", "w", "h"],
)


def normalise(crop):
    return ((crop / 255 - np.array(MEAN)) / np.array(STD)).transpose(2, 0, 1)


def colours(sheet, box):
    return set(map(tuple, np.asarray(sheet.crop(box)).reshape(-1, 3)))


def test_the_sheet_holds_picture_crop_and_input_in_their_places(tmp_path):
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[..., 0] = 200
    picture[40:60, 80:120] = (10, 120, 30)

    def cut(image, box):
        x, y, w, h = (round(value * side) for value, side in zip(box, (200, 100, 200, 100), strict=True))
        return image[y : y + h, x : x + w]

    row = {"path": "a.jpg", "box": (0.4, 0.4, 0.2, 0.2), "category": "animal", "conf": 0.91}
    assert preview([row], lambda path: picture, cut, normalise, tmp_path / "p.png", MEAN, STD) == []
    sheet = Image.open(tmp_path / "p.png")
    top = module._MARGIN + 2 * module._LINE
    left = [module._MARGIN + sum(w + module._GAP for _, w in module._COLUMNS[:i]) for i in range(4)]
    assert np.array_equal(np.asarray(sheet.crop((left[0], top, left[0] + 200, top + 100))), picture)
    assert module._BOX in colours(sheet, (left[1], top, left[1] + 200, top + 100))
    assert module._BOX not in colours(sheet, (left[0], top, left[0] + 200, top + 100))
    for i in (2, 3):  # normalising and undoing it gives the crop again
        assert colours(sheet, (left[i], top, left[i] + 40, top + 20)) == {(10, 120, 30)}
        assert colours(sheet, (left[i] + 40, top, left[i] + 60, top + 20)) == {paper.PAPER}


def test_denormalise_undoes_the_normalisation_of_every_value():
    crop = np.arange(256 * 3, dtype=np.uint8).reshape(16, 16, 3)
    assert np.array_equal(denormalise(normalise(crop).astype(np.float32), MEAN, STD), crop)
    with pytest.raises(ValueError, match=r"not \(16, 16, 3\)"):
        denormalise(crop, MEAN, STD)


def test_a_broken_picture_costs_its_row_only(tmp_path):
    def load(path):
        if path == "bad.jpg":
            raise ValueError("not a picture (HTML)\nsecond line")
        return np.full((50, 50, 3), 77, np.uint8)

    rows = [
        {"path": "bad.jpg", "box": (0, 0, 1, 1)},
        {"path": "empty.jpg", "box": None},
        {"path": "b", "box": (0, 0, 1, 1)},
    ]
    failures = preview(rows, load, lambda picture, box: picture, normalise, tmp_path / "p.jpg", MEAN, STD)
    assert failures == [("bad.jpg", "not a picture (HTML)")]
    with Image.open(tmp_path / "p.jpg") as sheet:
        assert sheet.height == 2 * module._MARGIN + 3 * (module._SIDE + 2 * module._LINE + module._GAP)
    with pytest.raises(ValueError, match=r"saved as \.jpg or \.png"):
        preview(rows, load, None, None, tmp_path / "p.gif")


def test_pictures_are_chosen_by_name():
    images = pd.DataFrame({"path": ["card/A/IMG_1.JPG", "card/A/IMG_7.JPG"]})
    assert [r["crop_id"] for r in choose(CROPS, names=["IMG_1.JPG"])] == ["c1", "c3"]
    assert [r["crop_id"] for r in choose(CROPS, names=["A/IMG_1.JPG", "card/A/IMG_2.JPG"])] == ["c1", "c2"]
    assert choose(CROPS, names=["IMG_7.JPG"], images=images) == [{"path": "card/A/IMG_7.JPG", "box": None}]
    for name in ("MG_1.JPG", "IMG_7.JPG", "B/IMG_2.JPG"):
        with pytest.raises(UserError, match=f"called '{name}'"):
            choose(CROPS, names=[name])


def test_a_sample_does_not_depend_on_the_order_of_the_table():
    many = pd.concat([CROPS.assign(crop_id=CROPS["crop_id"] + f"-{i}") for i in range(20)])
    sample = choose(many, 7, seed=4)
    assert sample == choose(many.sample(frac=1, random_state=1), 7, seed=4)
    assert len({row["crop_id"] for row in sample}) == 7
    assert len(choose(CROPS, 7)) == 3
    with pytest.raises(UserError, match="has no crops"):
        choose(CROPS.iloc[:0])


def test_camera_trap_pictures_through_the_real_stages(tmp_path):
    pictures = {shot.name: shot for shot in (trapdata.day(), trapdata.night())}
    from camtrap.crop.geometry import cut
    from camtrap.pictures.decode import decode

    rows = [{"path": name, "box": shot.box} for name, shot in pictures.items()]
    seen = []

    def transform(crop):
        seen.append(crop)
        return normalise(crop)

    failures = preview(
        rows,
        lambda path: decode(pictures[path].data),
        lambda picture, box: cut(picture, box, "pad", 256, 0.1),
        transform,
        tmp_path / "p.png",
        MEAN,
        STD,
    )
    assert failures == []
    with Image.open(tmp_path / "p.png") as sheet:
        left = sheet.width - module._MARGIN - module._SIDE
        for i, crop in enumerate(seen):
            top = module._MARGIN + 2 * module._LINE + i * (module._SIDE + 2 * module._LINE + module._GAP)
            assert np.array_equal(np.asarray(sheet.crop((left, top, left + 256, top + 256))), crop)
