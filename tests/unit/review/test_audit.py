"""The audit: how many bursts, and what may be said of a group afterwards."""

import datetime

import numpy as np
import pyarrow as pa
import pytest

from camtrap.review.audit import bounds, draft, draw, plan, rounds, state, wanted
from camtrap.review.decisions import Decision, DecisionError, parse

ROUND = "ab" * 16


def passes(plan_, wrong, rng):
    """Play a round on a group with so many wrong bursts."""
    right = rng.permutation(plan_.of) >= wrong
    said = []
    while n := wanted(plan_, said):
        said += right[len(said) : len(said) + n].tolist()
    return state(plan_, said) == "passed"


def test_of_many_bursts_the_screens_are_those_of_the_design():
    assert plan(10**6)[2:] == (31, 54)


@pytest.mark.parametrize(
    ("of", "level"), [(1, 0.9), (7, 0.9), (50, 0.95), (60, 0.9), (500, 0.9), (5000, 0.95), (40, 0.5)]
)
def test_a_group_just_below_the_level_seldom_passes_and_a_pure_one_always(of, level):
    rng = np.random.default_rng(of)
    plan_ = plan(of, level)
    assert 1 <= plan_.first <= plan_.total <= of
    bad = next(wrong for wrong in range(of + 1) if (of - wrong) / of < level - 1e-12)
    share = np.mean([passes(plan_, bad, rng) for _ in range(4000)])
    assert share < 0.05 + 3 * (0.05 * 0.95 / 4000) ** 0.5
    assert passes(plan_, 0, rng)


def test_small_groups_need_fewer_bursts_and_a_failed_round_makes_the_next_stricter():
    assert plan(50).first < plan(500).first < plan(5000).first + 1
    assert plan(5000, failed=1).first > plan(5000).first
    assert plan(5) == (5, 0.9, 5, 5)


def test_the_second_screen_comes_after_one_error_and_a_second_error_ends_it():
    plan_ = plan(10_000)
    screen = [True] * 30 + [False]
    assert wanted(plan_, []) == 31
    assert (state(plan_, screen), wanted(plan_, screen)) == ("open", plan_.total - 31)
    assert state(plan_, screen + [True] * (plan_.total - 31)) == "passed"
    assert state(plan_, [*screen, False]) == "failed"
    assert state(plan_, [False, False]) == "failed"


def test_where_all_are_looked_at_nothing_is_left_to_chance():
    plan_ = plan(20, 0.95)
    assert plan_.total == 20
    one = [False] + [True] * 18
    assert state(plan_, one) == "open"
    assert state(plan_, [*one, True]) == "passed"
    assert state(plan_, [False] * 2) == "failed"
    assert [state(plan(5), [True] * n) for n in (4, 5)] == ["open", "passed"]


def test_bursts_are_drawn_whole_each_once_and_again_the_same():
    burst = np.array([5, 7, 5, 9, 7, 11])
    shown = draw(burst, ROUND)
    assert sorted(tuple(rows) for rows in shown) == [(0, 2), (1, 4), (3,), (5,)]
    assert [r.tolist() for r in shown] == [r.tolist() for r in draw(burst, ROUND)]
    rest = draw(burst, ROUND, drawn=[int(burst[shown[0][0]])], most=2)
    assert [r.tolist() for r in rest] == [r.tolist() for r in shown[1:3]]


def test_every_burst_has_the_same_chance_whatever_its_size():
    burst = np.array([0] * 50 + [1, 2, 3])
    first = [burst[draw(burst, f"{seed:032x}", most=1)[0][0]] for seed in range(400)]
    assert (np.bincount(first) > 60).all()


def said(drafts):
    return [
        parse({"id": f"{n:032x}", "at": f"2026-01-01T00:00:00.{n:06d}Z", "who": "ana", **each})
        for n, each in enumerate(drafts)
    ]


def labels(names, second=0):
    at = datetime.datetime(2026, 1, 1, 0, 0, second, tzinfo=datetime.UTC) - datetime.timedelta(hours=second == 0)
    columns = {"crop_id": [f"c{n}" for n in range(len(names))], "name": names}
    return pa.table({**columns, "at": pa.array([at] * len(names), pa.timestamp("us", "UTC"))})


def test_a_bound_is_said_of_a_name_whose_last_round_passed():
    plan_ = plan(400)
    made = said([draft("Puma", ROUND, plan_, [f"c{n}"], True) for n in range(plan_.first)])
    found = bounds(made, labels(["puma "] * 400), np.arange(400))
    assert list(found) == ["puma "]
    row = found["puma "]
    assert (row["state"], row["looked"], row["wrong"], row["bursts"]) == ("passed", plan_.first, 0, 400)
    assert row["bound"] == 0.9
    assert bounds(made[:-1], labels(["Puma"] * 400), np.arange(400))["Puma"]["bound"] is None
    assert bounds(made, labels(["Tapir"] * 400), np.arange(400)) == {}


def test_what_came_after_the_audit_counts_as_wrong():
    plan_ = plan(400)
    made = said([draft("Puma", ROUND, plan_, [f"c{n}"], True) for n in range(plan_.first)])
    grown = bounds(made, labels(["Puma"] * 500), np.arange(500))["Puma"]
    assert grown["bound"] == 360 / 500
    assert bounds(made, labels(["Puma"] * 400, second=5), np.arange(400))["Puma"]["bound"] == 0


def test_an_error_that_was_corrected_takes_nothing_from_the_bound():
    plan_ = plan(1000)
    answers = [n != 3 for n in range(plan_.total)]
    made = said([draft("Puma", ROUND, plan_, [f"c{n}"], right) for n, right in enumerate(answers)])
    row = bounds(made, labels(["Tapir" if n == 3 else "Puma" for n in range(1000)]), np.arange(1000))["Puma"]
    assert (row["wrong"], row["bursts"], row["state"]) == (1, 999, "passed")
    assert row["bound"] >= 0.9


def test_a_failed_round_and_an_undone_burst():
    plan_ = plan(400)
    made = said([draft("Puma", ROUND, plan_, ["c1"], False), draft("Puma", ROUND, plan_, ["c2"], False)])
    (one,) = rounds(made)["puma"]
    assert one.state == "failed"
    undo = Decision("f" * 32, "2026-01-02T00:00:00.000000Z", "ana", "undo", undoes=made[0].id)
    (one,) = rounds([*made, undo])["puma"]
    assert (one.state, one.right, one.bursts) == ("open", [False], [("c2",)])


@pytest.mark.parametrize(
    "wrong", [{"round": "x"}, {"of": 0}, {"level": 1.0}, {"name": ""}, {"level": "a"}, {"of": True}]
)
def test_an_audit_that_cannot_be_is_refused(wrong):
    with pytest.raises(DecisionError):
        said([draft("Puma", ROUND, plan(40), ["c1"], True) | wrong])
