"""Contact sheets: the right crops, read from the right rows, and no sheet of a cluster that is gone."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from camtrap.core.errors import UserError
from camtrap.pictures.crops import stored_crops
from camtrap.show import sheets


def colour(n):
    """A colour that names a crop, far enough from its neighbours to survive JPEG."""
    return (40 * (n % 6) + 20, 40 * (n // 6 % 6) + 20, 40 * (n // 36) + 20)


def jpeg(n, size=(64, 64)):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour(n)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


@pytest.fixture
def survey(tmp_path):
    """30 crops in two shards with row groups of 4; the table of crops knows them in another order."""
    shards = {"a-00000-aaaaaaaa": list(range(17)), "b-00000-bbbbbbbb": list(range(17, 30))}
    rows = []
    for shard, numbers in shards.items():
        table = pa.table({"crop_id": [f"c{n:02d}" for n in numbers], "image": [jpeg(n) for n in numbers]})
        (tmp_path / "crops").mkdir(exist_ok=True)
        pq.write_table(table, tmp_path / "crops" / f"{shard}.parquet", row_group_size=4)
        rows += [(f"c{n:02d}", shard, row) for row, n in enumerate(numbers)]
    rows = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]
    ids, shard, row = zip(*rows, strict=True)
    table = {"crop_id": ids, "shard": shard, "row": pa.array(row, pa.int32())}
    table |= {"station": ["Río"] * 30, "datetime": pa.array([None] * 30, pa.timestamp("us"))}
    pq.write_table(pa.table(table), tmp_path / "crops.parquet")
    return tmp_path


def files(survey):
    return [survey / "crops" / f"{shard}.parquet" for shard in ("a-00000-aaaaaaaa", "b-00000-bbbbbbbb")]


def representatives(folder, rows):
    columns = dict(
        zip(("cluster", "role", "rank", "crop_id"), zip(*rows, strict=True) if rows else [[]] * 4, strict=True)
    )
    schema = pa.schema([("cluster", pa.int32()), ("role", pa.string()), ("rank", pa.int32()), ("crop_id", pa.string())])
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}, schema), folder / "reps.parquet")
    return folder / "reps.parquet"


def draw(survey, rows):
    out = survey / "sheets"
    n = sheets.draw(representatives(survey, rows), survey / "crops.parquet", files(survey), out)
    return n, out


def test_stored_crops_are_the_ones_asked_for(survey):
    wanted = ["c29", "c00", "c16", "c17", "c04", "c03"]
    found = dict(stored_crops(survey / "crops.parquet", files(survey), wanted))
    assert sorted(found) == sorted(wanted)
    for crop_id, data in found.items():
        middle = Image.open(io.BytesIO(data)).getpixel((32, 32))
        assert np.abs(np.subtract(middle, colour(int(crop_id[1:])))).max() < 8


def test_crops_made_anew_since_are_refused(survey):
    path = survey / "crops" / "a-00000-aaaaaaaa.parquet"
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path, row_group_size=4)
    with pytest.raises(UserError, match=r"a-00000-aaaaaaaa.*c03"):
        list(stored_crops(survey / "crops.parquet", files(survey), ["c03"]))
    with pytest.raises(UserError, match="fewer rows"):
        list(stored_crops(survey / "crops.parquet", files(survey), ["c16"]))


def test_sheet_shows_bands_in_order(survey):
    rows = [(0, "spread", 0, "c20"), (0, "nearest", 1, "c05"), (0, "nearest", 0, "c10"), (0, "outlier", 0, "c28")]
    _, out = draw(survey, rows)
    picture = np.asarray(Image.open(out / "cluster_000.jpg").convert("RGB")).astype(int)

    def place(n):
        """Middle of the area that shows a crop's colour."""
        y, x = np.nonzero(np.abs(picture - colour(n)).max(2) < 8)
        assert len(y) > 3000, f"crop {n} is not on the sheet"
        return y.mean(), x.mean()

    (nearest, left), (same, right), (spread, _), (outlier, _) = place(10), place(5), place(20), place(28)
    assert nearest == pytest.approx(same, abs=2)
    assert left < right
    assert nearest < spread < outlier


def test_a_cluster_that_is_gone_leaves_no_sheet(survey):
    everything = [(cluster, "nearest", 0, f"c{cluster + 1:02d}") for cluster in (-1, 0, 1, 2)]
    n, out = draw(survey, everything)
    assert n == 4
    assert sorted(path.name for path in out.iterdir()) == [
        "cluster_000.jpg",
        "cluster_001.jpg",
        "cluster_002.jpg",
        "noise.jpg",
    ]
    draw(survey, everything[1:2])
    assert [path.name for path in out.iterdir()] == ["cluster_000.jpg"]
    draw(survey, [])
    assert out.is_dir()
    assert not list(out.iterdir())
    assert not [path for path in survey.iterdir() if path.name.startswith(".tmp-")]


def test_an_error_leaves_the_old_sheets(survey):
    _, out = draw(survey, [(0, "nearest", 0, "c01")])
    before = (out / "cluster_000.jpg").read_bytes()
    (survey / "crops" / "b-00000-bbbbbbbb.parquet").unlink()
    with pytest.raises(FileNotFoundError):
        draw(survey, [(0, "nearest", 0, "c02"), (1, "nearest", 0, "c20")])
    assert (out / "cluster_000.jpg").read_bytes() == before
    assert not [path for path in survey.iterdir() if path.name.startswith(".tmp-")]


def test_sheets_are_the_same_again(survey):
    rows = [(0, "nearest", rank, f"c{rank:02d}") for rank in range(9)]
    first = (draw(survey, rows)[1] / "cluster_000.jpg").read_bytes()
    assert (draw(survey, rows[::-1])[1] / "cluster_000.jpg").read_bytes() == first
