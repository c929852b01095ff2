"""Suggestions, possible mistakes, and pairs most alike."""

import numpy as np
import pyarrow as pa
import pytest

from camtrap.review.decisions import Decision
from camtrap.review.fits import Fit
from camtrap.review.pairs import alike, answered, centres, like, linked
from camtrap.review.suggest import means, mistakes, of_groups, suggest


def near(direction, n, seed=0, spread=0.1):
    x = np.zeros((n, 8), np.float32)
    x[:, direction] = 1
    return x + np.random.default_rng(seed).normal(0, spread, x.shape).astype(np.float32)


def test_each_crop_has_the_name_of_its_own_nearest_mean():
    x = np.concatenate([near(0, 20), near(1, 20), near(2, 20)])
    known = means(x, np.repeat([0, 1, 0], 20), np.repeat([5, 6, 7], 20))
    assert known.name.tolist() == [0, 0, 1]
    asked = np.concatenate([near(2, 3, 1), near(1, 3, 2)])
    found = suggest(asked, known)
    assert found.name.tolist() == [0, 0, 0, 1, 1, 1]
    assert (found.margin > 0.5).all()
    assert of_groups(found, np.array([4, 4, 4, 4, 9, -1])) == [
        (4, 0, 0.75, pytest.approx(float(found.cosine[:3].mean()))),
        (9, 1, 1.0, pytest.approx(float(found.cosine[4]))),
    ]


def test_where_nothing_is_named_nothing_is_suggested():
    x = near(0, 4)
    found = suggest(x, means(x, np.full(4, -1), np.zeros(4, int)))
    assert found.name.tolist() == [-1] * 4
    assert of_groups(found, np.zeros(4, int)) == []


def test_a_name_of_single_crops_has_one_mean():
    x = np.concatenate([near(0, 2), near(1, 5)])
    known = means(x, np.repeat([0, 1], [2, 5]), np.array([1, 2, 3, 3, 3, 3, 3]))
    assert known.size.tolist() == [2, 5]


def test_a_crop_that_looks_like_another_name_is_a_possible_mistake_though_it_pulls_its_own_mean():
    puma = np.concatenate([near(0, 3), near(1, 1, 7)])
    x = np.concatenate([puma, near(1, 30, 3)])
    known = means(x, np.repeat([0, 1], [4, 30]), np.repeat([0, 1], [4, 30]))
    rows, found = mistakes(puma, 0, np.zeros(4, int), known)
    assert rows.tolist() == [3]
    assert found.name.tolist() == [1]
    assert mistakes(x[4:], 1, np.ones(30, int), known)[0].tolist() == []
    only = means(puma, np.zeros(4, int), np.zeros(4, int))
    assert mistakes(puma, 0, np.zeros(4, int), only)[0].tolist() == []


def test_pairs_most_alike_come_first_and_known_ones_not_at_all():
    x = np.concatenate([near(0, 9), near(0, 9, 1), near(1, 9), near(2, 9)])
    x[27:, 1] += 0.5
    group = np.repeat([0, 1, 2, 3], 9)
    centre = centres(x, group, 5)
    assert [pair[:2] for pair in alike(centre)][:2] == [(0, 1), (2, 3)]
    assert len(alike(centre)) == 6
    assert alike(centre, skip=[(1, 0)])[0][:2] == (2, 3)
    assert alike(centre, name=np.array([4, 4, -1, -1, -1]))[0][:2] == (2, 3)
    assert like(centre, 3)[:2].tolist() == [3, 2]


CROPS = pa.array([f"c{n}" for n in range(8)])
FIT = {"a" * 16: Fit(CROPS, np.repeat([0, 1, 2, 3], 2).astype(np.int32), np.ones(8, np.float32))}


def asked(number, action, one, other):
    at = f"2026-01-01T00:00:00.{number:06d}Z"
    return Decision(f"{number:032x}", at, "ana", action, fit="a" * 16, cluster=one, more={"other": other})


def test_what_follows_from_answers_is_not_asked():
    made = [asked(1, "same", 0, 1), asked(2, "different", 2, 1), asked(3, "same", 3, 2)]
    same, different = answered(made, FIT, CROPS, np.repeat([0, 1, 2, 3], 2))
    assert same == {(0, 1), (2, 3)}
    assert different == {(0, 2), (0, 3), (1, 2), (1, 3)}
    assert linked(made)["a" * 16, 1] == ("a" * 16, 0)


def test_answers_hold_for_the_groups_in_which_the_crops_are_now():
    made = [asked(1, "different", 0, 3)]
    assert answered(made, FIT, CROPS, np.array([5, 5, 0, 0, 0, 0, 7, 8]))[1] == {(5, 7)}
    assert answered(made, FIT, CROPS, np.array([5, 5, 0, 0, 0, 0, -1, -1]))[1] == set()
    assert answered(made, FIT, CROPS, np.zeros(8, int)) == (set(), set())
    undo = Decision("f" * 32, "2026-01-02T00:00:00.000000Z", "ana", "undo", undoes=made[0].id)
    assert answered([*made, undo], FIT, CROPS, np.arange(8) // 2) == (set(), set())
