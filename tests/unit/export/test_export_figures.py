"""The figures of what was seen: their numbers worked out by hand, and what is said where they cannot be drawn."""

import json
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from surveytables import crop, picture, write

from camtrap.export import figures
from camtrap.export.effort import days_by_station
from camtrap.export.records import Survey
from camtrap.export.seen import seen
from camtrap.metadata.deployments import read_stations
from camtrap.show import plots

MAY = "2024-05-{:02d}T10:00:00"


def draw(folder, pictures, stations=None, **options):
    files = write(folder, pictures, **options)
    return figures.draw(Survey(**files), folder / "figures", stations)


def test_the_expected_number_of_species_is_the_mean_over_all_samples_of_days():
    days = [{"puma"}, {"puma", "deer"}, set(), {"deer"}, {"tapir", "puma"}]
    frequency = np.array([3, 2, 1])
    n, expected = figures.expected_species(frequency, len(days))
    for size, found in zip(n.astype(int), expected, strict=True):
        counts = [len(set().union(*drawn)) for drawn in combinations(days, size)]
        assert found == pytest.approx(np.mean(counts))


def test_effort_is_days_with_pictures_and_those_of_the_table_of_stations(tmp_path):
    images = pd.DataFrame(
        {
            "station": ["A", "A", "A", "B"],
            "datetime": pd.to_datetime(["2024-05-01 10:00", "2024-05-01 23:59", "2024-05-09 01:00", None]),
            "category": ["animal", "empty", "empty", "animal"],
        }
    )
    alone = days_by_station(images)
    assert alone.astype({"day": str}).to_numpy().tolist() == [
        ["A", "2024-05-01", 2, 1, False],
        ["A", "2024-05-09", 1, 0, False],
    ]
    table = tmp_path / "stations.csv"
    table.write_text(
        "station,start,end,problem1_from,problem1_to\na,2024-05-01,2024-05-06,2024-05-02,2024-05-05\nC,2024-05-01,2024-05-02,,\n"
    )
    known = days_by_station(images, read_stations(table))
    days = known.groupby("station")["day"].apply(lambda day: day.dt.day.tolist()).to_dict()
    # the camera still worked on the day on which it stopped, and again on the day on which it was put right
    assert days == {"A": [1, 2, 5, 6, 9], "C": [1, 2]}
    assert known.loc[known["day"].eq("2024-05-09"), "deployed"].tolist() == [False]


def test_figures_are_drawn_as_png_and_svg_and_equal_names_are_one(tmp_path):
    pictures = [
        picture(f"card/{'AB'[n % 2]}/{n}.jpg", MAY.format(n + 1), (crop(name), crop("person")))
        for n, name in enumerate(["Puma", "puma ", "PUMA", "Puma", "$deer$ <i>"])
    ]
    about = draw(tmp_path, pictures)
    assert [one["name"] for one in about["figures"]] == ["species_by_station", "activity", "accumulation", "calendar"]
    assert about["lacking"] == []
    files = sorted(path.name for path in (tmp_path / "figures").iterdir())
    names = ("accumulation", "activity", "calendar", "species_by_station")
    assert files == sorted(["figures.json", *(f"{name}.{kind}" for name in names for kind in ("png", "svg"))])
    assert json.loads((tmp_path / "figures" / "figures.json").read_text()) == about
    assert "5 camera-days" in about["figures"][2]["caption"]
    assert "lower bound" in about["figures"][2]["caption"]


def test_events_count_once_and_what_is_no_animal_is_in_no_figure(tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(plots, "species_by_station", lambda *given: drawn.update(table=given) or plots.activity({}))
    pictures = [
        picture("card/A/1.jpg", MAY.format(1), (crop("Puma"), crop("puma")), event="e1"),
        picture("card/A/2.jpg", MAY.format(1), (crop("Puma"), crop("Homo sapiens")), event="e1"),
        picture("card/B/3.jpg", MAY.format(2), (crop("Puma"), crop("deer")), event="e2"),
        picture("card/B/4.jpg", MAY.format(3), (crop("Puma"), crop(state="rejected")), event="e3"),
        picture("card/B/5.jpg", MAY.format(4), (crop("Empty "), crop("vehicle")), event="e4"),
    ]
    draw(tmp_path, pictures)
    events, species, stations = drawn["table"]
    assert (events.tolist(), species, stations) == ([[1, 2], [0, 1]], ["Puma", "deer"], ["A", "B"])


def test_what_cannot_be_drawn_is_said(tmp_path):
    about = draw(tmp_path / "unnamed", [picture("card/A/1.jpg", MAY.format(1), (crop(),))], decided=False)
    assert [one["name"] for one in about["figures"]] == ["calendar"]
    assert "No crop has the name of a species yet" in about["lacking"][0]
    timeless = [picture("card/A/1.jpg", None, (crop("Puma"),)), picture("card/A/2.jpg", MAY.format(1), clock="epoch")]
    about = draw(tmp_path / "timeless", timeless)
    assert [one["name"] for one in about["figures"]] == ["species_by_station"]
    assert ["time that can be trusted" in line for line in about["lacking"]] == [True, True]


def test_names_of_clusters_count_where_there_are_no_decisions(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = write(tmp_path, [picture("card/A/1.jpg", MAY.format(1), (crop(), crop(), crop()))], decided=False)
    ids = pq.read_table(files["crops"])["crop_id"]
    clusters = pa.table({"crop_id": ids, "cluster": pa.array([0, 1, 2], pa.int32()), "probability": [1.0] * 3})
    pq.write_table(clusters, tmp_path / "clusters.parquet")
    survey = Survey(**files, clusters=tmp_path / "clusters.parquet", named={0: "deer", 1: " Deer"})
    assert [name.casefold() for name in seen(survey)["name"].unique()] == ["deer"]
    assert len(seen(survey)) == 2
    assert len(survey.names.species) == 1
    assert [(crop.state, crop.how) for _, crop in survey.crops()] == [("named", "cluster")] * 2 + [(None, None)]
