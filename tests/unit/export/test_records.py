import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from surveytables import crop, picture, write

from camtrap.core.errors import DamageError, TableError
from camtrap.export.records import Survey

AT = "2024-05-01T10:00:00.250"


def test_pictures_come_in_order_with_their_crops_and_what_was_said_of_them(tmp_path):
    pictures = [
        picture("card/B/2.jpg", AT, (crop("Ocelot", how="looked at", sure=1.0), crop(state="rejected", how="cluster"))),
        picture("card/A/1.jpg"),
        picture("card/B/3.jpg", AT, (crop(suggestion="ocelot"), crop(state="unsure"))),
    ]
    survey = Survey(**write(tmp_path, pictures))
    found = list(survey.pictures())
    assert [(one.path, one.station, len(crops)) for one, crops in found] == [
        ("card/A/1.jpg", "A", 0),
        ("card/B/2.jpg", "B", 2),
        ("card/B/3.jpg", "B", 2),
    ]
    first, second = found[1][1]
    assert (first.state, first.species.name, first.looked_at, first.sure) == ("named", "Ocelot", True, 1.0)
    assert (second.state, second.species, second.looked_at) == ("rejected", None, False)
    assert [(one.state, one.suggestion) for _, one in survey.crops()][2:] == [(None, "ocelot"), ("unsure", None)]
    assert first.box == (0.25, 0.5, 0.25, 0.125)


def test_without_decisions_every_crop_is_unnamed(tmp_path):
    survey = Survey(**write(tmp_path, [picture("card/A/1.jpg", AT, (crop(),))], decided=False))
    ((_, one),) = survey.crops()
    assert (survey.decided, one.state, one.species, one.how) == (False, None, None, None)
    assert survey.names.species == []


def test_a_time_has_the_offset_that_the_table_of_stations_or_the_setting_gives(tmp_path):
    pictures = [
        picture("card/A/1.jpg", AT, timestamp="2024-05-01T10:00:00-05:00"),
        picture("card/A/2.jpg", AT),
        picture("card/A/3.jpg"),
        picture("card/A/4.jpg", "2024-12-01T10:00:00"),
    ]
    files = write(tmp_path, pictures)
    plain = [one.time for one, _ in Survey(**files).pictures()]
    assert [time and time.tzinfo for time in plain[1:]] == [None] * 3
    assert plain[0] == dt.datetime(2024, 5, 1, 15, 0, 0, 250_000, dt.UTC)
    zoned = [one.time and one.time.isoformat() for one, _ in Survey(**files, zone="Europe/Berlin").pictures()]
    assert zoned == [
        "2024-05-01T10:00:00.250000-05:00",
        "2024-05-01T10:00:00.250000+02:00",
        None,
        "2024-12-01T10:00:00+01:00",
    ]


def test_a_picture_without_a_station_is_of_its_card(tmp_path):
    files = write(tmp_path, [picture("card/1.jpg", station=None), picture("./2.jpg", batch=".", station=None)])
    assert [one.station for one, _ in Survey(**files).pictures()] == ["no station", "card"]


def test_equal_names_are_one_species_and_a_list_joins_languages(tmp_path):
    names = ["Ocelot", "ocelot ", "OCELOT", "Leopardus pardalis", "tapir", "tigrillo"]
    files = write(
        tmp_path / "t",
        [picture(f"card/A/{n}.jpg", AT, (crop(name), crop("Ocelot"))) for n, name in enumerate(names)],
        bound={"ocelot": 0.9, "tigrillo": 0.8, "Leopardus pardalis": 0.95, "tapir": 0.7},
    )
    alone = Survey(**files).names
    assert [(one.name, one.scientific, one.bound) for one in alone.species] == [
        ("Leopardus pardalis", None, 0.95),
        ("Ocelot", None, 0.9),
        ("tapir", None, 0.7),
        ("tigrillo", None, 0.8),
    ]
    table = tmp_path / "species.csv"
    table.write_text(
        "Scientific name;English;Español;rank;family\nLeopardus pardalis;ocelot;tigrillo | ocelote;species;Felidae\n"
    )
    listed = Survey(**files, species=table).names
    assert [(one.name, one.taxon, one.bound) for one in listed.species] == [
        ("Ocelot", "Leopardus pardalis", 0.8),
        ("tapir", "tapir", 0.7),
    ]
    ocelot = listed.of("tigrillo")
    assert ocelot is listed.of("OCELOT")
    assert dict(ocelot.common) == {"eng": "ocelot", "spa": "tigrillo"}
    assert (ocelot.rank, dict(ocelot.higher)) == ("species", {"family": "Felidae"})
    assert listed.unlisted() == ["tapir"]


def test_a_name_that_nobody_audited_takes_the_bound_from_its_species(tmp_path):
    files = write(tmp_path, [picture("card/A/1.jpg", AT, (crop("a"), crop("b")))], bound={"a": 0.9})
    table = tmp_path / "species.csv"
    table.write_text("scientific,en,es\nA b,a,b\n")
    assert [one.bound for one in Survey(**files, species=table).names.species] == [None]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("english\nocelot\n", "no column 'scientific'"),
        ("scientific,en\nA b,cat\nC d,Cat\n", r"line 3: “cat” is also a name of A b \(line 2\)"),
        ("scientific,en\n,cat\n", "line 2: the scientific name is empty"),
    ],
)
def test_a_wrong_list_of_species_is_refused_in_one_line(tmp_path, text, said):
    files = write(tmp_path, [picture("card/A/1.jpg")])
    (tmp_path / "species.csv").write_text(text)
    with pytest.raises(TableError, match=said):
        Survey(**files, species=tmp_path / "species.csv")


def test_clusters_and_labels_in_another_order_find_their_crops(tmp_path):
    files = write(tmp_path, [picture("card/A/1.jpg", AT, (crop("x"), crop("y")))])
    labels = pq.read_table(files["labels"])
    pq.write_table(labels.take([1, 0]), files["labels"])
    clusters = pa.table({"crop_id": ["card/A/1.jpg-1"], "cluster": pa.array([-1], pa.int32()), "probability": [0.0]})
    pq.write_table(clusters, tmp_path / "clusters.parquet")
    found = [one for _, one in Survey(**files, clusters=tmp_path / "clusters.parquet").crops()]
    assert [(one.species.name, one.cluster) for one in found] == [("x", None), ("y", -1)]


def test_a_crop_of_a_picture_that_is_not_there_is_said(tmp_path):
    files = write(tmp_path, [picture("card/A/1.jpg", AT, (crop(),))])
    images = pq.read_table(files["images"])
    pq.write_table(images.slice(1), files["images"])
    with pytest.raises(DamageError, match=r"card/A/1\.jpg"):
        list(Survey(**files).pictures())
