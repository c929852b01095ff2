import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from clusterdata import blobs, survey

from camtrap.cluster.reduce import reduce
from camtrap.cluster.settings import fill
from camtrap.show import maps


def made(tmp_path, x, **params):
    files, crops = survey(tmp_path, x)
    reduce(files, crops, tmp_path / "r", {"dims": 8})
    info = maps.project(tmp_path / "r", tmp_path / "p.parquet", params, 0, tmp_path / "p.json")
    return info, pq.read_table(tmp_path / "p.parquet").to_pandas()


def agreement(xy, y):
    """Return the share of crops whose nearest crop on the map is of their own kind."""
    d = ((xy[:, None] - xy[None]) ** 2).sum(2)
    np.fill_diagonal(d, np.inf)
    return (y[d.argmin(1)] == y).mean()


def test_tsne_keeps_groups_apart_and_reports_convergence(tmp_path):
    x, y = blobs((50, 40, 30), dims=16)
    info, table = made(tmp_path, x, methods=["tsne"])
    assert agreement(table[["tsne_x", "tsne_y"]].to_numpy(), y) > 0.98
    assert info["tsne"]["kl"] > 0
    assert info["tsne"]["converged"] is True
    assert table.umap_x.isna().all()
    assert table.sampled.all()


def test_rest_is_placed_among_its_kind(tmp_path):
    x, y = blobs((90, 70, 50), dims=16)
    info, table = made(tmp_path, x, methods=["tsne"], sample=70)
    assert table.sampled.sum() == 70
    assert info["switches"][0]["limit"] == 70
    assert agreement(table[["tsne_x", "tsne_y"]].to_numpy(), y) > 0.95
    assert table.tsne_x.notna().all()


def test_same_again(tmp_path):
    x, _ = blobs((30, 20), dims=16)
    a = made(tmp_path / "a", x, methods=["tsne"], iterations=100)[1]
    b = made(tmp_path / "b", x, methods=["tsne"], iterations=100)[1]
    assert a.equals(b)


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_tiny_surveys(tmp_path, n):
    x = np.random.default_rng(0).normal(size=(n, 8)).astype(np.float32)
    _, table = made(tmp_path, x)
    assert len(table) == n
    assert table[["tsne_x", "umap_x"]].notna().all().all()


def test_copies_of_one_crop_have_no_plane():
    """t-SNE divides by their spread: the divergence was not a number, and the job failed. (Only `space: raw` keeps them.)"""
    few = np.tile(np.arange(1, 9, dtype=np.float32), (12, 1))
    for embed in (maps._tsne, maps._umap):
        xy, info = embed(few, fill("project", {}), 0)
        assert np.isfinite(xy).all()
        assert json.dumps(info, allow_nan=False)


def test_own_nearest_leaves_the_row_out():
    few = np.array([[0, 0], [0, 0], [1, 0], [5, 0]], np.float32)
    index, distance = maps._own_nearest(few, 2)
    assert index[0].tolist() == [1, 2]
    assert index[3].tolist() == [2, 0] or index[3].tolist() == [2, 1]
    np.testing.assert_allclose(distance[3], [4, 5])
