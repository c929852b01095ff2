"""From a filled-in table to the label of every crop, and what new crops get."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camtrap.core.errors import UserError
from camtrap.review.__main__ import main
from camtrap.review.audit import draft, plan
from camtrap.review.fold import fold
from camtrap.review.known import known_groups
from camtrap.review.label import carry, label
from camtrap.review.log import Log

N = 12
CLUSTER = [0] * 5 + [1] * 4 + [2] * 2 + [-1]


def clusters_table(ids, cluster, fine):
    return pa.table(
        {
            "crop_id": pa.array(ids),
            "cluster": pa.array(cluster, pa.int32()),
            "probability": pa.array([0.5] * len(ids), pa.float32()),
            "fine": pa.array(cluster if fine is None else fine, pa.int32()),
        }
    )


@pytest.fixture
def results(tmp_path):
    """Twelve crops in three clusters and noise."""
    results = tmp_path / "results"
    (results / "tables").mkdir(parents=True)
    write(results, [f"c{n:02d}" for n in range(N)], CLUSTER)
    return results


def write(results, ids, cluster, groups=None, fine=None):
    folder = results / "clusters" / "net"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(clusters_table(ids, cluster, fine), folder / "clusters.parquet")
    (folder / "choice.json").write_text(json.dumps({"k": max(cluster) + 1, **({"groups": groups} if groups else {})}))
    pq.write_table(
        pa.table({"crop_id": pa.array(ids), "burst": pa.array([None] * len(ids), pa.string())}),
        results / "tables" / "crops.parquet",
    )


def fill(results, *rows, header=("cluster", "name", "crop_id")):
    with open(results.parent / "names.csv", "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(results.parent / "names.csv")


def made(results):
    folder = results / "clusters" / "net"
    out = results / "tables" / "labels.parquet", results / "tables" / "labels.json"
    info = label(
        f"{results}.review",
        results / "tables" / "crops.parquet",
        folder / "clusters.parquet",
        folder / "choice.json",
        *out,
    )
    assert json.loads(out[1].read_text()) == info
    return {row["crop_id"]: row for row in pq.read_table(out[0]).to_pylist()}, info


def names(results):
    return {crop: row["name"] for crop, row in made(results)[0].items() if row["name"]}


def test_a_filled_in_table_becomes_decisions_and_these_become_labels(results, capsys):
    table = fill(results, (0, "Puma", "c03"), (1, "", "c05"), (2, "Tapir", "c09"))
    assert main(["import", table, str(results), "--who", "ana"]) == 0
    assert "2 decisions saved" in capsys.readouterr().out
    labels, info = made(results)
    assert {crop: row["name"] for crop, row in labels.items() if row["name"]} == dict.fromkeys(
        ["c00", "c01", "c02", "c03", "c04"], "Puma"
    ) | dict.fromkeys(["c09", "c10"], "Tapir")
    assert info["names"] == {"Puma": 5, "Tapir": 2}
    assert info["who"] == {"Puma": ["ana"], "Tapir": ["ana"]}
    assert (info["crops"], info["named"], info["how"]) == (N, 7, {"cluster": 7})


def test_a_folder_that_cannot_be_made_is_said_in_one_line(results, capsys):
    Path(f"{results}.review").write_text("a file")
    assert main(["import", fill(results, (0, "Puma", "c03")), str(results)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "results.review" in said


def test_a_damaged_clustering_is_to_be_put_back(results, capsys):
    """It cannot be made again; the message advised to delete it."""
    main(["import", fill(results, (0, "Puma", "c03")), str(results)])
    (frozen,) = Path(f"{results}.review").glob("fits/*.parquet")
    data = bytearray(frozen.read_bytes())
    for damaged in (data[:-9], data[:60] + bytes(30) + data[90:]):
        frozen.write_bytes(damaged)
        capsys.readouterr()
        assert main(["import", fill(results, (1, "Tapir", "c05")), str(results)]) == 2
        said = capsys.readouterr().err
        assert f"{frozen}: damaged, and decisions speak of this clustering: put a copy of it back" in said
        assert "delete" not in said


def test_the_same_table_again_decides_nothing_and_another_name_does(results, capsys):
    table = fill(results, (0, "Puma", "c03"), ("", "Ocelot", "c11"))
    main(["import", table, str(results)])
    main(["import", table, str(results)])
    assert capsys.readouterr().out.endswith("nothing new\n")
    assert len(Log(f"{results}.review").read()) == 2
    main(["import", fill(results, (0, "Jaguar", "c03")), str(results)])
    assert names(results)["c00"] == "Jaguar"
    main(["import", fill(results, (0, "Puma", "c03")), str(results)])
    assert names(results)["c00"] == "Puma"


def test_two_names_in_a_cluster_name_only_their_crops(results, capsys):
    main(["import", fill(results, (0, "Puma", "c03"), (0, "Tapir", "c04")), str(results)])
    assert "cluster 0 has several names" in capsys.readouterr().out
    assert names(results) == {"c03": "Puma", "c04": "Tapir"}


def test_rejected_in_the_table_is_no_name_and_can_be_taken_back(results, capsys):
    table = fill(results, (0, "Rejected", "c03"), ("", "rejected", "c11"), (2, "Tapir", "c09"))
    for said in ("3 decisions saved", "nothing new"):
        main(["import", table, str(results)])
        assert said in capsys.readouterr().out
    labels = made(results)[0]
    assert {crop for crop, row in labels.items() if row["state"] == "rejected"} == {
        "c00",
        "c01",
        "c02",
        "c03",
        "c04",
        "c11",
    }
    assert names(results) == {"c09": "Tapir", "c10": "Tapir"}
    main(["import", fill(results, (0, "Puma", "c03")), str(results)])
    assert "1 decision saved" in capsys.readouterr().out
    assert names(results)["c00"] == "Puma"
    Log(f"{results}.review").append(
        "ana", {"action": "name", "crops": ["c11"], "name": "rejected"}
    )  # as it was taken once
    main(["import", fill(results, ("", "rejected", "c11")), str(results)])
    assert "1 decision saved" in capsys.readouterr().out


def test_noise_is_named_by_its_crop_and_what_is_gone_is_said(results, capsys):
    main(["import", fill(results, (-1, "Puma", "c11"), ("", "Tapir", "c99"), (7, "Ocelot", "")), str(results)])
    out = capsys.readouterr().out
    assert "line 3: “Tapir” names nothing" in out
    assert "line 4: “Ocelot” names nothing" in out
    assert names(results) == {"c11": "Puma"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "gone.csv", "{results}"], "no such file"),
        (["import", "{empty}", "{results}"], "no row has a name"),
        (["import", "{long}", "{results}"], "line 2"),
        (["import", "{empty}", "elsewhere"], "is it the results folder"),
        (["undo", "0" * 32, "{results}"], "there is no decision"),
    ],
)
def test_mistakes_are_one_line_and_decide_nothing(results, capsys, arguments, said):
    files = {"empty": fill(results, (0, "", "c03")), "results": str(results)}
    (results.parent / "long.csv").write_text(f"name,crop_id\n{'x' * 300},c03\n")
    files["long"] = str(results.parent / "long.csv")
    assert main([argument.format(**files) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (results.parent / "results.review" / "decisions.jsonl").exists()


def test_an_undo_by_hand(results, capsys):
    main(["import", fill(results, (0, "Puma", "c03")), str(results)])
    (decision,) = Log(f"{results}.review").read()
    assert main(["undo", decision.id, str(results)]) == 0
    assert names(results) == {}


def test_a_frozen_clustering_that_is_missing_is_said(results):
    main(["import", fill(results, (0, "Puma", "c03")), str(results)])
    next((results.parent / "results.review" / "fits").glob("*.parquet")).unlink()
    with pytest.raises(UserError, match="copy it with the decisions"):
        made(results)


def test_new_clusters_change_no_decided_name(results):
    main(["import", fill(results, (0, "Puma", "c03"), (1, "Tapir", "c06")), str(results)])
    before = names(results)
    write(results, [f"c{n:02d}" for n in range(N)], [1, 0] * 6)
    assert names(results) == before


def test_refit_inherits_a_name_by_halves_and_suggests_otherwise(results):
    main(["import", fill(results, (0, "Puma", "c03"), (1, "Tapir", "c06")), str(results)])
    ids = [f"c{n:02d}" for n in range(16)]  # c12 to c15 are new
    write(results, ids, [3, 3, 3, 3, 0, 0, 0, 1, 1, 1, 1, 1, 3, 0, 1, -1])
    labels, info = made(results)
    assert [labels[c]["name"] for c in ids[:9]] == ["Puma"] * 5 + ["Tapir"] * 4
    assert (labels["c12"]["name"], labels["c12"]["how"], labels["c12"]["decision"]) == ("Puma", "carried over", None)
    # cluster 0 holds 2 of 4 tapirs, 2 of its 3 old crops; cluster 1 the other half, but 2 of its 5 old ones only
    assert (labels["c13"]["name"], labels["c14"]["name"]) == ("Tapir", None)
    assert (labels["c14"]["suggestion"], labels["c10"]["suggestion"]) == ("Tapir", "Tapir")
    assert labels["c15"]["suggestion"] is None
    write(results, ids, [0, 0, 1, 1, 2, 3, 3, 3, 3, 0, 1, 2, 0, 3, 2, -1])
    labels, info = made(results)
    assert len(info["notes"]) == 1
    assert "“Puma” was clustered with others (2 in cluster 0, 2 in cluster 1, 1 in cluster 2)" in info["notes"][0]
    assert [labels[c]["name"] for c in ids[12:]] == [None, "Tapir", None, None]


def test_refit_leaves_a_new_kind_alone_that_is_a_finer_part_of_a_named_cluster(results):
    main(["import", fill(results, (0, "Puma", "c03"), (1, "Tapir", "c06")), str(results)])
    ids = [f"c{n:02d}" for n in range(40)]  # from c12 on they are new
    fine = [0] * 4 + [3] + [1] * 4 + [2] * 2 + [-1]
    # new in cluster 0: one beside the pumas, two in a part of their own, 25 beside a single stray puma
    write(results, ids, [0] * 5 + [1] * 4 + [2] * 2 + [-1] + [0] * 28, fine=[*fine, 0, 4, 4, *[3] * 25])
    labels, info = made(results)
    assert [labels[c]["name"] for c in ids[12:]] == ["Puma"] + [None] * 27
    assert {labels[c]["suggestion"] for c in ids[13:]} == {"Puma"}
    assert info["notes"] == []
    # a part whose old crops are tapirs by half is not a part of pumas; one whose old crops are pumas by half is
    write(
        results,
        ids[:14],
        [0] * 4 + [0] + [0] + [1] * 3 + [2] * 3 + [0, 1],
        fine=[0] * 4 + [4, 4, 1, 1, 1, 2, 2, 2, 4, 1],
    )
    assert [made(results)[0][c]["name"] for c in ids[12:14]] == ["Puma", "Tapir"]
    write(results, ids[:13], [0] * 5 + [0, 0] + [1] * 2 + [2] * 3 + [0], fine=[0] * 4 + [4, 4, 4, 1, 1, 2, 2, 2, 4])
    assert made(results)[0]["c12"]["name"] is None


def test_two_clusters_with_one_name_each_pass_it_on(results):
    main(["import", fill(results, (0, "Puma", "c03"), (1, "Puma", "c06")), str(results)])
    ids = [f"c{n:02d}" for n in range(14)]
    write(results, ids, [*CLUSTER, 0, 1])
    labels, info = made(results)
    assert (labels["c12"]["name"], labels["c13"]["name"], info["notes"]) == ("Puma", "Puma", [])


def test_assigned_crops_have_the_groups_name_as_long_as_it_is_given(results):
    main(["import", fill(results, (0, "Puma", "c03")), str(results)])
    ids = [f"c{n:02d}" for n in range(14)]
    write(results, ids, [0] * 5 + [1] * 7 + [0, 1], groups={"0": "puma"})
    labels, _ = made(results)
    assert (labels["c12"]["name"], labels["c12"]["how"], labels["c12"]["sure"]) == ("Puma", "carried over", 0.5)
    assert labels["c13"]["state"] is None
    Log(f"{results}.review").undo("ana", Log(f"{results}.review").read()[0].id)
    assert names(results) == {}


def test_a_name_carried_over_stays_when_another_cluster_of_the_same_clustering_is_named(results):
    main(["import", fill(results, (0, "Puma", "c03")), str(results)])
    ids = [f"c{n:02d}" for n in range(14)]
    write(results, ids, [0] * 5 + [1] * 7 + [0, 1], groups={"0": "Puma"})
    made(results)
    main(["import", fill(results, (1, "Tapir", "c13")), str(results)])
    labels, _ = made(results)
    assert (labels["c12"]["name"], labels["c12"]["how"], labels["c13"]["name"]) == ("Puma", "carried over", "Tapir")
    known = known_groups(f"{results}.review", pa.array(ids))
    assert [known.names[g] for g in known.group[[0, 12, 13]]] == ["Puma", "Puma", "Tapir"]
    write(results, ids, [1] * 14)  # a clustering that knows of no group
    assert made(results)[0]["c12"]["name"] == "Puma"


def test_the_audit_of_a_name_is_told(results):
    main(["import", fill(results, (0, "Puma", "c03")), str(results)])
    plan_ = plan(5)
    drafts = [draft("Puma", "1" * 32, plan_, [f"c{n:02d}"], True) for n in range(5)]
    Log(f"{results}.review").append("eva", *drafts)
    labels, info = made(results)
    assert info["bound"]["Puma"]["bound"] == 1.0
    assert info["bound"]["Puma"]["looked"] == info["bound"]["Puma"]["bursts"] == 5
    assert {labels[f"c{n:02d}"]["how"] for n in range(5)} == {"looked at"}


def test_nothing_at_all():
    labels = fold([], {}, pa.array([], pa.string()))
    table, notes = carry(
        labels, np.zeros(0, bool), np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int32), None
    )
    assert (table.num_rows, notes) == (0, [])
