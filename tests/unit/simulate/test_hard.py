"""Cameras whose visits detectors find hard: what is planned, what is seen, and what it leaves alone."""

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest

from camtrap.simulate import hard, scene
from camtrap.simulate.picture import photograph
from camtrap.simulate.survey import BURST, Visit

SIZE = 160, 120
VISIT = Visit(1, 0, 1, None, datetime(2024, 3, 3, 12, 0), BURST, "motion")


@pytest.fixture(scope="module")
def view():
    return scene.build(3, 0, 1, *SIZE)


def pictures(view, **changes):
    shots = photograph(3, view, replace(VISIT, **changes), *SIZE, 7)
    return np.stack([image for image, _ in shots]).astype(float), [box for _, box in shots]


def test_the_plan_has_every_way_in_order_of_time_and_a_branch_in_its_second_half():
    visits = hard.plan(3, 1, 4)
    assert {visit.way for visit in visits} == set(hard.VISITS)
    assert all(a.start < b.start for a, b in pairwise(visits))
    assert [visit.fallen for visit in visits] == sorted(visit.fallen for visit in visits)
    assert all(not visit.infrared for visit in visits if visit.way == "shadows")
    assert hard.plan(3, 1, 4) == visits != hard.plan(3, 2, 4)


def test_shadows_move_and_changed_light_is_another_light(view):
    plain, shadows, light = (pictures(view, way=way)[0] for way in ("", "shadows", "light"))
    assert np.abs(shadows[1] - shadows[0]).mean() > 2 * np.abs(plain[1] - plain[0]).mean()
    assert np.abs(light[0] - plain[0]).mean() > 2 * np.abs(plain[1] - plain[0]).mean()


def test_a_close_animal_is_cut_by_the_border(view):
    boxes = [pictures(view, kind="deer", way="close", number=number, shots=1)[1][0] for number in range(1, 7)]
    x, y, w, h = max(boxes, key=lambda box: box[2] * box[3])
    assert w * h > 0.4
    assert min(x, y) == 0 or x + w == 1
    assert min(w * h for w, h in (box[2:] for box in boxes)) < 0.3


def test_an_animal_stands_and_moves_its_head(view):
    first, second = (pictures(view, kind="deer", way="stands", number=8 + n, shots=1) for n in range(2))
    assert np.allclose(first[1][0], second[1][0], atol=0.12)
    assert pictures(view, kind="deer", way="stands", number=16, shots=1)[1][0] != first[1][0]


def test_a_branch_lies_before_the_view(view):
    branched = hard.with_branch(view, 3, 1, 0)
    changed = np.abs(pictures(branched)[0].mean(0) - pictures(view)[0].mean(0)).mean(-1) > 20
    assert 0.005 < changed.mean() < 0.3
