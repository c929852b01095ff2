"""Settings by which no picture has a station, and rows of the table that no picture has, are said before the first job."""

import pytest

from camtrap.plan.shards import MANIFEST_HEADER, tsv
from camtrap.plan.table import compare, without_station

NOTHING = {"station_level": None, "station_pattern": None, "path_pattern": None}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, None),
        ({"station_level": 2}, None),
        ({"station_level": 9}, "metadata.station_level: by this NONE"),
        ({"station_pattern": "(?P<station>norht)"}, "metadata.station_pattern: by this NONE"),
        ({"station_pattern": "(?P<station>north)"}, None),
        (
            {"path_pattern": "(?P<station>x)/(?P<label>y)", "station_level": 9},
            "station_level and metadata.path_pattern: by",
        ),
        ({"path_pattern": "(?P<station>card1)"}, None),
        ({"path_pattern": "(?P<year>2024)", "station_level": None}, None),
    ],
)
def test_no_picture_has_a_station(tmp_path, settings, said):
    manifest = tmp_path / "a.tsv"
    manifest.write_text(tsv([MANIFEST_HEADER, ["card1/north/a.jpg", 1, 1], ["card2/south/b.jpg", 1, 1]]))
    lines = without_station(NOTHING | settings, [manifest])
    assert len(lines) == bool(said)
    assert not said or said in lines[0]


def test_a_card_that_no_folder_is_called_is_said_with_its_line(tmp_path):
    manifest, table = tmp_path / "a.tsv", tmp_path / "stations.csv"
    manifest.write_text(tsv([MANIFEST_HEADER, ["card1/north/a.jpg", 1, 1], ["card2/north/DCIM/b.jpg", 1, 1]]))
    settings = NOTHING | {"station_level": 2, "stations": str(table)}
    table.write_text("station,card,offset\nnorth,card1,0\nnorth,card2,3600\n")
    assert compare(settings, [manifest]) == []
    table.write_text("station,card,offset\nnorth,card1,0\nnorth,Card 2,3600\nnorth,,0\n")
    assert compare(settings, [manifest]) == [
        f"{table}: no folder is called Card 2 (line 3), as its column for the card (batch) says"
    ]
