import numpy as np
import pandas as pd
import pytest

from camtrap.cluster import units
from camtrap.cluster.units import gather

SETTINGS = {"unit": "burst", "prototype": "mean", "agreement": 0.5, "space": "pca"}


def at(*degrees):
    angle = np.radians(degrees)
    return np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32)


def test_burst_that_agrees_is_one_unit():
    unit, mean, medoids, split = gather(at(0, 10, 26, 180), pd.Series(["a", "a", "a", "b"]), SETTINGS)
    assert unit.tolist() == [0, 0, 0, 1]
    direction = at(0, 10, 26).sum(0)
    np.testing.assert_allclose(mean[0], direction / np.linalg.norm(direction), atol=1e-5)
    assert medoids.tolist() == [1, 3]
    assert split == 0


def test_burst_that_disagrees_is_split():
    unit, _, _, split = gather(at(0, 90, 5, 95), pd.Series(["a"] * 4), SETTINGS)
    assert unit.tolist() == [0, 1, 0, 1]
    assert split == 1


def test_average_linkage_decides_not_the_worst_pair():
    # 0 and 70 degrees alone disagree (cosine 0.34), but their mean with 35 degrees between agrees
    unit, *_ = gather(at(0, 35, 70), pd.Series(["a"] * 3), SETTINGS)
    assert unit.max() == 0


def test_unit_crop_and_unknown_bursts():
    x = at(0, 1, 2)
    assert gather(x, pd.Series(["a", "a", "a"]), {**SETTINGS, "unit": "crop"})[0] is None
    assert gather(x, pd.Series([None, None, None]), SETTINGS)[0] is None
    assert gather(x, pd.Series(["a", None, "a"]), SETTINGS)[0].tolist() == [0, 1, 0]


def test_medoid_prototype_is_a_crop():
    _, prototypes, medoids, _ = gather(at(0, 10, 26), pd.Series(["a"] * 3), {**SETTINGS, "prototype": "medoid"})
    np.testing.assert_array_equal(prototypes[0], at(0, 10, 26)[medoids[0]])


def test_long_burst_is_cut_not_fatal():
    x = at(*np.linspace(0, 300, 700))
    unit, _, medoids, split = gather(x, pd.Series(["timelapse"] * 700), SETTINGS)
    assert split == 1
    assert len(medoids) == unit.max() + 1
    for part in range(unit.max() + 1):
        members = x[unit == part]
        assert (members @ members.T).mean() > 0.4


def test_no_crops():
    unit, prototypes, medoids, split = gather(np.zeros((0, 3), np.float32), pd.Series([], dtype=str), SETTINGS)
    assert unit is None
    assert prototypes is None
    assert len(medoids) == split == 0


@pytest.mark.parametrize("space", ["pca", "raw"])
def test_blocks_do_not_show(monkeypatch, space):
    x = np.random.default_rng(3).normal(size=(60, 4)).astype(np.float32)
    burst = pd.Series([f"b{i % 17}" for i in range(60)])
    params = {"unit": "burst", "prototype": "mean", "agreement": -0.5, "space": space}
    whole = units.gather(x, burst, params)
    monkeypatch.setattr(units, "_NUMBERS", 28)  # seven rows
    parts = units.gather(x, burst, params)
    assert len(whole[2]) < 60
    np.testing.assert_allclose(whole[1], parts[1], rtol=1e-6)
    assert [whole[0].tolist(), whole[2].tolist(), whole[3]] == [parts[0].tolist(), parts[2].tolist(), parts[3]]
