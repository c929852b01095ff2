"""Scores against scikit-learn, against brute force over pairs and permutations, and against cases worked by hand."""

from itertools import combinations, permutations

import numpy as np
import pytest
from sklearn import metrics as sk

from camtrap.evaluate import metrics, tables

# Hand-worked: deer and fox share cluster 0; bat is noise but for one crop; cluster 3 is all fox.
LABELS = np.array(["deer"] * 4 + ["fox"] * 3 + ["bat"] * 3)
CLUSTERS = np.array([0, 0, 0, 1, 0, 3, 3, 1, -1, -1])
SUGGESTION = np.array([-1, -1, -1, -1, -1, -1, -1, -1, 1, 3])


def draw(seed, n, n_labels, n_clusters, noise=0.0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_labels, n)
    clusters = np.where(rng.random(n) < 0.5, labels % n_clusters, rng.integers(0, n_clusters, n))
    return labels, np.where(rng.random(n) < noise, -1, clusters)


def spread_noise(clusters):
    """The same clustering with every noise crop given an id of its own."""
    return np.where(clusters < 0, 1000 + np.arange(len(clusters)), clusters)


def sklearn_scores(labels, clusters):
    homogeneity, completeness, v = sk.homogeneity_completeness_v_measure(labels, clusters)
    return {
        "ari": sk.adjusted_rand_score(labels, clusters),
        "ami": sk.adjusted_mutual_info_score(labels, clusters),
        "homogeneity": homogeneity,
        "completeness": completeness,
        "v_measure": v,
        "fowlkes_mallows": sk.fowlkes_mallows_score(labels, clusters),
    }


@pytest.mark.parametrize("noise", metrics.NOISE_WAYS)
@pytest.mark.parametrize(("seed", "n", "n_labels", "n_clusters"), [(0, 300, 5, 7), (1, 2000, 12, 3), (2, 40, 9, 30)])
def test_scores_that_scikit_learn_has(seed, n, n_labels, n_clusters, noise):
    labels, clusters = draw(seed, n, n_labels, n_clusters, noise=0.2)
    suggestion = np.roll(np.arange(n) % n_clusters, 1)
    ours = metrics.score(labels, clusters, noise, suggestion)
    if noise == "dropped":
        labels, clusters = labels[clusters >= 0], clusters[clusters >= 0]
    elif noise == "nearest":
        clusters = np.where(clusters < 0, suggestion, clusters)
    theirs = sklearn_scores(labels, spread_noise(clusters))
    assert {name: ours[name] for name in theirs} == pytest.approx(theirs, abs=1e-10)


@pytest.mark.parametrize(
    ("labels", "clusters"),
    [
        ([0, 0, 1, 1], [5, 5, 2, 2]),  # perfect
        ([0, 0, 0, 0], [1, 1, 1, 1]),  # one label, one cluster
        ([0, 0, 0, 0], [0, 1, 2, 3]),
        ([0, 1, 2, 3], [0, 0, 0, 0]),
        ([0, 1, 2, 3], [0, 1, 2, 3]),
        ([0, 0, 0, 0], [-1, -1, -1, -1]),
        ([0, 1, 2, 2], [-1, -1, -1, -1]),
        ([0], [0]),
        ([0], [-1]),
    ],
)
def test_degenerate_cases_are_scikit_learns(labels, clusters):
    ours = metrics.score(labels, clusters)
    with np.errstate(all="ignore"):
        theirs = sklearn_scores(labels, spread_noise(np.array(clusters)))
    assert {name: ours[name] for name in theirs} == pytest.approx(theirs, abs=1e-12)


def test_pair_scores_by_counting_pairs():
    labels, clusters = draw(3, 60, 4, 5, noise=0.15)
    flat = spread_noise(clusters)
    pairs = [(labels[i] == labels[j], flat[i] == flat[j]) for i, j in combinations(range(60), 2)]
    both, either = sum(a and b for a, b in pairs), sum(a or b for a, b in pairs)
    assert metrics.score(labels, clusters)["pair_jaccard"] == pytest.approx(both / either)


def test_matching_by_trying_every_permutation():
    labels, clusters = draw(4, 80, 4, 6, noise=0.1)
    kept = clusters >= 0
    table = np.array([[((labels == i) & (clusters == j)).sum() for j in range(6)] for i in range(4)])
    best = max(sum(table[i, p[i]] for i in range(4)) for p in permutations(range(6), 4))
    assert metrics.score(labels, clusters, "dropped")["hungarian_accuracy"] == pytest.approx(best / kept.sum())


def test_majority_scores_are_scikit_learns_after_mapping():
    labels, clusters = draw(5, 500, 9, 6)
    mapped = clusters.copy()
    for cluster in np.unique(clusters):
        mapped[clusters == cluster] = np.bincount(labels[clusters == cluster]).argmax()
    ours = metrics.score(labels, clusters)
    assert ours["macro_jaccard_majority"] == pytest.approx(sk.jaccard_score(labels, mapped, average="macro"))
    assert ours["macro_f1_majority"] == pytest.approx(sk.f1_score(labels, mapped, average="macro"))
    assert ours["purity"] == pytest.approx((labels == mapped).mean())
    assert ours["inverse_purity"] == pytest.approx(metrics.score(clusters, labels)["purity"])


def test_hand_worked_with_noise_three_ways():
    dropped = metrics.score(LABELS, CLUSTERS, "dropped")
    # Clusters 0: 3 deer, 1 fox; 1: 1 bat, 1 deer (the tie goes to bat); 3: 2 fox.
    assert dropped["purity"] == pytest.approx(6 / 8)
    assert dropped["inverse_purity"] == pytest.approx((3 + 2 + 1) / 8)
    assert dropped["hungarian_accuracy"] == pytest.approx((3 + 2 + 1) / 8)
    assert dropped["macro_f1_hungarian"] == pytest.approx((6 / 8 + 4 / 5 + 2 / 3) / 3)
    assert dropped["macro_jaccard_majority"] == pytest.approx((3 / 5 + 2 / 3 + 1 / 2) / 3)
    assert dropped["species_recalled"] == pytest.approx(2 / 3)  # bat is half, not more than half, of cluster 1

    singletons = metrics.score(LABELS, CLUSTERS, "singletons")
    assert singletons["purity"] == pytest.approx(8 / 10)
    assert singletons["hungarian_accuracy"] == pytest.approx(6 / 10)
    assert singletons["inverse_purity"] == pytest.approx(6 / 10)
    assert singletons["species_recalled"] == pytest.approx(2 / 3)

    nearest = metrics.score(LABELS, CLUSTERS, "nearest", SUGGESTION)
    # Clusters 1: 2 bat, 1 deer; 3: 2 fox, 1 bat.
    assert nearest["purity"] == pytest.approx((3 + 2 + 2) / 10)
    assert nearest["species_recalled"] == 1.0


def test_one_noise_crop_is_matched_to_its_label():
    score = metrics.score(["a", "a", "b"], [0, 0, -1])
    assert score["hungarian_accuracy"] == 1.0
    assert score["macro_f1_hungarian"] == 1.0


def test_a_stack_of_tables_is_scored_as_each_of_them():
    rng = np.random.default_rng(6)
    stack, singles = rng.integers(0, 9, (2, 3, 4, 5)), rng.integers(0, 3, (2, 3, 4))
    stacked = metrics.scores(stack, singles)
    for name in metrics.SCORES:
        for index in np.ndindex(2, 3):
            assert stacked[name][index] == metrics.scores(stack[index], singles[index])[name]


def test_expected_information_of_large_sizes():
    from sklearn.metrics.cluster import contingency_matrix, expected_mutual_information

    labels, clusters = draw(7, 30_000, 6, 11)
    table = contingency_matrix(labels, clusters, sparse=True)
    ours = tables.expected_mutual_information(np.bincount(labels), np.bincount(clusters))
    assert ours == pytest.approx(expected_mutual_information(table, 30_000), rel=1e-9)


def test_ari_between_two_clusterings():
    first, second = draw(8, 300, 6, 6, noise=0.1)[1], draw(9, 300, 6, 4, noise=0.2)[1]
    oracle = sk.adjusted_rand_score(spread_noise(first), spread_noise(second) + 10_000)
    assert metrics.ari_between(first, second) == pytest.approx(oracle)
    assert metrics.ari_between(first, first) == 1.0


def test_species_recalled_by_abundance():
    labels = ["deer"] * 6 + ["fox"] * 5 + ["bat"] * 2
    clusters = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2]
    bursts = [0, 0, 1, 2, 3, 4, 10, 11, 12, 13, 13, 20, 21]
    species, classes = metrics.recalled(labels, clusters, bursts)
    assert [(s["label"], s["bursts"], s["abundance"], s["recalled"], s["most_common"]) for s in species] == [
        ("bat", 2, "1-4", False, True),  # half of cluster 2, and first in sorting order
        ("deer", 5, "5-9", True, True),
        ("fox", 4, "1-4", True, True),
    ]
    assert [(c["abundance"], c["species"], c["recalled"], c["share"]) for c in classes] == [
        ("1-4", 2, 1, 0.5),
        ("5-9", 1, 1, 1.0),
        ("10-29", 0, 0, None),
        ("30+", 0, 0, None),
    ]


def test_all_noise_dropped_has_no_score():
    assert np.isnan(metrics.score(["a", "b"], [-1, -1], "dropped")["ami"])
    species, _ = metrics.recalled(["a", "b"], [-1, -1], [1, 2])
    assert [s["recalled"] for s in species] == [False, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], [0, 1]), "1 labels but 2 clusters"),
        ((["a", None], [0, 1]), "a label is missing"),
        ((["a"], [0], "ignored"), "dropped, singletons, nearest"),
        ((["a"], [0], "nearest"), "suggestion"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        metrics.score(*arguments)
