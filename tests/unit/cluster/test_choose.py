import numpy as np
import pytest
from clusterdata import blobs, fit_all, survey

from camtrap.cluster import nuisance, scores, verdict
from camtrap.cluster.choose import number


def test_numbers_by_size_then_by_first_crop():
    assert number(np.array([7, 3, 3, -1, 9, 7, 7, 5]), 8).tolist() == [0, 1, 1, -1, 2, 0, 0, 3]


def rows(**scores_):
    ks = (2, 3, 4)
    return [{"k": k, "k_found": k, **{name: values[i] for name, values in scores_.items()}} for i, k in enumerate(ks)]


def test_each_criterion_chooses_its_own_k():
    table = rows(silhouette=(0.2, 0.5, 0.4), bic=(9.0, 8.0, 7.0), icl=(7.0, 8.0, 9.0), stability=(0.9, 0.8, 0.7))
    chosen = {name: verdict.choose_k(table, name)[1]["k"] for name in ("auto", "silhouette", "bic", "icl", "stability")}
    assert chosen == {"auto": 3, "silhouette": 3, "bic": 4, "icl": 2, "stability": 2}
    report = verdict.choose_k(table, "auto")[1]
    assert report["reason"].startswith("k = 3 has the highest silhouette (0.5)")
    assert report["best"] == {"silhouette": 3, "bic": 4, "icl": 2, "stability": 2}


def test_ties_go_to_the_smaller_k():
    assert verdict.choose_k(rows(silhouette=(0.5, 0.5, 0.4)), "auto")[1]["k"] == 2


def test_undefined_scores_are_said():
    best, report = verdict.choose_k(rows(silhouette=(None, None, None)), "auto")
    assert best == 0
    assert "too few units for any score" in report["reason"]
    report = verdict.choose_k(rows(silhouette=(0.2, 0.5, 0.4), stability=(None, None, None)), "stability")[1]
    assert "too few units for the stability" in report["reason"]


def test_auto_takes_the_lowest_rank():
    methods = {
        name: {"k": 3} for name in ("gmm", "ward", "kmeans", "hdbscan", "leiden", "average", "spherical", "consensus")
    }
    order = []
    while methods:
        order.append(verdict.choose_primary(methods, "auto")[0])
        del methods[order[-1]]
    assert order == ["consensus", "average", "leiden", "hdbscan", "kmeans", "gmm", "ward", "spherical"]


def test_primary_by_name_or_refused():
    assert verdict.choose_primary({"gmm": {"k": 4}, "leiden": {"k": 3}}, "gmm")[0] == "gmm"
    with pytest.raises(ValueError, match=r"'kmeans' was not fitted \(there are: gmm, leiden\)"):
        verdict.choose_primary({"gmm": {"k": 4}, "leiden": {"k": 3}}, "kmeans")


@pytest.fixture(scope="module")
def chosen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chosen")
    x, y = blobs((60, 45, 30, 15), dims=24)
    station = np.where(y < 2, "A", "B").astype(object)
    burst = [f"b{i}" for i in range(len(x))]
    for i in np.flatnonzero(y == 0)[::2]:  # some bursts of two: the next crop of the kind joins
        later = np.flatnonzero((y == 0) & (np.arange(len(y)) > i))
        if len(later):
            burst[later[0]] = burst[i]
    import pyarrow as pa

    files, crops = survey(folder, x, station=pa.array(station.tolist()), burst=pa.array(burst))
    choice, table = fit_all(folder, files, crops, ks=(2, 3, 4, 6))
    return folder, choice, table, y


def test_sweeps_choose_the_true_k(chosen):
    _, choice, table, y = chosen
    for method in ("kmeans", "gmm"):
        assert choice["sweeps"][method]["k"] == 4
        assert scores.adjusted_rand(table[method].to_numpy(), y) == 1


def test_table_is_complete_and_sorted(chosen):
    _, choice, table, y = chosen
    assert table.crop_id.is_monotonic_increasing
    assert len(table) == len(y)
    assert [str(table[c].dtype) for c in ("cluster", "probability", "distance", "suggestion", "coarse", "fine")] == [
        "int32",
        "float32",
        "float32",
        "int32",
        "int32",
        "int32",
    ]
    assert table.cluster.value_counts().sort_index().is_monotonic_decreasing
    assert table.probability.between(0, 1).all()
    assert choice["k"] == table.cluster.max() + 1


def test_layers_nest(chosen):
    _, _, table, _ = chosen
    kept = table[table.cluster >= 0]
    assert (kept.groupby("fine").cluster.nunique() == 1).all()
    assert (kept.groupby("cluster").coarse.nunique() == 1).all()
    assert kept.coarse.nunique() < kept.cluster.nunique() < kept.fine.nunique()


def test_crops_of_a_unit_share_a_label(chosen):
    import pyarrow.parquet as pq

    folder, _, table, _ = chosen
    unit = pq.read_table(folder / "reduced" / "ids.parquet").to_pandas()["unit"]
    assert unit.nunique() < len(table)
    assert (table.groupby(unit.to_numpy()).cluster.nunique() == 1).all()


def test_distance_is_to_the_clusters_mean(chosen):
    folder, _, table, _ = chosen
    x = np.load(folder / "reduced" / "vectors.npy")
    members = (table.cluster == 1).to_numpy()
    np.testing.assert_allclose(
        table.distance[members], np.linalg.norm(x[members] - x[members].mean(0), axis=1), atol=1e-5
    )


def test_nuisance_is_scikit_learns_over_units(chosen):
    import pyarrow.parquet as pq
    from sklearn.metrics import adjusted_mutual_info_score

    folder, _, table, _ = chosen
    got = nuisance.nuisance(folder / "clusters.parquet", folder / "reduced", folder / "nuisance.json")
    ids = pq.read_table(folder / "reduced" / "ids.parquet").to_pandas()
    first = ~ids.unit.duplicated()
    expected = adjusted_mutual_info_score(ids.station[first], table.cluster[first.to_numpy()])
    assert got["station"]["ami"] == pytest.approx(expected)
    assert got["infrared"] == {"ami": None, "values": 1, "crops": int(first.sum())}


def test_shards_and_threads_do_not_show(tmp_path):
    import faiss

    x, _ = blobs((50, 40, 30), dims=24, spread=1.2)
    one = survey(tmp_path / "one", x, shards=1)
    many = survey(tmp_path / "many", x, shards=5, seed=9)
    a = fit_all(tmp_path / "a", *one)[1]
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        b = fit_all(tmp_path / "b", many[0][::-1], many[1])[1]
    finally:
        faiss.omp_set_num_threads(threads)
    assert a.equals(b)
