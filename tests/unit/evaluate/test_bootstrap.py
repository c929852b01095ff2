"""The bootstrap over bursts against a bootstrap that repeats the crops themselves."""

import numpy as np
import pytest

from camtrap.evaluate import bootstrap, metrics


def draw(n_bursts, seed=0, size=3):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, n_bursts)
    clusters = np.where(rng.random(n_bursts) < 0.7, labels, rng.integers(-1, 5, n_bursts))
    names = np.array([f"burst{i:05d}" for i in range(n_bursts)])
    return tuple(np.repeat(x, size) for x in (labels, clusters, names))


@pytest.mark.parametrize("noise", metrics.NOISE_WAYS)
def test_replicates_are_those_of_repeated_crops(noise):
    labels, clusters, bursts = draw(40)
    suggestion = np.where(labels > 2, -1, labels)
    ours = bootstrap.resample(labels, clusters, bursts, noise, suggestion, resamples=5, seed=3)
    names, rng = np.unique(bursts), np.random.default_rng(3)
    for i in range(5):
        chosen = names[rng.integers(0, len(names), len(names))]
        crops = np.concatenate([np.flatnonzero(bursts == name) for name in chosen])
        plain = metrics.score(labels[crops], clusters[crops], noise, suggestion[crops])
        assert {name: ours[name][i] for name in plain} == pytest.approx(plain, abs=1e-12)


def test_order_of_crops_and_size_of_chunks_change_nothing(monkeypatch):
    labels, clusters, bursts = draw(30)
    first = bootstrap.intervals(labels, clusters, bursts, resamples=20, seed=1)
    order = np.random.default_rng(0).permutation(len(labels))
    assert bootstrap.intervals(labels[order], clusters[order], bursts[order], resamples=20, seed=1) == first
    assert bootstrap.intervals(labels, clusters, bursts, resamples=20, seed=2) != first
    monkeypatch.setattr(bootstrap, "CELLS_AT_ONCE", 70)
    assert bootstrap.intervals(labels, clusters, bursts, resamples=20, seed=1) == first


def test_intervals_by_bursts_are_wider_than_by_crops():
    labels, clusters, bursts = draw(100, size=5)
    by_burst = bootstrap.intervals(labels, clusters, bursts, resamples=200)["ari"]
    by_crop = bootstrap.intervals(labels, clusters, np.arange(len(labels)), resamples=200)["ari"]
    # Five equal crops a burst: the standard error grows by the root of five.
    ratio = (by_burst["high"] - by_burst["low"]) / (by_crop["high"] - by_crop["low"])
    assert 5**0.5 * 0.7 < ratio < 5**0.5 * 1.4


def test_intervals_cover_what_the_score_is_on_average():
    samples = [draw(120, seed=seed) for seed in range(60)]
    centre = np.mean([metrics.score(y, c)["ari"] for y, c, _ in samples])
    intervals = [bootstrap.intervals(*sample, resamples=100, confidence=0.9)["ari"] for sample in samples]
    covered = np.mean([i["low"] <= centre <= i["high"] for i in intervals])
    assert 0.8 <= covered <= 0.99


def test_a_perfect_clustering_and_none_at_all():
    labels, _, bursts = draw(20)
    assert bootstrap.intervals(labels, labels, bursts, resamples=10)["ari"] == pytest.approx(
        {"value": 1.0, "low": 1.0, "high": 1.0, "bias": 0.0}
    )
    nothing = bootstrap.intervals(labels, np.full(60, -1), bursts, noise="dropped", resamples=10)["ami"]
    assert all(np.isnan(x) for x in nothing.values())


def test_bursts_for_other_crops_are_refused():
    labels, clusters, bursts = draw(5)
    with pytest.raises(ValueError, match="15 labels but 14 bursts"):
        bootstrap.intervals(labels, clusters, bursts[1:])
