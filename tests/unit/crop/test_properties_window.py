"""What holds for the window of every box in every picture."""

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from camtrap.crop.geometry import crop_id, cut, scale, window
from camtrap.crop.run import kept

FIXED = settings(derandomize=True, deadline=None, database=None)
# boxes as detectors write them, and beyond: a border's rounding, a sliver, the whole picture
share = st.floats(0, 1, allow_nan=False)
boxes = st.tuples(share, share, st.floats(1e-4, 1), st.floats(1e-4, 1))
side = st.integers(1, 5000)
paddings = st.floats(0, 2)
shapes = st.sampled_from(["pad", "clamp", "stretch"])


@given(boxes, side, side, shapes, paddings)
@settings(FIXED, max_examples=300)
def test_a_window_has_an_area_and_touches_the_picture(box, width, height, shape, padding):
    left, top, right, bottom = window(box, width, height, shape, padding)
    assert right > left
    assert bottom > top
    if shape != "pad":
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height


@given(boxes, side, side, paddings)
@settings(FIXED, max_examples=300)
def test_a_padded_window_is_a_square_that_holds_the_box(box, width, height, padding):
    left, top, right, bottom = window(box, width, height, "pad", padding)
    assert right - left == bottom - top
    x, y, w, h = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    assume(max(w, h) >= 1)
    # edges are rounded, so that a pixel may be missing on one side
    assert left <= math.ceil(x) + 1
    assert top <= math.ceil(y) + 1
    assert right >= math.floor(x + w) - 1
    assert bottom >= math.floor(y + h) - 1


@given(boxes, side, side, shapes, st.floats(0, 1), st.floats(0, 1))
@settings(FIXED, max_examples=200)
def test_more_padding_never_makes_a_smaller_window(box, width, height, shape, one, more):
    small, large = sorted([one, more])
    inner, outer = (window(box, width, height, shape, padding) for padding in (small, large))
    # rounding of centre and side may differ by a pixel
    assert outer[2] - outer[0] >= inner[2] - inner[0] - 1
    assert outer[3] - outer[1] >= inner[3] - inner[1] - 1


@given(boxes, st.integers(1, 60), st.integers(1, 60), shapes, st.floats(0, 0.5), st.sampled_from([8, 16]))
@settings(FIXED, max_examples=60)
def test_every_box_can_be_cut(box, width, height, shape, padding, size):
    """No picture is too small and no box too large; what lies beyond the border is black, and nothing else is."""
    picture = np.full((height, width, 3), 200, dtype=np.uint8)
    crop = cut(picture, box, shape, size, padding)
    assert crop.shape == (size, size, 3)
    assert crop.dtype == np.uint8
    if shape != "pad":
        assert (crop == 200).all()


@given(st.lists(boxes, min_size=1, max_size=4), side, side, shapes, st.floats(0, 0.5), st.integers(8, 512))
@settings(FIXED, max_examples=100)
def test_a_scaled_picture_leaves_every_crop_twice_its_size(found, width, height, shape, padding, size):
    row = {"width": width, "height": height}
    options = {"decode": "scaled", "shape": shape, "padding": padding, "size": size}
    part = scale(row, found, options)
    assert part in (1, 2, 4, 8)
    for box in found if part > 1 else []:
        left, top, right, bottom = window(box, width, height, shape, padding)
        assert min(right - left, bottom - top) >= 2 * part * size


@given(
    st.lists(st.tuples(boxes, st.floats(-1, 1), st.sampled_from("123")), max_size=8), st.randoms(use_true_random=False)
)
@settings(FIXED, max_examples=100)
def test_the_order_of_detections_does_not_matter(found, random):
    options = {"threshold": 0.2, "categories": ["animal"]}
    names = {"1": "animal", "2": "person", "3": "animal"}
    raw = [{"bbox": list(box), "conf": conf, "category": number} for box, conf, number in found]
    chosen = kept(raw, names, options)
    assert chosen == kept(random.sample(raw, len(raw)), names, options)
    assert len({box for box, *_ in chosen}) == len(chosen)
    assert all(conf >= 0.2 for *_, conf in chosen)


@given(boxes)
@settings(FIXED, max_examples=100)
def test_a_crop_keeps_its_id_when_the_box_is_rounded_as_the_file_does(box):
    written = tuple(round(value, 4) for value in box)
    assert crop_id("a" * 64, box) == crop_id("a" * 64, written)
