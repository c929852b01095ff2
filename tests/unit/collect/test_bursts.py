import pandas as pd

from camtrap.collect.bursts import group_in_time


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
