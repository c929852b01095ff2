"""Names find their clusters by a crop; nothing that an expert wrote is lost."""

import csv
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camtrap.core.errors import UserError
from camtrap.export import names
from camtrap.export.names import check, name_clusters, read, read_found
from camtrap.review.log import Log


@pytest.fixture
def named(tmp_path):
    """Name a clustering of crops a, b, c, … (labels by crop): returns what was found and the next table's rows."""

    def run(text, labels):
        names = None
        if text is not None:
            names = str(tmp_path / "names.csv")
            (tmp_path / "names.csv").write_text(text, encoding="utf-8", newline="")
        crops = list("abcdefgh"[: len(labels)])
        pq.write_table(pa.table({"crop_id": crops, "cluster": pa.array(labels, pa.int32())}), tmp_path / "c.parquet")
        centres = {label: crop for crop, label in zip(crops, labels, strict=True)}  # the last crop of each
        shown = [{"cluster": label, "role": "nearest", "rank": 0, "crop_id": crop} for label, crop in centres.items()]
        shown += [{**row, "role": "spread", "crop_id": "x"} for row in shown]
        pq.write_table(pa.Table.from_pylist(shown), tmp_path / "r.parquet")
        outputs = tmp_path / "names.json", tmp_path / "clusters.csv"
        found = name_clusters(names, tmp_path / "c.parquet", tmp_path / "r.parquet", *outputs)
        assert found == json.loads(outputs[0].read_text())
        assert read_found(outputs[0]) == {int(cluster): name for cluster, name in found["names"].items()}
        with outputs[1].open(encoding="utf-8-sig", newline="") as file:
            return found, [tuple(row.values()) for row in csv.DictReader(file)]

    return run


def test_without_names_there_is_a_table_to_fill_in(named):
    found, rows = named(None, [0, 0, 0, 1, 1, -1])
    assert found == {"names": {}, "notes": [], "given": []}
    assert rows == [("0", "", "c", "3"), ("1", "", "e", "2")]


def test_a_name_follows_its_crop_when_the_numbers_change(named):
    text = "cluster,name,crop_id,crops\n0,ocelot,a,2\n1,,c,1\n2,puma,d,1\n"
    assert named(text, [0, 0, 1, 2])[0]["names"] == {"0": "ocelot", "2": "puma"}
    found, rows = named(text, [2, 2, 0, 1, 0])
    assert found == {"names": {"1": "puma", "2": "ocelot"}, "notes": [], "given": ["ocelot", "puma"]}
    assert rows == [("1", "puma", "d", "1"), ("2", "ocelot", "a", "2"), ("0", "", "e", "2")]


def test_the_next_table_keeps_what_was_written_however_often_it_is_copied(named, tmp_path):
    """The crop that was named stays the one that is named, also in a cluster that other animals came into, and gone ones."""
    text = "name;crop_id\n puma ;a\nocelot;b\nbear;g\n\ndeer;gone\n"
    found, rows = named(text, [0, 0, 0, 1, 1, 1, -1])
    assert found["names"] == {"0": "puma / ocelot"}
    assert [note.partition(":")[0] for note in found["notes"]] == [
        "“bear” names nothing",
        "“deer” names nothing",
        "Cluster 0 holds crops of several names",
    ]
    kept = [("-1", "bear", "g", "1"), ("0", "puma", "a", "3"), ("0", "ocelot", "b", "3"), ("", "deer", "gone", "0")]
    assert rows == [*kept, ("1", "", "f", "3")]
    again = named((tmp_path / "clusters.csv").read_text(encoding="utf-8"), [0, 1, 1, 1, 1, 1, -1])
    assert again[0]["names"] == {"0": "puma", "1": "ocelot"}


def test_a_number_is_enough_for_one_clustering_and_becomes_a_crop(named):
    found, rows = named("\ufeffCluster;Name\r\n1.0; ocelot \r\n0;\r\n", [0, 1])
    assert found["names"] == {"1": "ocelot"}
    assert "1 name is given by the cluster's number only" in found["notes"][0]
    assert rows == [("1", "ocelot", "b", "1"), ("0", "", "a", "1")]


def test_a_name_that_looks_like_a_formula_is_kept_from_run_to_run(named, tmp_path):
    _, rows = named("cluster,name\n0,=1+2\n", [0, 1])
    assert rows[0] == ("0", "'=1+2", "a", "1")
    again, rows = named((tmp_path / "clusters.csv").read_text(encoding="utf-8"), [0, 1])
    assert again["names"] == {"0": "=1+2"}
    assert rows[0] == ("0", "'=1+2", "a", "1")


@pytest.mark.parametrize("number", ["7", "x", "-1", ""])
def test_a_cluster_that_is_not_there_is_a_note(named, number):
    found, _ = named(f"cluster,name\n1,ocelot\n{number},puma\n", [0, 1, -1])
    assert found["names"] == {"1": "ocelot"}
    assert "“puma” names nothing" in found["notes"][0]
    assert "(line 3)" in found["notes"][0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "its first line must have the columns name and crop_id"),
        (b"group,name\n3,ocelot\n", "its first line must have the columns name and crop_id"),
        (b"cluster,species\n0,ocelot\n", "its first line must have the columns name and crop_id"),
        (b'cluster,name\n0,"deer\n1,puma\n', "is a quotation mark missing"),
        (b"cluster,name\n0," + b"deer" * 10_000 + b"\n", "line 2: not a name .one line of text, up to 200 characters"),
    ],
)
def test_another_table_is_refused_in_one_line(tmp_path, data, message):
    (tmp_path / "names.csv").write_bytes(data)
    with pytest.raises(UserError, match=message) as error:
        read(tmp_path / "names.csv")
    assert str(error.value).startswith(str(tmp_path / "names.csv"))
    assert "\n" not in str(error.value)


def test_a_missing_table_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(UserError, match=r"names\.csv: there is no such file \(export\.names; looked for in "):
        check("names.csv", tmp_path)


def test_no_name_is_written_over(tmp_path):
    written = tmp_path / "export" / "clusters.csv"
    written.parent.mkdir()
    written.write_text("cluster,name,crop_id,crops\n0,,a,3\n")
    check(None, tmp_path)
    written.write_text("cluster,name,crop_id,crops\n0,puma,a,3\n")
    with pytest.raises(UserError, match=r"names were written into it \(puma\): move it"):
        check(None, tmp_path)
    with pytest.raises(UserError, match=r"set export\.names to the copy"):
        check(os.path.join(tmp_path, "export", "..", "export", "clusters.csv"), tmp_path)
    (tmp_path / "names.csv").write_text(written.read_text())
    check(str(tmp_path / "names.csv"), tmp_path)
    model = tmp_path / "clusters" / "model"
    model.mkdir(parents=True)
    (model / "names.json").write_text(json.dumps({"names": {}, "notes": [], "given": ["puma"]}))
    check(str(tmp_path / "names.csv"), tmp_path)  # a run wrote it


# --- where there are decisions ----------------------------------------------------------------------------------------


@pytest.fixture
def decided(tmp_path):
    """Three clusters: one named, one of two names, one without; and what the rule label leaves."""
    ids = [f"c{n}" for n in range(9)]
    cluster = [0, 0, 0, 0, 1, 1, 2, 2, -1]
    name = ["Puma", "Puma", "Puma", None, "Tapir", "Ocelot", None, None, "Tapir"]
    pq.write_table(pa.table({"crop_id": ids, "cluster": pa.array(cluster, pa.int32())}), tmp_path / "clusters.parquet")
    pq.write_table(pa.table({"crop_id": ids, "name": name}), tmp_path / "labels.parquet")
    centre = {"cluster": [0, 1, 2], "role": ["nearest"] * 3, "rank": [0] * 3, "crop_id": ["c1", "c4", "c7"]}
    pq.write_table(pa.table(centre), tmp_path / "representatives.parquet")
    info = {"crops": 9, "named": 6, "rejected": 1, "unsure": 0, "how": {"cluster": 4, "looked at": 2}}
    (tmp_path / "labels.json").write_text(
        json.dumps({**info, "names": {"Puma": 3, "Tapir": 2, "Ocelot": 1}, "notes": ["n"]})
    )
    return tmp_path


def test_a_cluster_has_the_name_of_half_of_its_crops(decided):
    folder = decided / "results" / "clusters" / "net"
    folder.mkdir(parents=True)
    inputs = [
        decided / name for name in ("labels.parquet", "labels.json", "clusters.parquet", "representatives.parquet")
    ]
    found = names.name_by_labels(*inputs, folder / "names.json", decided / "out.csv")
    assert found["names"] == {"0": "Puma", "1": "Ocelot"}
    assert found["notes"][0] == "6 of 9 crops have a name (4 cluster, 2 looked at); 1 rejected."
    assert "Cluster 1 holds crops of several names: Ocelot (1), Tapir (1)." in found["notes"]
    lines = (decided / "out.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines == ["cluster,name,crop_id,crops", "0,Puma,c1,4", "1,Ocelot,c4,2", "2,,c7,2"]
    # what was decided is taken back by a decision, but not because the decisions are away
    log = Log(decided / "results.review")
    with pytest.raises(UserError, match=r"knows nothing of names .*\(Ocelot, Puma, Tapir\): put a copy of it back"):
        names.check(None, decided / "results", (), decided / "results.review")
    log.append("ana", *({"action": "name", "crops": ["c1"], "name": name} for name in ("puma", "Tapir", "Ocelot")))
    log.append("ana", {"action": "clear", "crops": ["c1"]})
    names.check(None, decided / "results", (), decided / "results.review")
    with pytest.raises(UserError, match="bring their folder back"):
        names.check(None, decided / "results")
    # a log is only added to: one with fewer decisions than these results were made of is damaged
    (decided / "results" / "tables").mkdir()
    (decided / "results" / "tables" / "labels.json").write_text(json.dumps({"names": {}, "decisions": 4}))
    names.check(None, decided / "results", (), decided / "results.review")
    log.path.write_text(log.path.read_text(), encoding="utf-16")
    with pytest.raises(UserError, match=r"4 decisions were in it .* 0 can be read now: .*\(line 1: passed over"):
        names.check(None, decided / "results", (), decided / "results.review")
    names.check(None, decided / "results", ("names",), decided / "results.review")


def test_a_table_of_names_is_taken_in_before_it_is_left_out(tmp_path):
    folder = tmp_path / "results" / "clusters" / "net"
    folder.mkdir(parents=True)
    (folder / "names.json").write_text(json.dumps({"names": {"0": "Puma"}, "notes": [], "given": ["Puma"]}))
    table, review = tmp_path / "names.csv", tmp_path / "results.review"
    table.write_text("name,crop_id\nPuma,c1\n")
    log = Log(review)
    log.append("ana", {"action": "name", "crops": ["c2"], "name": "Tapir"})
    with pytest.raises(UserError, match=r"camtrap\.review import .*names\.csv .*remove export\.names"):
        names.check(str(table), tmp_path / "results", (), review)
    with pytest.raises(UserError, match=r"1 names .*camtrap\.review import"):
        names.check(None, tmp_path / "results", (), review)
    log.append("ana", {"action": "name", "crops": ["c1"], "name": "puma"})
    names.check(None, tmp_path / "results", (), review)
    (tmp_path / "results" / "export").mkdir()
    (tmp_path / "results" / "export" / "clusters.csv").write_text("name,crop_id\nPUMA,c1\nOcelot,c3\n")
    with pytest.raises(UserError, match=r"\(Ocelot\): take them in by"):
        names.check(None, tmp_path / "results", (), review)
