"""Repeat detections, by place alone and by place and looks."""

import numpy as np
import pandas as pd
import pytest

from camtrap.collect.looks import look
from camtrap.collect.repeats import Rules, places, spells
from camtrap.core.boxes import overlaps


def repeats(frame):
    return places(frame, Rules(5, 0.9)) >= 0


def crops(boxes, events, station="S"):
    frame = pd.DataFrame(boxes, columns=["x", "y", "w", "h"])
    frame["event"], frame["station"] = events, station
    return frame


def by_definition(frame, min_events, min_iou):
    corners = frame[["x", "y", "w", "h"]].to_numpy(copy=True)
    corners[:, 2:] += corners[:, :2]
    marked = []
    for number in range(len(frame)):
        near = (overlaps(corners[number], corners) >= min_iou) & (
            frame["station"] == frame["station"][number]
        ).to_numpy()
        marked.append(frame["event"][near].nunique() >= min_events)
    return np.array(marked)


@pytest.mark.parametrize("seed", range(5))
def test_repeats_follow_their_definition(seed):
    random = np.random.default_rng(seed)
    places = random.uniform(0.1, 0.6, (4, 4))
    boxes = places[random.integers(0, 4, 300)] + random.normal(0, 0.006, (300, 4))
    frame = crops(boxes.clip(0.01, 0.9), random.integers(0, 40, 300).astype(str))
    frame["station"] = random.choice(["S", "T"], 300)
    expected = by_definition(frame, 5, 0.9)
    assert expected.any()
    assert not expected.all()
    np.testing.assert_array_equal(repeats(frame), expected)


def test_whole_pictures_are_no_repeats():
    frame = crops([[0, 0, 1, 1]] * 30, [str(n) for n in range(30)])
    assert not repeats(frame).any()


def test_one_event_is_no_repeat():
    assert not repeats(crops([[0.1, 0.1, 0.2, 0.2]] * 30, ["e"] * 30)).any()


def seen(looks, days, box=(0.4, 0.4, 0.2, 0.2), dated=True):
    """Boxes in one place: how each looks (a number: the same number looks the same), and on which day."""
    frame = crops([box] * len(looks), [f"e{n}" for n in range(len(looks))])
    frame["spell"], frame["dated"] = days, dated
    return frame, lambda positions: np.eye(max(looks) + 1, dtype=np.float32)[np.array(looks)[positions]]


LOOKS = Rules(5, 0.9, 0.6, 3)


def test_what_stands_still_looks_the_same_on_several_days():
    frame, looks = seen([0, 0, 0, 0, 0, 0, 1, 2, 3, 4], [1, 1, 2, 2, 3, 3, 3, 4, 5, 6])
    assert (places(frame, LOOKS, looks) >= 0).tolist() == [True] * 6 + [False] * 4


@pytest.mark.parametrize(
    ("looks", "days", "box", "dated"),
    [
        (range(12), range(12), (0.4, 0.4, 0.2, 0.2), True),  # animals where animals stood
        ([0] * 12, [1] * 6 + [2] * 6, (0.4, 0.4, 0.2, 0.2), True),  # cattle that stand for two days
        ([0] * 12, [3] * 6 + [4] * 6, (0.4, 0.4, 0.2, 0.2), False),  # and in two tenths of pictures without times
        ([0] * 12, range(12), (0.01, 0.3, 0.5, 0.6), True),  # large and cut by the border
    ],
)
def test_animals_are_no_repeats(looks, days, box, dated):
    frame, known = seen(list(looks), list(days), box, dated)
    assert (places(frame, Rules(5, 0.9), None) >= 0).all(), "by place alone they are"
    assert not (places(frame, LOOKS, known) >= 0).any()


def test_a_branch_at_the_border_is_a_repeat():
    frame, looks = seen([0] * 6, range(6), (0.0, 0.3, 0.2, 0.2))
    assert (places(frame, LOOKS, looks) >= 0).all()


def test_two_places_have_two_numbers():
    frame, looks = seen([0] * 12, list(range(6)) * 2)
    frame.loc[6:, "x"] = 0.1
    found = places(frame, LOOKS, looks)
    assert len(set(found[:6])) == len(set(found[6:])) == 1
    assert found[0] != found[6]


def test_looks_are_asked_only_where_boxes_stand_again_and_again():
    frame, _ = seen([0] * 6, range(6))
    frame["x"] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]

    def never(positions):
        raise AssertionError(positions)

    assert not (places(frame, LOOKS, never) >= 0).any()


def test_spells_are_days_or_tenths_of_a_stations_pictures():
    days = pd.to_datetime(["2024-05-01 23:59", "2024-05-02 00:01", None, None])
    frame = pd.DataFrame({"path": ["a", "b", "p000", "p119"], "station": "S", "datetime": days})
    undated = [f"p{n:03d}" for n in range(120)]
    others = pd.DataFrame({"path": undated, "station": "S", "datetime": pd.NaT}).astype({"datetime": "datetime64[us]"})
    found = spells(frame, pd.concat([frame[:2], others], ignore_index=True))
    assert found["spell"][1] - found["spell"][0] == 1
    assert found["spell"][2:].tolist() == [0, 9]
    assert found["dated"].tolist() == [True, True, False, False]


def test_a_look_is_the_same_in_another_light_and_another_for_another_thing():
    random = np.random.default_rng(1)
    stone = np.kron(random.integers(40, 200, (6, 6, 1)), np.ones((20, 20, 3))).astype(np.float64)
    other = np.kron(random.integers(40, 200, (6, 6, 1)), np.ones((20, 20, 3))).astype(np.float64)
    slope = np.linspace(0.4, 1.0, 120)[None, :, None]
    first = look(stone.astype(np.uint8))
    assert first @ first == pytest.approx(1, abs=1e-5)
    assert first @ look((stone * slope + random.normal(0, 4, stone.shape)).clip(0, 255).astype(np.uint8)) > 0.9
    assert first @ look(other.astype(np.uint8)) < 0.5
