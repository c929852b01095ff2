import numpy as np
import pandas as pd
import pytest

from camtrap.collect.bursts import group_in_time, repeats
from camtrap.core.boxes import overlaps


def pictures(rows):
    """Rows of (image, station, seconds or None, sequence or None, video or None)."""
    start = pd.Timestamp("2024-05-01 12:00:00")
    frame = pd.DataFrame(rows, columns=["image_id", "station", "datetime", "sequence", "video"])
    frame["datetime"] = [start + pd.Timedelta(seconds=s) if s is not None else pd.NaT for s in frame["datetime"]]
    frame["sequence"] = frame["sequence"].astype("Int16")
    frame["path"] = frame["image_id"]
    frame["camera"] = "one"
    return frame


def groups(frame, **options):
    ids = group_in_time(frame, **options)
    return [frozenset(frame["image_id"][ids == name]) for name in pd.unique(ids)]


def test_gap_and_station_part_bursts():
    frame = pictures(
        [
            ("a", "S", 0, None, None),
            ("b", "S", 60, None, None),
            ("c", "S", 121, None, None),
            ("d", "T", 121, None, None),
        ]
    )
    assert set(groups(frame, seconds=60)) == {frozenset("ab"), frozenset("c"), frozenset("d")}


def test_order_of_rows_does_not_matter():
    frame = pictures([(name, "S", 20 * number, None, None) for number, name in enumerate("abcdef")])
    shuffled = frame.sample(frac=1, random_state=3)
    pd.testing.assert_series_equal(group_in_time(frame, 30), group_in_time(shuffled, 30).sort_index())


def test_a_sequence_that_starts_again_is_a_new_burst():
    frame = pictures([("a", "S", 0, 1, None), ("b", "S", 1, 2, None), ("c", "S", 2, 1, None), ("d", "S", 3, 2, None)])
    assert set(groups(frame, seconds=60, sequences=True)) == {frozenset("ab"), frozenset("cd")}
    assert set(groups(frame, seconds=60)) == {frozenset("abcd")}


def test_pictures_without_a_time_stand_alone_but_a_video_stays_together():
    frame = pictures(
        [
            ("a", "S", None, None, None),
            ("b", "S", None, None, None),
            ("c", "S", None, None, "v"),
            ("d", "S", None, None, "v"),
        ]
    )
    assert set(groups(frame, seconds=60)) == {frozenset("a"), frozenset("b"), frozenset("cd")}


def test_what_is_apart_is_never_one_group_and_does_not_part_others():
    """A time-lapse picture within the three pictures of a trigger."""
    frame = pictures([("a", "S", 0, 1, None), ("b", "S", 1, 2, None), ("c", "S", 1, 1, None), ("d", "S", 2, 3, None)])
    apart = pd.Series(["", "", "lapse", ""])
    assert set(groups(frame, seconds=60, sequences=True, apart=apart)) == {frozenset({"a", "b", "d"}), frozenset("c")}


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
    np.testing.assert_array_equal(repeats(frame, 5, 0.9, max_area=2), expected)


def test_whole_pictures_are_no_repeats():
    frame = crops([[0, 0, 1, 1]] * 30, [str(n) for n in range(30)])
    assert not repeats(frame, 5, 0.9).any()


def test_one_event_is_no_repeat():
    assert not repeats(crops([[0.1, 0.1, 0.2, 0.2]] * 30, ["e"] * 30), 5, 0.9).any()
