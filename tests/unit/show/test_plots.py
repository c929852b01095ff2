"""What the figures show is what they were given; texts keep clear of each other; bytes repeat."""

import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from matplotlib.patches import Circle, Wedge

from camtrap.show import plots
from camtrap.show.plots import labels, style


def blobs(n, k, seed=0):
    rng = np.random.default_rng(seed)
    cluster = rng.integers(0, k, n)
    return rng.normal(0, 20, (k, 2))[cluster] + rng.normal(0, 2, (n, 2)), cluster


def texts_of(axes):
    figure = axes.figure
    figure.draw_without_rendering()
    return [text for text in axes.texts if text.get_text()]


def test_boxes_are_spread_until_none_overlap():
    rng = np.random.default_rng(0)
    start = np.vstack([rng.normal(200, 25, (58, 2)), [[200, 200], [200, 200]]])
    boxes = np.tile([22.0, 12.0], (60, 1))
    centres = labels.spread(start, boxes, (0, 0), (400, 400))
    for i, j in combinations(range(60), 2):
        assert (np.abs(centres[i] - centres[j]) >= (boxes[i] + boxes[j]) / 2 - 1e-6).any()
    assert (centres >= boxes / 2).all()
    assert (centres <= 400 - boxes / 2).all()


def test_boxes_that_are_apart_stay():
    start = np.array([[50.0, 50.0], [150.0, 50.0]])
    assert labels.spread(start, np.full((2, 2), 20.0), (0, 0), (200, 200)) == pytest.approx(start, abs=0.02)


def test_numbers_of_sixty_clusters_do_not_overlap_as_drawn():
    figure = plots.scatter(*blobs(2_000, 60), "cluster")
    texts = texts_of(figure.axes[0])
    assert sorted(text.get_text() for text in texts) == sorted(str(i) for i in range(60))
    frame = figure.axes[0].get_window_extent()
    for text in texts:
        box = text.get_window_extent()
        assert frame.x0 <= box.x0
        assert box.x1 <= frame.x1
    for first, second in combinations(texts, 2):
        assert not first.get_window_extent().overlaps(second.get_window_extent())


def test_clusters_beside_each_other_have_different_colours():
    coords, cluster = blobs(600, 40, seed=1)
    figure = plots.scatter(coords, cluster, "cluster")
    points = figure.axes[0].collections[0]
    drawn = {
        tuple(xy): tuple(colour)
        for xy, colour in zip(np.asarray(points.get_offsets()), points.get_facecolors(), strict=True)
    }
    centres = np.array([np.median(coords[cluster == i], axis=0) for i in range(40)])
    colours = [drawn[tuple(coords[cluster == i][0])] for i in range(40)]
    distance = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1)) + np.eye(40) * 1e9
    assert all(colours[i] != colours[distance[i].argmin()] for i in range(40))
    assert len(set(colours)) == len(style.COLOURS)


def test_noise_is_grey_and_named():
    coords, cluster = blobs(50, 3)
    cluster[:7] = -1
    figure = plots.scatter(coords, cluster, "cluster", title="UMAP")
    assert figure.axes[0].get_title(loc="left") == "UMAP: 50 crops, 3 clusters, 7 noise (grey)"
    from matplotlib.colors import to_rgba

    grey = to_rgba(style.GREY, 0.75)
    assert (figure.axes[0].collections[0].get_facecolors() == grey).all(axis=1).sum() == 7


def test_the_legend_keeps_clear_of_the_data():
    coords, cluster = blobs(300, 5)
    names = np.array(["a station of a very long name indeed", "B", "C", None, "E"], object)[cluster]
    figure = plots.scatter(coords, names, "station")
    figure.draw_without_rendering()
    legend = figure.legends[0]
    assert not legend.get_window_extent().overlaps(figure.axes[0].get_window_extent())
    assert figure.bbox.x1 >= legend.get_window_extent().x1
    assert (
        sum(f"({(cluster == 3).sum()})" in text.get_text() and "unknown" in text.get_text() for text in legend.texts)
        == 1
    )


def test_many_stations_have_a_map_each_and_one_for_the_rest():
    rng = np.random.default_rng(2)
    station = np.array([f"S{i:02d}" for i in rng.integers(0, 20, 900)])
    figure = plots.scatter(rng.normal(size=(900, 2)), station, "station")
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]
    assert len(titles) == 13
    assert titles[-1].startswith("8 others")
    assert sum(int(title.split("\n")[1].split()[0]) for title in titles) == 900
    blue = [len(axes.collections[1].get_offsets()) for axes in figure.axes if axes.collections]
    assert blue == [int(title.split("\n")[1].split()[0]) for title in titles]


@pytest.mark.parametrize("stations", [2, 20])
def test_dollars_in_names_are_no_formula(tmp_path, stations):
    names = [rf"$\frac{{${number}" for number in range(stations)]
    figure = plots.scatter(np.random.default_rng(0).normal(size=(stations, 2)), names, "station")
    plots.save(figure, tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 1000


def test_the_same_bytes_twice_and_no_date(tmp_path):
    written = []
    for turn in ("a", "b"):
        paths = [tmp_path / f"{turn}.png", tmp_path / f"{turn}.svg"]
        plots.save(plots.scatter(*blobs(200, 4), "cluster"), paths, dpi=60)
        written.append([path.read_bytes() for path in paths])
    assert written[0] == written[1]
    assert b"<dc:date>" not in written[0][1]
    assert b"matplotlib" not in written[0][0].lower()


def test_many_points_are_a_picture_in_the_svg(tmp_path):
    plots.save(plots.scatter(*blobs(5_000, 4), "cluster"), tmp_path / "many.svg", dpi=60)
    many = (tmp_path / "many.svg").read_text()
    assert many.count("<image") == 1
    assert many.count("<use") < 500
    plots.save(plots.scatter(*blobs(50, 4), "cluster"), tmp_path / "few.svg", dpi=60)
    assert "<image" not in (tmp_path / "few.svg").read_text()


def test_a_figure_of_another_kind_of_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"saved as \.png or \.svg"):
        plots.save(plots.scatter(*blobs(5, 2), "cluster"), tmp_path / "x.pdf")


SCORES = [
    {
        "method": method,
        "k": k,
        "silhouette": 0.1 * k - i,
        "inertia": 1e6 / k if method == "kmeans" else None,
        "bic": -2e5 * k,
        "covariance": cov,
    }
    for i, (method, cov) in enumerate([("kmeans", None), ("gmm", "diag"), ("gmm", "full")])
    for k in (4, 2, 3)
]


def test_a_sweep_shows_each_score_over_k():
    figure = plots.sweep(SCORES, {"kmeans": 3, ("gmm", "full"): 2})
    panels = {axes.get_title(loc="left").split("  ")[0]: axes for axes in figure.axes if axes.get_title(loc="left")}
    assert list(panels) == ["Elbow: inertia", "Silhouette ↑", "BIC (K-Means) ↓", "BIC (Gaussian mixture) ↓"]
    lines = [line for line in panels["Silhouette ↑"].lines if len(line.get_xdata()) == 3]
    assert [list(line.get_xdata()) for line in lines] == [[2, 3, 4]] * 3
    assert sorted(line.get_ydata()[0] for line in lines) == pytest.approx([0.2 - 2, 0.2 - 1, 0.2])
    assert panels["Elbow: inertia"].get_title(loc="left").endswith("[10$^{5}$]")
    assert panels["Elbow: inertia"].lines[0].get_ydata() == pytest.approx([5.0, 10 / 3, 2.5])
    # The chosen k: a point of its own and an upright line.
    marked = [tuple(line.get_xdata()) for line in panels["BIC (Gaussian mixture) ↓"].lines if len(line.get_xdata()) < 3]
    assert sorted(marked) == [(2,), (2, 2)]
    assert [text.get_text() for text in figure.legends[0].texts] == [
        "K-Means: k = 3",
        "Gaussian mixture, diag",
        "Gaussian mixture, full: k = 2",
    ]
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    assert not any(box.overlaps(axes.get_tightbbox()) for axes in panels.values())


def test_the_silhouette_diagram_shows_every_cluster():
    values = np.array([0.5, 0.1, 0.3, -0.2, 0.8, 0.9])
    figure = plots.silhouette_diagram(values, [3, 3, 3, 7, -1, 7])
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["3 (3)", "7 (2)"]
    assert "5 crops; mean 0.32" in axes.get_title(loc="left")
    reach = [(c.get_paths()[0].vertices[:, 0].min(), c.get_paths()[0].vertices[:, 0].max()) for c in axes.collections]
    assert np.array(reach) == pytest.approx(np.array([[0, 0.5], [-0.2, 0.9]]))


def test_stability_shows_means_and_the_plateau():
    pairs = np.array([[0.5, 0.7], [0.9, 0.9], [0.2, 0.4]])
    figure = plots.stability([0.25, 1, 4], pairs, [3, 8, 20], chosen=1, plateau=(0.5, 2))
    upper, lower = figure.axes
    assert upper.lines[1].get_ydata() == pytest.approx([0.6, 0.9, 0.3])
    assert list(lower.lines[1].get_ydata()) == [3, 8, 20]
    assert upper.get_title(loc="left") == "Stability; chosen 1 (dashed); plateau 0.5 to 2 (grey)"


def clocks(figure):
    """{hour: area as a share of the whole clock's sector} of each clock, by its title."""
    axes = figure.axes[0]
    titles = [text for text in axes.texts if "(" in text.get_text()]
    whole = [patch for patch in axes.patches if isinstance(patch, Circle)]
    found = {}
    for title, circle in zip(titles, whole, strict=True):
        assert title.get_position()[0] == circle.center[0]
        wedges = [patch for patch in axes.patches if isinstance(patch, Wedge) and patch.center == circle.center]
        assert all(wedge.theta2 - wedge.theta1 == 15 for wedge in wedges)
        # degrees, counter-clockwise from the east
        hour = {(90 - wedge.theta2) % 360 / 15: (wedge.r / circle.radius) ** 2 for wedge in wedges}
        found[title.get_text()] = {int(h): area for h, area in hour.items()}
    return found


def test_a_clock_counts_the_hours():
    times = [0.2, 0.9, 23.99, 24.0, 6.5, np.nan, 12.0]
    found = clocks(plots.hours(times, [1, 1, 1, 1, 1, 1, 2], {2: "deer"}))
    assert found == {"1 (5)": pytest.approx({0: 1, 6: 1 / 3, 23: 1 / 3}), "deer (1)": pytest.approx({12: 1})}


def test_a_clock_reads_dates_and_times():
    times = np.array(["2026-03-01T05:59:59.9", "2025-12-31T06:00", "NaT"], "datetime64[us]")
    assert list(clocks(plots.hours(times, [0, 0, 0]))["0 (2)"]) == [5, 6]


def test_nothing_to_show_is_an_empty_figure(tmp_path):
    nothing = np.empty(0)
    for i, figure in enumerate(
        [
            plots.scatter(np.empty((0, 2)), np.empty(0, int), "cluster"),
            plots.scatter(np.full((3, 2), np.nan), ["a", "b", "c"], "station"),
            plots.scatter(np.zeros((3, 2)), [-1, -1, -1], "cluster"),
            plots.sweep([]),
            plots.silhouette_diagram(nothing, nothing),
            plots.hours(nothing, nothing),
        ]
    ):
        plots.save(figure, tmp_path / f"{i}.png", dpi=30)
        assert (tmp_path / f"{i}.png").stat().st_size > 0
    with pytest.raises(ValueError, match=r"not \(2, 3\)"):
        plots.scatter(np.zeros((2, 3)), [0, 1], "cluster")


def test_plots_load_neither_torch_nor_pyplot():
    code = "import sys, camtrap.show.plots; print([m for m in ('torch', 'matplotlib.pyplot', 'sklearn') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
