"""New crops beside named groups: vectors in the plane, so that all can be seen."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from clusterdata import blobs, fit_all, survey

from camtrap.cluster import choose as choosing
from camtrap.cluster.assign import NEW, OLD, REJECTED, Known, Neighbours, assign, compact, most_common, nested, settle
from camtrap.cluster.settings import fill


def directions(*degrees):
    angle = np.radians(degrees)
    return np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32)


def fan(middle, n=20, width=4):
    return list(middle + np.linspace(-width, width, n))


A, B, C = fan(0), fan(60), fan(120)


def given(new, classes=(A, B), names=("a", "b")):
    """What becomes of new crops in these directions, each its own unit, beside the classes."""
    degrees = [d for members in classes for d in members] + list(new)
    group = [number for number, members in enumerate(classes) for _ in members] + [NEW] * len(new)
    found, sure = assign(directions(*degrees), np.arange(len(degrees)), Known(np.array(group), list(names)))
    n_old = len(degrees) - len(new)
    inside = np.array(group[:n_old]) < len(names)
    assert found[:n_old][inside].tolist() == np.array(group[:n_old])[inside].tolist()
    assert (found[:n_old][~inside] == -1).all()
    return found[n_old:].tolist(), sure[n_old:]


def test_a_new_crop_goes_where_it_belongs_or_nowhere():
    found, sure = given([1, 58, 120, 30, 200, 3.9])
    assert found == [0, 1, -1, -1, -1, 0]
    assert (sure[[0, 1, 5]] > 0.9).all()
    assert (sure[[2, 3, 4]] == 0).all()


def test_what_is_nearest_to_an_old_cluster_without_a_name_is_nobodys():
    assert given([61, 119, 1], classes=(A, B, C), names=("a",))[0] == [-1, -1, 0]


def test_between_two_groups_nobody_decides():
    assert given([8], classes=(fan(0, width=9), fan(16, width=9)))[0] == [-1]


def test_one_group_alone_takes_its_own_only():
    assert given([1, 90], classes=(A,), names=("a",))[0] == [0, -1]


def test_a_group_of_one_crop_takes_what_is_as_near_as_in_other_groups():
    assert given([61, 90], classes=(A, [60]))[0] == [1, -1]


def test_what_is_left_is_asked_again_beside_the_new_bursts_given_out():
    """A new card looks a little different: 5.2 degrees is too far from the old ones of a, and near those of the card that got a."""
    alone = given([5.2])[0]
    beside = given([5.2, *np.linspace(3.6, 4.4, 9)])[0]
    assert (alone, beside) == ([-1], [0] * 10)


def test_the_few_of_a_new_kind_that_were_given_out_draw_in_no_others():
    """A new kind beside a, from 4.3 to 6 degrees: a few are given out, and the others have more of their own kind around them."""
    found = given(list(np.linspace(4.3, 6, 60)))[0]
    assert 0 < found.count(0) <= 6


def test_the_crops_of_a_new_burst_stay_together_and_said_crops_stay():
    """The second unit holds an old crop of b and a new one; the third two new ones."""
    prototypes = directions(*A, *B, 59, 2)
    unit = np.r_[np.arange(41), 40, 41, 41]
    group = np.r_[np.zeros(20, int), np.ones(21, int), NEW, NEW, NEW]
    found, _ = assign(prototypes, unit, Known(group, ["a", "b"]))
    assert found[-3:].tolist() == [1, 0, 0]


def test_neighbours_vote_by_cosine_and_in_a_small_class_as_many_as_it_has_bursts():
    x = directions(0, 10, 19, 30, 40, 90)
    old = Neighbours(x, np.array([0, 0, 0, 1, 1, 2]), np.array([3, 2, 1]))
    best, share, near = old.vote(directions(1, 88, 34))
    cosine = np.cos(np.radians([1, 9, 18]))
    assert best.tolist() == [0, 2, 1]
    assert share[:2] == pytest.approx([1, 1])
    assert near[:2] == pytest.approx([cosine.mean(), np.cos(np.radians(2))], abs=1e-6)
    # at 34 degrees the nearest is of a class of two: two neighbours vote
    assert near[2] == pytest.approx(np.cos(np.radians([4, 6])).mean(), abs=1e-6)
    # left out of its own vote, the last one has no class
    best, _, _ = old.vote(x, np.arange(6))
    assert best.tolist() == [0, 0, 0, 1, 1, 1]


def test_the_rest_is_clustered_by_itself_and_no_group_changes():
    degrees = A + B + fan(200, 30) + fan(300, 12) + [1.5]
    group = np.array([0] * 20 + [1] * 20 + [OLD] * 30 + [NEW] * 12 + [NEW])
    group[3] = REJECTED
    settings = {"average": fill("average", {}), "neighbours": fill("neighbours", {})}
    known = Known(group, ["a", "b"])
    labels, sure, counts = settle(directions(*degrees), np.arange(len(degrees)), known, "average", settings, 0)
    assert labels[:3].tolist() == [0] * 3
    assert labels[3] == -1
    assert labels[20:40].tolist() == [1] * 20
    assert labels[-1] == 0
    assert set(labels[40:70]) == {2}
    assert set(labels[70:82]) == {3}
    assert counts == {"said": 39, "assigned": 1, "rest": 42, "clusters": 2}
    assert (sure[40:82] == 0).all()


def test_of_a_unit_the_commonest_label_counts():
    assert most_common(np.array([2, 1, 1, 3, 0]), np.array([0, 0, 0, 1, 1]), 3).tolist() == [1, 0, -1]
    assert compact(np.array([5, -1, 2, 5])).tolist() == [1, -1, 0, 1]


def test_a_layer_nests_also_where_a_crop_was_decided_otherwise():
    labels, of_unit = np.array([0, 0, 1, 1, 2, -1]), np.array([0, 0, 1, 0, 0, 1])
    layer = np.array([0, 0, 5, 0, 0, 5])
    found = nested(layer, labels, of_unit)
    assert found.tolist()[:4] == [0, 0, 5, 5]
    assert found[4] not in (0, 5)
    assert found[5] == -1


def test_choose_leaves_the_named_groups_first_and_nests_all_layers(tmp_path):
    x, y = blobs((60, 50, 40, 30), spread=0.2)
    fit_all(tmp_path, *survey(tmp_path, x))
    group = np.where(y == 2, 0, np.where(y == 3, NEW, OLD))
    group[np.flatnonzero(y == 2)[:10]] = NEW
    files = (
        tmp_path / "reduced",
        tmp_path / "near.npz",
        sorted(tmp_path.glob("kmeans*.npz")),
        [tmp_path / "average.npz"],
    )
    out = tmp_path / "choice.json", tmp_path / "clusters.parquet"
    choice = choosing.choose(*files, *out, None, Known(group, ["Puma"]), {}, 0)
    table = pq.read_table(out[1]).to_pandas()
    assert choice["groups"] == {"0": "Puma"}
    assert set(table["cluster"][y == 2]) == {0}
    assert table["cluster"].nunique() == choice["k"] == 4
    for kind in (0, 1, 3):
        assert table["cluster"][y == kind].nunique() == 1
    assert (table["probability"][group == 0] == 1).all()
    for finer, coarser in (("fine", "cluster"), ("cluster", "coarse")):
        assert table.groupby(finer)[coarser].nunique().max() == 1
    assert "10 new crops were assigned" in choice["reason"]
