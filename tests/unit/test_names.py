import csv

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camtrap.export.names import find_names, read_names, write_clusters
from camtrap.logs import UserError


def clustering(folder, labels):
    """A clustering of crops a, b, c, …, by cluster."""
    table = {"crop_id": list("abcdef"[: len(labels)]), "cluster": pa.array(labels, pa.int32())}
    pq.write_table(pa.table(table), folder / "clusters.parquet")
    return folder / "clusters.parquet"


@pytest.fixture
def named(tmp_path):
    """Write a table of names and read it against a clustering."""

    def read(text, labels):
        (tmp_path / "names.csv").write_text(text, encoding="utf-8")
        return read_names(str(tmp_path / "names.csv"), clustering(tmp_path, labels))

    return read


def test_a_name_follows_its_crop_when_the_numbers_change(named):
    text = "cluster,name,crop_id,crops\n0,ocelot,a,2\n1,,c,1\n2,puma,d,1\n"
    assert named(text, [0, 0, 1, 2]) == {0: "ocelot", 2: "puma"}
    assert named(text, [2, 2, 0, 1, 0]) == {2: "ocelot", 1: "puma"}


def test_a_number_is_enough_for_one_clustering(named):
    assert named("\ufeffcluster;name\n1; ocelot \n0;\n", [0, 1]) == {1: "ocelot"}


def test_merged_clusters_keep_both_names_once(named):
    assert named("name\tcrop_id\npuma\ta\nocelot\tb\npuma\tc\n", [4, 4, 4]) == {4: "puma / ocelot"}


def test_a_crop_that_became_noise_names_nothing(named, caplog):
    assert named("name,crop_id\npuma,a\n", [-1, 0]) == {}
    assert "crop a is noise now" in caplog.text


@pytest.mark.parametrize("row", ["7,puma,", "x,puma,", "0,puma,zz", "-1,puma,"])
def test_what_is_not_there_is_said_and_costs_only_the_names(named, tmp_path, row):
    with pytest.raises(UserError, match=r"names\.csv: line 3 names .*: not in this clustering; export/clusters\.csv"):
        named(f"cluster,name,crop_id\n1,ocelot,\n{row}\n", [0, 1])
    names, wrong = find_names(str(tmp_path / "names.csv"), tmp_path / "clusters.parquet")
    assert names == {1: "ocelot"}
    assert len(wrong) == 1


@pytest.mark.parametrize("text", ["", "group,name\n3,ocelot\n", "cluster,species\n0,ocelot\n"])
def test_another_table_is_refused_in_one_line(named, text):
    with pytest.raises(UserError, match=r"names\.csv: its first line must have the columns name and crop_id"):
        named(text, [0])


def test_bytes_that_are_no_text_are_refused_in_one_line(tmp_path):
    (tmp_path / "names.csv").write_bytes(b"cluster,name\n0,\xe1\n")
    with pytest.raises(UserError, match="save it as 'CSV UTF-8'"):
        read_names(str(tmp_path / "names.csv"), clustering(tmp_path, [0]))


def test_the_table_to_fill_in_has_a_row_a_cluster(tmp_path):
    clusters = clustering(tmp_path, [0, 0, 0, 1, 1, -1])
    shown = {"cluster": [-1, 0, 0, 1], "role": ["nearest", "nearest", "spread", "nearest"], "rank": [0, 0, 0, 0]}
    pq.write_table(pa.table(shown | {"crop_id": list("fbac")}), tmp_path / "representatives.parquet")
    write_clusters(clusters, tmp_path / "representatives.parquet", {1: 'deer, "red"'}, tmp_path / "clusters.csv")
    with (tmp_path / "clusters.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    assert rows == [("0", "", "b", "3"), ("1", 'deer, "red"', "c", "2")]
