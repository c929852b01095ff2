"""The consensus tree: where it is cut, its layers, and what it does with few units."""

import numpy as np
import pytest
from clusterdata import blobs, fit_all, survey

from camtrap.cluster import apart, modes, scores
from camtrap.cluster.methods import consensus
from camtrap.cluster.tree import average_linkage, cut
from camtrap.config.complete import complete
from camtrap.core.errors import ConfigError

FEW = {"partitions": 12, "runs": 2, "resamples": 2}


def row(k, score, **more):
    return {"k": k, "clusters": k, "score": score, "silhouette": score, "stability": 1.0, "life": 0.1, **more}


def test_of_cuts_as_good_the_coarsest_is_taken():
    cuts = [row(2, 0.3), row(3, 0.489), row(4, 0.5), row(5, 0.499), row(6, 0.2)]
    assert consensus.pick(cuts, 0.03, None)[0]["k"] == 3
    assert consensus.pick(cuts, 0.0, None)[0]["k"] == 4
    assert "from 3 to 5 within 3 %" in consensus.pick(cuts, 0.03, None)[1]


@pytest.mark.parametrize(("groups", "k"), [(2, 2), (5, 5), (40, 6)])
def test_about_so_many_groups(groups, k):
    cuts = [row(2, 0.3), row(3, 0.489), row(4, 0.5), row(5, 0.499), row(6, 0.2)]
    chosen, reason = consensus.pick(cuts, 0.03, groups)
    assert chosen["k"] == k
    assert f"about {groups} clusters" in reason


def test_of_many_groups_a_tenth_more_or_fewer_may_be_better():
    cuts = [row(k, 0.5 + 0.01 * (k == 21)) for k in range(2, 40)]
    assert consensus.pick(cuts, 0.03, 20)[0]["k"] == 21


def test_a_layer_is_the_cut_that_lives_longest():
    cuts = [row(k, 0.5, life=0.3 if k in (2, 5, 17) else 0.1) for k in range(2, 40)]
    assert consensus.long_lived(cuts, 10, consensus.COARSER) == 5
    assert consensus.long_lived(cuts, 10, consensus.FINER) == 17
    assert consensus.long_lived(cuts, 2, consensus.COARSER) is None


def test_layers_nest_and_noise_stays():
    labels = np.array([0, 0, 0, 1, 1, 2, 2, -1])
    assert consensus.joined(labels, np.array([5, 5, 3, 5, 5, 3, 3, 3])).tolist() == [1, 1, 1, 1, 1, 0, 0, -1]
    assert consensus.divided(labels, np.array([0, 0, 1, 2, 2, 3, 4, 4]), 2).tolist() == [0, 0, 0, 1, 1, 2, 2, -1]
    assert consensus.divided(labels, np.array([0, 0, 1, 2, 2, 3, 4, 4]), 1).tolist() == [0, 0, 1, 2, 2, 3, 4, -1]


@pytest.mark.parametrize("exact_up_to", [4000, 100])
def test_groups_far_apart_are_found_with_layers(tmp_path, exact_up_to):
    x, y = blobs((120, 80, 40, 12), dims=24)
    files, crops = survey(tmp_path, x)
    params = {"consensus": {**FEW, "exact_up_to": exact_up_to}}
    choice, table = fit_all(tmp_path, files, crops, methods=("consensus",), params=params)
    assert choice["primary"] == "consensus"
    assert scores.adjusted_rand(table["cluster"].to_numpy(), y) > 0.97
    assert len(table.groupby("cluster")["coarse"].unique().map(len).loc[lambda n: n > 1]) == 0
    assert len(table.groupby("fine")["cluster"].unique().map(len).loc[lambda n: n > 1]) == 0
    assert table["coarse"].nunique() < table["cluster"].nunique() < table["fine"].nunique()
    assert ("consensus" in choice["switches"]) == (exact_up_to == 100)


def test_a_rare_kind_below_the_cut_stands_apart():
    x, y = blobs((300, 200, 6), dims=24, spread=0.5)
    x = scores.normalise(x).astype(np.float32)
    tree = average_linkage((x @ x.T).astype(float), np.ones(len(x)))
    assert len(np.unique(cut(tree, 2, len(x))[y == 2])) == 1
    branch, n = apart.stand_apart(x, np.arange(len(x)), tree, 2)
    assert n == 1
    assert scores.adjusted_rand(branch, y) == 1


@pytest.mark.parametrize(
    ("sizes", "between", "found"),
    [
        ((40, 6, 6, 6, 6, 2), 0.35, (40, 6, 6, 6, 6, 2)),
        ((40, 6, 6, 6, 6, 2), 0.45, (42, 6, 6, 6, 6)),
        ((40, 6, 6, 6, 6, 3), 0.45, (40, 6, 6, 6, 6, 3)),
        ((40, 6, 6, 6, 2, 2), 0.35, (44, 6, 6, 6)),
    ],
    ids=["a pair far away", "a pair less far", "three less far", "more pairs than a quarter of the others"],
)
def test_few_units_stand_apart_where_they_are_few_and_far(sizes, between, found):
    """Cosines are 0.9 within a kind and ``between`` of that across kinds."""
    y = np.repeat(np.arange(len(sizes)), sizes)
    similarity = np.where(y[:, None] == y, 0.9, 0.9 * between)
    # the rare kinds lie with the common one, not with each other
    rare = y > 0
    similarity[np.outer(rare, rare) & (y[:, None] != y)] *= 0.5
    np.fill_diagonal(similarity, 1)
    x = np.linalg.cholesky(similarity).astype(np.float32)
    branch, n = apart.stand_apart(x, np.arange(len(y)), average_linkage(similarity, np.ones(len(y))), 1)
    assert n == len(found) - 1
    assert sorted(np.bincount(branch), reverse=True) == list(found)
    assert all(len(np.unique(y[branch == one])) == 1 for one in np.unique(branch[y > 0]) if one)


def test_one_kind_is_not_taken_apart():
    x, _ = blobs((300,), dims=24, spread=0.5)
    x = scores.normalise(x).astype(np.float32)
    tree = average_linkage((x @ x.T).astype(float), np.ones(len(x)))
    assert apart.stand_apart(x, np.arange(len(x)), tree, 1)[1] == 0


def test_as_many_groups_as_were_asked_for(tmp_path):
    x, _ = blobs((120, 80, 40, 12), dims=24)
    files, crops = survey(tmp_path, x)
    _, table = fit_all(tmp_path, files, crops, methods=("consensus",), params={"consensus": {**FEW, "groups": 3}})
    assert table["cluster"].max() == 2


def test_the_short_word_for_groups():
    assert complete({"cluster": {"groups": 7}})["cluster"]["consensus"]["groups"] == 7
    for cluster in ({"methods": ["leiden"]}, {"choose": {"primary": "leiden"}}):
        with pytest.raises(ConfigError, match=r"cluster\.groups needs the method consensus"):
            complete({"cluster": {"groups": 7, **cluster}})


def test_night_and_day_is_told_from_animals():
    rng = np.random.default_rng(0)
    infrared = np.repeat([0, 1], 100)
    noise = rng.normal(0, 0.1, (200, 8)).astype(np.float32)
    night = noise + infrared[:, None]
    animal = noise + np.tile([0, 1], 100)[:, None]
    assert modes.night_and_day(night, infrared) > 0.9
    assert modes.night_and_day(animal, infrared) < 0.1
    assert modes.night_and_day(night, np.zeros(200, int)) == 0


def test_infrared_and_colour_are_centred_apart_where_they_are_the_groups(tmp_path):
    x, y = blobs((60, 60), dims=24)
    infrared = np.arange(120) % 2 == 0
    x[:, 0] += 10 * infrared
    files, crops = survey(tmp_path, x, infrared=infrared)
    _, table = fit_all(tmp_path, files, crops, methods=("consensus",), params={"consensus": FEW})
    assert scores.adjusted_rand(table["cluster"].to_numpy(), y) > 0.9
    fit_all(tmp_path, files, crops, methods=("consensus",), params={"consensus": FEW, "reduce": {"centre": "all"}})
    from camtrap.core.files import read_json

    assert "centred" not in read_json(tmp_path / "reduced" / "info.json")
