import csv

import numpy as np
import pyarrow.parquet as pq
import pytest
from clusterdata import blobs, survey

from camtrap.cluster.reduce import reduce
from camtrap.cluster.reduced import FILES
from camtrap.core.errors import UserError


def vectors(folder):
    return np.load(folder / "vectors.npy")


def test_pca_is_that_of_numpy(tmp_path):
    x, _ = blobs(dims=20)
    files, crops = survey(tmp_path, x)
    info = reduce(files, crops, tmp_path / "out", {"dims": 6})
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    centred = unit.astype(float) - unit.mean(0, dtype=float)
    _, s, axes = np.linalg.svd(centred, full_matrices=False)
    expected = centred @ axes[:6].T
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    got = vectors(tmp_path / "out")
    np.testing.assert_allclose(np.abs(got), np.abs(expected), atol=2e-5)
    assert info["explained_variance"] == pytest.approx((s[:6] ** 2).sum() / (s**2).sum(), rel=1e-6)
    assert {file.name for file in (tmp_path / "out").iterdir()} == set(FILES)


def test_covariance_and_svd_agree(tmp_path):
    x, _ = blobs((60, 60), dims=8)
    from camtrap.cluster.reduce import fit_pca

    mode = np.zeros(len(x), int)
    wide = np.hstack([x, np.zeros((len(x), 200), np.float32)])  # more columns than rows: the other way of computing
    a, b = fit_pca(x, mode, 4), fit_pca(wide, mode, 4)
    np.testing.assert_allclose(a["variance"], b["variance"], rtol=1e-8)
    np.testing.assert_allclose(a["components"], b["components"][:, :8], atol=1e-7)


def test_order_of_shards_does_not_show(tmp_path):
    x, _ = blobs(dims=24)
    one = survey(tmp_path / "one", x, shards=1)
    many = survey(tmp_path / "many", x, shards=7, seed=3)
    reduce(one[0], one[1], tmp_path / "a", {"dims": 8})
    reduce(many[0][::-1], many[1], tmp_path / "b", {"dims": 8})
    for name in ("vectors.npy", "units.npy"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_sample_gives_nearly_the_same_space_and_is_recorded(tmp_path):
    x, _ = blobs((300, 200, 100), dims=24)
    files, crops = survey(tmp_path, x)
    whole = reduce(files, crops, tmp_path / "whole", {"dims": 2})
    part = reduce(files, crops, tmp_path / "part", {"dims": 2, "pca_sample": 200})
    assert whole["switches"] == []
    assert [(s["size"], s["limit"]) for s in part["switches"]] == [(600, 200)]
    a, b = vectors(tmp_path / "whole"), vectors(tmp_path / "part")
    assert np.abs((a @ a.T) - (b @ b.T)).mean() < 0.05


def test_raw_space_keeps_the_numbers(tmp_path):
    x, _ = blobs(dims=5)
    files, crops = survey(tmp_path, x)
    reduce(files, crops, tmp_path / "out", {"space": "raw", "unit": "crop"})
    np.testing.assert_array_equal(vectors(tmp_path / "out"), x)
    ids = pq.read_table(tmp_path / "out" / "ids.parquet")["crop_id"].to_pylist()
    assert ids == sorted(ids)


@pytest.mark.parametrize("space", ["pca", "raw"])
def test_crops_without_a_usable_embedding_are_listed(tmp_path, space):
    x, _ = blobs(dims=6)
    x[5] = np.nan
    x[6] = 0
    clustered = np.ones(len(x), bool)
    clustered[9] = False
    files, crops = survey(tmp_path, x, drop=(2,), clustered=clustered)
    info = reduce(files, crops, tmp_path / "out", {"space": space})
    lost = list(csv.reader((tmp_path / "out" / "missing.csv").read_text().splitlines()))[1:]
    assert [row[0] for row in lost] == ["000002-crop", "000005-crop", "000006-crop"]
    assert "no embedding in shard" in lost[0][1]
    assert "not finite" in lost[1][1]
    assert info["n_crops"] == len(x) - 4 == len(vectors(tmp_path / "out"))


def test_shard_without_embeddings_costs_only_its_crops(tmp_path):
    x, _ = blobs(dims=6)
    files, crops = survey(tmp_path, x)
    info = reduce(files[1:], crops, tmp_path / "out")
    assert info["n_missing"] == pq.read_table(files[0]).num_rows
    assert info["n_crops"] + info["n_missing"] == len(x)


def test_mixed_lengths_are_refused_with_both_files(tmp_path):
    x, _ = blobs(dims=6)
    files, crops = survey(tmp_path, x)
    survey(tmp_path / "other", x[:, :5])
    with pytest.raises(UserError, match=r"shard2\.parquet: embeddings of 5 numbers, but .*shard0\.parquet has 6"):
        reduce([*files[:2], tmp_path / "other" / "shard2.parquet"], crops, tmp_path / "out")


def test_mode_centring_takes_the_offset_of_the_night_away(tmp_path):
    x, y = blobs((60, 60), dims=16)
    night = np.random.default_rng(1).random(len(x)) < 0.5
    x[night] += 2 * np.ones(16, np.float32) / 4
    files, crops = survey(tmp_path, x, infrared=night)

    def gap(centre):
        reduce(files, crops, tmp_path / centre, {"dims": 4, "centre": centre})
        v = vectors(tmp_path / centre)
        return max(np.linalg.norm(v[(y == k) & night].mean(0) - v[(y == k) & ~night].mean(0)) for k in (0, 1))

    assert gap("mode") < 0.5 * gap("all")


def test_whitening_evens_the_variances(tmp_path):
    x, _ = blobs((100, 100, 100), dims=12, spread=1.0)
    files, crops = survey(tmp_path, x)
    reduce(files, crops, tmp_path / "plain", {"dims": 6})
    reduce(files, crops, tmp_path / "white", {"dims": 6, "whiten": True})
    plain, white = (vectors(tmp_path / name).var(0) for name in ("plain", "white"))
    assert white.max() / white.min() < plain.max() / plain.min()


def test_float16_embeddings(tmp_path):
    x, _ = blobs(dims=12)
    a = survey(tmp_path / "a", x.astype(np.float16).astype(np.float32))
    b = survey(tmp_path / "b", x, dtype=np.float16)
    for (files, crops), name in ((a, "ra"), (b, "rb")):
        reduce(files, crops, tmp_path / name, {"dims": 4})
    np.testing.assert_array_equal(vectors(tmp_path / "ra"), vectors(tmp_path / "rb"))


def test_unknown_setting_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"cluster\.reduce: unknown setting 'dim'"):
        reduce([], tmp_path / "none", tmp_path, {"dim": 3})
