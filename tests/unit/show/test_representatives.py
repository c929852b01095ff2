import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from clusterdata import survey

from camtrap.cluster.reduce import reduce
from camtrap.show.representatives import choose_representatives, farthest_points


def made(tmp_path, x, labels, **params):
    burst = params.pop("burst", None)
    files, crops = survey(tmp_path, x, **({"burst": pa.array(burst)} if burst else {}))
    reduce(files, crops, tmp_path / "r", {"space": "raw", "unit": "crop"})
    ids = pq.read_table(tmp_path / "r" / "ids.parquet")["crop_id"]
    pq.write_table(pa.table({"crop_id": ids, "cluster": pa.array(labels, pa.int32())}), tmp_path / "c.parquet")
    choose_representatives(tmp_path / "r", tmp_path / "c.parquet", tmp_path / "out.parquet", params)
    return pq.read_table(tmp_path / "out.parquet").to_pandas()


def picked(table, cluster, role):
    rows = table[(table.cluster == cluster) & (table.role == role)]
    assert rows["rank"].tolist() == list(range(len(rows)))
    return [int(crop[:6]) for crop in rows.crop_id]


def test_roles_on_a_line(tmp_path):
    # mean 3.0 of cluster 0; cluster 1 has one crop
    x = np.array([[1, 1], [2, 1], [3, 1], [4, 1], [5, 1], [9, 9]], np.float32)
    table = made(tmp_path, x, [0, 0, 0, 0, 0, 1], nearest=3, spread=3, outliers=2)
    assert picked(table, 0, "nearest") == [2, 1, 3]
    assert picked(table, 0, "spread") == [2, 0, 4]
    assert picked(table, 0, "outlier") == [4, 0]
    assert picked(table, 1, "nearest") == [5]
    np.testing.assert_allclose(table[(table.cluster == 0) & (table.role == "nearest")].distance, [0, 1, 1], atol=1e-6)


def test_one_crop_a_burst(tmp_path):
    x = np.array([[1, 1], [2, 1], [3, 1], [3.2, 1], [5.8, 1]], np.float32)  # mean 3
    table = made(tmp_path, x, [0] * 5, burst=["a", "b", "c", "c", "c"], nearest=5, spread=5, outliers=5)
    assert picked(table, 0, "nearest") == [2, 1, 0]
    assert picked(table, 0, "outlier") == [4, 0, 1]


def test_noise_is_a_group_too(tmp_path):
    table = made(tmp_path, np.eye(4, dtype=np.float32), [0, 0, -1, -1])
    assert sorted(table.cluster.unique()) == [-1, 0]


def test_no_crops(tmp_path):
    table = made(tmp_path, np.zeros((0, 3), np.float32), [])
    assert table.columns.tolist() == ["cluster", "role", "rank", "crop_id", "distance"]
    assert len(table) == 0


def test_farthest_points_by_hand():
    x = np.array([[0.0], [1], [4], [9], [10]])
    assert farthest_points(x, 3) == [0, 4, 2]
    assert sorted(farthest_points(x, 9)) == [0, 1, 2, 3, 4]
    assert farthest_points(np.zeros((3, 1)), 3) == [0, 1, 2]
