import datetime as dt
import itertools
import random

import pytest

from camtrap.metadata.clock import NOISE, contradicted, is_epoch, is_future, jumps_back

START = dt.datetime(2016, 5, 1, 12)
HOUR = dt.timedelta(hours=1)


def series(hours, start=START):
    return [start + hour * HOUR for hour in hours]


def names(n, folder="card/A", form="IMG_{:04d}.JPG", first=1):
    return [f"{folder}/{form.format(first + i)}" for i in range(n)]


def ns(time):
    return int((time - dt.datetime(1970, 1, 1)).total_seconds()) * 10**9


@pytest.mark.parametrize(
    ("time", "mtime", "wrong"),
    [
        (dt.datetime(1970, 1, 1), None, True),
        (dt.datetime(1980, 1, 1, 5), None, True),
        (dt.datetime(2000, 1, 1, 0, 3), None, True),
        (dt.datetime(2010, 1, 1, 23, 59), None, True),
        (dt.datetime(2000, 1, 2), None, False),
        (dt.datetime(2010, 1, 2), None, False),
        (dt.datetime(2016, 1, 1), None, False),
        (dt.datetime(2016, 5, 1), dt.datetime(2016, 5, 1), False),
        (dt.datetime(2016, 5, 1, 13), dt.datetime(2016, 5, 1), False),
        (dt.datetime(2016, 5, 3), dt.datetime(2016, 5, 1), True),
        (dt.datetime(2090, 5, 3), dt.datetime(2030, 5, 1), True),
        (dt.datetime(2016, 5, 3), dt.datetime(1980, 1, 1), False),
    ],
)
def test_epoch(time, mtime, wrong):
    assert is_epoch(time, ns(mtime) if mtime else None) == wrong


def test_a_clock_that_runs_is_not_flagged():
    times = series([0, 1, 2, 2, 3, 10, 11, 400, 9000, 9001])
    assert jumps_back(names(10), times, ["c"] * 10) == [False] * 10


def test_a_clock_that_falls_back_and_is_set_right_again():
    times = series([0, 1, 2, 3, 4, -999, -998, 7, 8, 9, 10, 11])
    flags = jumps_back(names(12), times, ["c"] * 12)
    assert [at for at, flag in enumerate(flags) if flag] == [5, 6]


def test_a_clock_that_was_set_right_after_the_first_pictures():
    times = series([9000, 9001, 2, 3, 4, 5, 6, 7, 8])
    assert jumps_back(names(9), times, ["c"] * 9) == [True, True] + [False] * 7


def test_burst_noise_is_no_jump():
    times = [START + dt.timedelta(seconds=s) for s in (0, 30, 0, 10, 500, 440, 600, 700, 800)]
    assert not any(jumps_back(names(9), times, ["c"] * 9))


def test_rows_in_any_order_give_the_same_flags():
    """A shard's rows and the collected table's rows come in different orders."""
    paths, times = names(30), series([*range(20), -50, -49, *range(22, 30)])
    expected = dict(zip(paths, jumps_back(paths, times, ["c"] * 30), strict=True))
    assert sum(expected.values()) == 2
    order = list(range(30))
    random.Random(3).shuffle(order)
    flags = jumps_back([paths[i] for i in order], [times[i] for i in order], ["c"] * 30)
    assert [flags[order.index(i)] for i in range(30)] == list(expected.values())


def test_folders_cameras_and_name_forms_do_not_mix():
    paths = names(20) + names(20, "card/B") + names(20, form="PICT{:04d}.JPG")
    times = series(range(1000, 1020)) + series(range(20)) + series(range(500, 520))
    assert not any(jumps_back(paths, times, ["c"] * 60))
    both = names(40)
    mixed = list(itertools.chain(*zip(series(range(1000, 1020)), series(range(20)), strict=True)))
    assert not any(jumps_back(both, mixed, ["a", "b"] * 20))


def test_names_that_do_not_follow_the_camera_are_left_alone():
    hours = list(range(40))
    random.Random(1).shuffle(hours)
    assert not any(jumps_back(names(40), series(hours), ["c"] * 40))


def test_a_counter_that_ran_over_is_no_clock():
    paths = names(20, first=9980) + names(20, first=1)
    paths = [path.replace("IMG_10000", "IMG_0000") for path in paths]
    times = series(range(40))
    assert not any(jumps_back(paths, times, ["c"] * 40))


def test_too_few_pictures_and_missing_times_say_nothing():
    assert jumps_back(names(3), series([5, 0, 6]), ["c"] * 3) == [False] * 3
    times = series([0, 1, 2, 3, -500, 5, 6, 7, 8])
    times[2] = None
    assert jumps_back(names(9), times, ["c"] * 9) == [False] * 4 + [True] + [False] * 4


def brute_force(times):
    """Fewest rows to take out so that no step goes back: try every subset, the largest first."""
    for size in range(len(times), 0, -1):
        for kept in itertools.combinations(range(len(times)), size):
            if all(times[a] <= times[b] for a, b in itertools.pairwise(kept)):
                return len(times) - size
    return 0


def test_as_few_as_can_be_are_flagged():
    rng = random.Random(5)
    checked = 0
    for _ in range(60):
        hours = list(range(12))
        at, length = rng.randrange(12), rng.randrange(1, 5)
        hours[at : at + length] = [hour + rng.choice([-100, 6, 100]) for hour in hours[at : at + length]]
        times = series(hours)
        back = sum(b < a - NOISE for a, b in itertools.pairwise(times))
        flags = jumps_back(names(12), times, ["c"] * 12)
        assert sum(flags) == (brute_force(times) if back == 1 else 0)
        checked += back == 1
    assert checked > 20


def test_a_contradicted_picture_is_named():
    times = series([0, 1, 2, 3, 4, -999, -998, 7, 8, 9])
    found = contradicted(names(10), times, ["c"] * 10)
    assert found == [None] * 5 + [4, 4] + [None] * 3
    times = series([9000, 9001, 2, 3, 4, 5, 6, 7, 8])
    assert contradicted(names(9), times, ["c"] * 9) == [2, 2] + [None] * 7


def test_the_future_is_after_now_in_any_zone():
    assert [is_future(START + hours * HOUR, START) for hours in (0, 14, 27)] == [False, False, True]
