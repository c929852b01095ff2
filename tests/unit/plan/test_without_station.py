"""Settings by which no picture has a station are said before the first job."""

import pytest

from camtrap.plan.shards import MANIFEST_HEADER, tsv
from camtrap.plan.table import without_station

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
