"""The report: what it says adds up, nothing from outside gets into its markup, and it loads nothing."""

import json
import re

import pandas as pd
import pytest
from reportdata import MODEL, NASTY, Page, crop, files, hostile, make, picture, png, write

from camtrap.report import charts, facts, pictures, words
from camtrap.report.gather import gather


@pytest.fixture
def survey(tmp_path):
    return hostile(tmp_path)


def test_the_counts_add_up_before_the_reader(survey):
    html, summary = make(survey)
    page = Page(html)
    assert "3 + 1 + 0 + 2 + 1 + 1 = 8" in page.text
    assert "4 in clusters + 1 that fits none = 5 crops" in page.text
    assert "1 picture was planned once and is no longer on the disk" in page.text
    assert summary["counts"] == {"animal": 3, "person": 1, "vehicle": 0, "empty": 2, "failed": 1, "duplicate": 1}
    assert summary["n_images"] == 8 == sum(summary["counts"].values())
    assert (summary["n_crops"], summary["k"], summary["clusters"], summary["noise"]) == (5, 2, [3, 1], 1)
    assert summary["metrics"] == {"ami": 0.75}
    assert summary["reason"] == "leiden: a plateau"
    assert json.loads((survey / "report" / "summary.json").read_text()) == summary


def test_the_stations_share_out_all_pictures_found(survey):
    rows = facts.stations(gather(files(survey)))
    found = {row["name"]: (row["pictures"], row["animals"], row["events"], row["doubtful"]) for row in rows}
    assert found == {NASTY: (5, 2, 1, 0), "B & C": (2, 1, 1, 1), "station unknown": (1, 0, 0, 0)}


def test_what_is_counted_does_not_depend_on_the_size_of_a_part(survey, monkeypatch):
    def counted():
        found = gather(files(survey))
        return facts.stations(found), facts.clocks(found), words.headline(found)

    whole = counted()
    monkeypatch.setattr(pictures, "_ROWS", 1)
    assert counted() == whole


def test_headline_of_a_small_survey(survey):
    page = Page(make(survey)[0])
    assert (
        "8 pictures from 2 stations, 1 May to 3 June 2024: 3 show animals, in 2 visits. "
        "4 crops fall into 2 clusters; 1 crop fits none of them." in page.text
    )


def test_without_crops(tmp_path):
    page = Page(make(write(tmp_path, [picture("card/1.jpg", "empty")], []))[0])
    assert "no animal was found in any of them" in page.text
    assert "0 + 0 + 0 + 1 + 0 + 0 = 1" in page.text
    assert "There are no clusters" in page.text
    assert not page.all("article")


def test_without_pictures(tmp_path):
    html, summary = make(write(tmp_path, [], []))
    assert "No picture was found." in Page(html).text
    assert summary["n_images"] == 0
    assert summary["metrics"] is None


def test_one_cluster_without_times_or_stations(tmp_path):
    images = [picture(f"card/{n}.jpg", "animal", None, event=f"e{n}") for n in range(3)]
    crops = [crop(n, f"card/{n}.jpg", 0, None) for n in range(3)]
    page = Page(make(write(tmp_path, images, crops))[0])
    assert [card["id"] for card in page.all("article")] == ["cluster-0"]
    assert "No picture has a time" in page.text
    assert "station unknown" in page.text
    assert "All its crops" in page.text
    assert len(page.all("img", loading="lazy")) == 3


def test_a_whole_cluster_in_two_bands_is_called_by_its_bands(tmp_path):
    images = [picture(f"card/{n}.jpg", "animal", "A", event=f"e{n}") for n in range(3)]
    crops = [crop(n, f"card/{n}.jpg", 0) for n in range(3)]
    ids = [row["crop_id"] for row in crops]
    chosen = [(0, "nearest", 0, ids[0]), (0, "nearest", 1, ids[1]), (0, "outlier", 0, ids[2])]
    page = Page(make(write(tmp_path, images, crops, representatives=chosen))[0])
    assert "Nearest the centre" in page.text
    assert "Outliers" in page.text
    assert "All its crops" not in page.text


def test_what_the_detector_cannot_tell_is_said(survey):
    assert "counts anything that moved as an animal" in Page(make(survey)[0]).text
    file = survey / "models" / "detector.json"
    file.write_text(json.dumps({"backend": "megadetector", "model": "MDV5A", "sha256": None}))
    assert "anything that moved" not in Page(make(survey)[0]).text


def test_names_are_shown_where_there_are_some(tmp_path):
    images = [picture(f"card/{n}.jpg", "animal", "A", event=f"e{n}") for n in range(4)]
    crops = [crop(n, f"card/{n}.jpg", n // 2) for n in range(4)]
    crops.append(crop(4, "card/3.jpg", -1, suggestion=1))
    plain = Page(make(write(tmp_path / "plain", images, crops))[0])
    assert "python -m camtrap.review import names.csv" in plain.text
    options = {"names": {"1": NASTY}, "name_notes": ["“bear” names nothing: crop x is noise now (line 3)."]}
    page = Page((made := make(write(tmp_path / "named", images, crops, **options)))[0])
    assert "1 of 2 clusters has a name." in page.text
    assert "“bear” names nothing" in page.text
    assert page.text.count(NASTY) > plain.text.count(NASTY)
    assert f"nearest: {NASTY}" in page.text
    assert "nearest: 1" in plain.text
    assert "cluster 1" in page.text
    assert [card["id"] for card in page.all("article")] == ["cluster-0", "cluster-1", "noise-crops"]
    assert made[1]["names"] == {"1": NASTY}


def test_switches_are_said(tmp_path):
    thrown = {"what": "t-SNE on a sample", "size": 30000, "limit": 20000, "reason": "its time"}
    results = write(tmp_path, [picture("1.jpg", "animal", event="e")], [crop(1, "1.jpg", 0)], switches=[thrown])
    page = Page(make(results)[0])
    assert "t-SNE on a sample: 30,000 is above the limit of 20,000 (reason: its time)." in page.text


def test_strong_nuisance_is_a_warning(survey):
    page = Page(make(survey)[0])
    assert "Take care: the station explains a good part of the clusters." in page.text


def test_noise_names_its_nearest_cluster(survey):
    first, second, noise = facts.clusters(gather(files(survey)))
    assert [row["cluster"] for row in (first, second, noise)] == [0, 1, -1]
    assert (noise["suggestions"], first["suggestions"]) == ([("Cluster 1", 1)], [])
    assert (first["labels"], first["labelled"], first["crops"]) == ([("<b>deer</b>", 2)], 2, 3)
    page = Page(make(survey)[0])
    assert "nearest: 1" in page.text
    assert "1 crop has no label." in page.text


def test_hours_count_visits_and_leave_out_doubtful_clocks(tmp_path):
    """Two crops of a visit at 5 h, one visit at 23 h, and one by a clock that stood at its epoch."""
    day = pd.Timestamp("2024-05-01")
    times = [day + pd.Timedelta(hours=h) for h in (5.1, 5.9, 23.5)] + [pd.Timestamp("1970-01-01 08:00")]
    events, clocks = ["e1", "e1", "e2", "e3"], [None, None, None, "epoch"]
    images = [picture(f"{n}.jpg", "animal", "A", times[n], events[n], clocks[n]) for n in range(4)]
    crops = [crop(n, f"{n}.jpg", 0, "A", times[n], event=events[n], infrared=n < 1) for n in range(4)]
    (cluster,) = facts.clusters(gather(files(write(tmp_path, images, crops))))
    assert {hour: n for hour, n in enumerate(cluster["hours"]) if n} == {5: 1, 23: 1}
    assert (cluster["dated"], cluster["events"], cluster["night"]) == (2, 3, 0.25)
    (station,) = facts.stations(gather(files(tmp_path / "results")))
    assert (station["days"], station["doubtful"], station["first"]) == (1, 1, day)


def test_a_doubtful_clock_says_why(tmp_path):
    times = [pd.Timestamp("2034-05-01 10:00"), pd.Timestamp("2034-05-01 10:01"), pd.Timestamp("2000-01-01")]
    images = [
        picture(f"{n}.jpg", "animal", "A", times[n], f"e{n}", clock)
        for n, clock in enumerate(["future"] * 2 + ["epoch"])
    ]
    results = write(tmp_path, images, [crop(0, "0.jpg", 0, "A", times[0])])
    path = tmp_path / "results" / "tables" / "images.parquet"
    table = pd.read_parquet(path)
    table["clock_reason"] = ["10:00 <is> after today", "10:01 is after today", "nobody set it"]
    table.to_parquet(path)
    rows = facts.clocks(gather(files(results)))
    assert [(row["clock"], row["pictures"], row["reason"]) for row in rows] == [
        ("epoch", 1, "nobody set it"),
        ("future", 2, "10:00 <is> after today"),
    ]
    assert "0.jpg: 10:00 <is> after today" in Page(make(results)[0]).text


def test_a_cluster_of_one_station_is_pointed_out(tmp_path):
    crops = [crop(n, f"{n}.jpg", n % 2, "A" if n % 2 else f"S{n % 3}") for n in range(20)]
    images = [picture(f"{n}.jpg", "animal", row["station"], event=f"e{n}") for n, row in enumerate(crops)]
    mixed, single = facts.clusters(gather(files(write(tmp_path, images, crops))))
    assert mixed["notes"] == []
    assert single["notes"][0].startswith("All its 10 crops come from one station, A.")


def test_spells_of_days(tmp_path):
    days = ["2024-05-01", "2024-05-02", "2024-05-02", "2024-05-05"]
    images = [picture(f"{n}.jpg", "empty", "A", pd.Timestamp(day)) for n, day in enumerate(days)]
    (station,) = facts.stations(gather(files(write(tmp_path, images, []))))
    spells = [(a.day, b.day) for a, b in station["runs"]]
    assert spells == [(1, 2), (5, 5)]
    strips = charts.timeline([station], width=50)["strips"]
    assert strips == [[(0, 20), (40, 10)]]


def test_map_keeps_distances():
    """Three stations on the equator's parallel and a meridian: 1 degree is about as long both ways."""
    rows = [
        {"name": n, "latitude": y, "longitude": x, "animals": a}
        for n, y, x, a in (("A", 0.0, 10.0, 4), ("B", 0.0, 11.0, 1), ("C", 1.0, 10.0, 0))
    ]
    drawn = charts.station_map(rows)
    a, b, c = drawn["points"]
    assert b["x"] - a["x"] == pytest.approx(a["y"] - c["y"], rel=0.01)
    assert b["y"] == a["y"]
    pixels, metres = drawn["bar"]
    assert pixels / metres * 111_195 == pytest.approx(b["x"] - a["x"], rel=0.01)  # haversine of a degree, R = 6,371 km
    assert charts.station_map(rows[:1]) is None


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ("2024-05-01 03:00", "2024-05-01 09:00", "1 May 2024"),
        ("2024-05-01", "2024-05-09", "1 to 9 May 2024"),
        ("2024-05-30", "2024-06-02", "30 May to 2 June 2024"),
        ("2023-12-30", "2024-01-02", "30 December 2023 to 2 January 2024"),
        (None, None, ""),
    ],
)
def test_periods_are_said_briefly(first, last, text):
    assert words.period(pd.Timestamp(first), pd.Timestamp(last)) == text


def test_the_silhouette_in_the_umap_plane_is_scikit_learns_without_noise(survey):
    from sklearn.metrics import silhouette_score

    (row,) = facts.methods(gather(files(survey)))
    plane = gather(files(survey)).plane
    kept = plane[plane["leiden"] >= 0]
    assert row["umap"] == pytest.approx(silhouette_score(kept[["umap_x", "umap_y"]], kept["leiden"]), abs=1e-5)
    assert (row["method"], row["silhouette"]) == ("leiden", 0.125)
    html, _ = make(survey)
    assert f"{row['umap']:.3f}" in Page(html).text


def test_one_of_each_is_said_in_the_singular(tmp_path):
    noon = pd.Timestamp("2024-05-01 12:30")
    images = [picture("1.jpg", "animal", "A", noon, event="e1")]
    page = Page(make(write(tmp_path, images, [crop(1, "1.jpg", 0, "A", noon)]))[0])
    assert (
        "1 picture from 1 station, 1 May 2024: 1 shows an animal, in 1 visit. 1 crop falls into 1 cluster." in page.text
    )
    assert "1 unit was clustered." in page.text
    assert "1 crop, 1 burst, 1 visit, 1 station" in page.text
    assert not re.search(r"\b1 (pictures|crops|clusters|visits|stations|bursts|units|files|species are)\b", page.text)


LABELS = ["crop_id", "name", "state", "how", "who", "sure"]


def test_the_page_says_what_was_named_by_whom_and_how_sure_and_what_was_not(survey):
    rows = [
        ("0001", "Puma", "named", "looked at", "ana <b>", 1.0),
        ("0002", "puma", "named", "cluster", "ben", 0.5),
        ("0003", None, "unsure", "cluster", "ben", 0.5),
        ("0004", NASTY, "named", "carried over", "ana <b>", 0.9),
        ("0005", None, None, None, None, None),
    ]
    pd.DataFrame(rows, columns=LABELS).astype({"sure": "float32"}).to_parquet(survey / "tables" / "labels.parquet")
    bound = {"Puma": {"state": "passed", "bound": 0.9178}, NASTY: {"state": "failed", "bound": None}}
    (survey / "tables" / "labels.json").write_text(json.dumps({"bound": bound}))
    decided = {"labels": survey / "tables" / "labels.parquet", "label_info": survey / "tables" / "labels.json"}
    html, _ = make(survey, **decided)
    page = Page(html)
    first, second, noise = facts.clusters(gather(files(survey, **decided)))
    assert (first["said"]["named"], first["said"]["unsure"], first["said"]["open"]) == (2, 1, 0)
    assert first["said"]["names"] == [("Puma", 2)]
    assert first["said"]["who"] == ["ana <b>", "ben"]
    assert first["said"]["sure"] == pytest.approx(0.75)
    assert (second["said"]["how"], noise["said"]["open"]) == ([("carried over", 1)], 1)
    text = " ".join(page.text.split())
    assert "3 of 5 crops have a name" in text
    assert "1 unsure, 1 without a name." in text
    assert "By ana <b>, ben. 1 named with their group, 1 looked at; 75 % sure on average." in text
    assert text.count("Audit: at least") == text.count("Audit: at least 91 % of the bursts of “Puma” are right.") == 1
    assert "python -m camtrap.review serve" in text
    assert "Nobody has named this group yet" in Page(make(survey)[0]).text


def test_the_figures_of_what_was_seen_stand_first_and_scores_behind_a_fold(survey, tmp_path):
    folder = tmp_path / "figures"
    folder.mkdir()
    (folder / "activity.png").write_bytes(png())
    about = {
        "figures": [{"name": "activity", "title": "Activity", "caption": NASTY}],
        "lacking": [f"Nothing of {NASTY}"],
    }
    (folder / "figures.json").write_text(json.dumps(about))
    page = Page(make(survey, seen=folder)[0])
    assert page.ids.index("seen") < page.ids.index("seen-activity") < page.ids.index("pictures")
    assert page.ids.index("choice") < page.ids.index("scores")
    assert page.all("details", id="scores")
    assert "open" not in page.all("details", id="scores")[0]
    assert f"Nothing of {NASTY}" in page.text
    assert len(page.scripts) == 1


def test_without_times_nothing_is_said_of_visits_and_days(tmp_path):
    images = [picture(f"a/{n}.jpg", "animal", "S", None, f"e{n}") for n in range(3)]
    crops = [crop(n, f"a/{n}.jpg", 0, "S", pd.NaT, f"b{n}", f"e{n}") for n in range(3)]
    html, _ = make(write(tmp_path, images, crops))
    text = Page(html).text
    assert "3 pictures from 1 station: 3 show animals. No picture has a time" in text
    assert "Visits" not in text
    assert "Days" not in text
    assert "3 crops, 3 pictures, 1 station" in text
    assert "metadata.path_pattern" in text


def test_a_station_without_times_among_others_has_no_number_of_days(tmp_path):
    noon = pd.Timestamp("2024-05-01 12:30")
    images = [picture("a/1.jpg", "animal", "A", noon, "e1"), picture("b/1.jpg", "animal", "B", None, "e2")]
    crops = [crop(1, "a/1.jpg", 0, "A", noon, "b1", "e1"), crop(2, "b/1.jpg", 0, "B", pd.NaT, "b2", "e2")]
    html, _ = make(write(tmp_path, images, crops))
    rows = re.findall(r'<tr><th scope="row">([AB])</th>(.*?)</tr>', html, re.DOTALL)
    cells = {name: re.findall(r'<td class="n">(.*?)</td>', row) for name, row in rows}
    assert cells == {"A": ["1", "1", "1", "1"], "B": ["1", "1", "–", "–"]}


def test_coarser_and_finer_groups_stand_beside_those_shown(survey):
    html, _ = make(survey)
    assert "Fewer or more groups" not in html
    file = survey / "clusters" / MODEL / "clusters.parquet"
    table = pd.read_parquet(file).sort_values("crop_id")
    layers = {"coarse": [0, 0, 0, 0, -1], "fine": [0, 0, 1, 2, -1], "distance": [0.2, 0.1, 0.3, 0.0, 0.0]}
    table.assign(**layers).to_parquet(file)
    choice = file.with_name("choice.json")
    choice.write_text(json.dumps(json.loads(choice.read_text()) | {"primary": "consensus"}))
    html, _ = make(survey)
    text = " ".join(Page(html).text.split())
    assert "Coarser: 1 group 4 As shown here: 2 groups 3 1 Finer: 3 groups 2 1 1" in text
    assert "Cluster 0, Cluster 1are one in the coarser layer 3 1" in text
    assert "Cluster 0divides in the finer layer 2 1" in text
    assert "cluster: {groups: 3}" in text
