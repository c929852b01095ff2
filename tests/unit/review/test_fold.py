"""What labels come of decisions, of few crops by hand, and of any decisions by rule."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from camtrap.review.decisions import Decision
from camtrap.review.fits import Fit
from camtrap.review.fold import fold

CROPS = [f"c{number}" for number in range(8)]
FITS = {
    "a" * 16: Fit(
        pa.array(CROPS[:6]), np.array([0, 0, 1, 1, -1, 2], np.int32), np.linspace(0.4, 0.9, 6, dtype=np.float32)
    ),
    "b" * 16: Fit(pa.array(CROPS), np.array([1, 0, 0, 0, 1, -1, 1, 1], np.int32), np.full(8, 0.5, np.float32)),
}
A, B = FITS


def decision(number, action="name", at=None, who="ana", **said):
    time = f"2026-01-01T00:00:00.{number if at is None else at:06d}Z"
    return Decision(id=f"{number:032x}", at=time, who=who, action=action, **said)


def labels(*decisions, crops=CROPS):
    table = fold(decisions, FITS, pa.array(crops, pa.string())).to_pylist()
    return {row.pop("crop_id"): row for row in table}


def names(*decisions):
    return {crop: row["name"] for crop, row in labels(*decisions).items() if row["name"]}


def test_a_cluster_named_names_the_crops_that_it_held_and_says_by_whom_and_how_sure():
    found = labels(decision(1, fit=A, cluster=1, name="Puma", who="eva"))
    assert {crop for crop, row in found.items() if row["state"]} == {"c2", "c3"}
    row = found["c2"]
    assert (row["state"], row["name"], row["how"], row["who"]) == ("named", "Puma", "cluster", "eva")
    assert row["decision"] == f"{1:032x}"
    assert row["at"].isoformat() == "2026-01-01T00:00:00.000001+00:00"
    assert abs(row["sure"] - 0.6) < 1e-6


def test_noise_is_no_cluster_and_a_cluster_that_never_was_names_nothing():
    assert names(decision(1, fit=A, cluster=7, name="x"), decision(2, fit=A, cluster=2**31 - 1, name="y")) == {}


def test_crops_go_before_their_cluster_whichever_came_first():
    crop, cluster = decision(1, crops=("c2",), name="Ocelot"), decision(2, fit=A, cluster=1, name="Puma")
    assert names(crop, cluster) == {"c2": "Ocelot", "c3": "Puma"}
    assert labels(crop, cluster)["c2"]["how"] == "looked at"
    assert labels(crop, cluster)["c2"]["sure"] == 1


def test_the_last_word_counts_also_of_another_clustering():
    assert names(decision(1, fit=A, cluster=1, name="Puma"), decision(2, fit=B, cluster=0, name="Tapir")) == {
        "c1": "Tapir",
        "c2": "Tapir",
        "c3": "Tapir",
    }
    assert names(decision(2, fit=A, cluster=1, name="Puma"), decision(1, fit=B, cluster=0, name="Tapir")) == {
        "c1": "Tapir",
        "c2": "Puma",
        "c3": "Puma",
    }


def test_what_was_cleared_is_as_if_nothing_had_been_said_until_something_is():
    before = [decision(1, fit=A, cluster=1, name="Puma"), decision(2, crops=("c0",), name="Ocelot")]
    clear = decision(3, "clear", crops=("c0", "c2"))
    assert names(*before, clear) == {"c3": "Puma"}
    assert labels(*before, clear)["c0"] == labels()["c0"]
    assert names(*before, clear, decision(4, fit=B, cluster=0, name="Tapir"))["c2"] == "Tapir"
    assert names(*before, clear, decision(4, "undo", undoes=clear.id)) == {"c0": "Ocelot", "c2": "Puma", "c3": "Puma"}


def test_rejected_and_unsure_crops_have_no_name():
    found = labels(
        decision(1, fit=A, cluster=1, name="Puma"),
        decision(2, "reject", crops=("c2",)),
        decision(3, "unsure", crops=("c3",)),
    )
    assert [(found[c]["state"], found[c]["name"]) for c in ("c2", "c3")] == [("rejected", None), ("unsure", None)]


def test_neither_case_nor_spaces_make_a_name_another():
    found = names(decision(1, crops=("c0",), name="puma  concolor "), decision(2, crops=("c1",), name="Puma concolor"))
    assert found == {"c0": "Puma concolor", "c1": "Puma concolor"}


def test_an_undo_takes_out_and_its_undo_brings_back():
    name, undo = decision(1, fit=A, cluster=1, name="Puma"), decision(2, "undo", undoes=f"{1:032x}")
    assert names(name, undo) == {}
    assert names(name, undo, decision(3, "undo", undoes=f"{2:032x}")) == {"c2": "Puma", "c3": "Puma"}


def test_undos_that_undo_each_other_end():
    a, b = decision(1, "undo", undoes=f"{2:032x}"), decision(2, "undo", undoes=f"{1:032x}")
    assert names(a, b, decision(3, crops=("c0",), name="x")) == {"c0": "x"}


def test_another_box_of_the_same_picture_has_the_decision():
    old, far = "0123456789abcdef-1000-1000-2000-2000", "0123456789abcdef-6000-6000-2000-2000"
    near, better, other = (
        "0123456789abcdef-1300-1000-2000-2000",
        "0123456789abcdef-1100-1000-2000-2000",
        "fedcba9876543210-1000-1000-2000-2000",
    )
    said = decision(1, crops=(old, far), name="Puma")
    found = {row["crop_id"]: row for row in fold([said], {}, pa.array([near, better, other])).to_pylist()}
    assert {crop for crop, row in found.items() if row["name"]} == {better}
    assert found[better]["how"] == "carried over"


def same(number, one, other, **more):
    return decision(number, "same", fit=A, cluster=one, more={"other": other, **more})


def audit(number, right, *crops, name="Puma"):
    return decision(number, "audit", crops=crops, name=name, more={"right": right})


def test_a_cluster_that_is_the_same_has_the_name_and_loses_it_with_the_answer():
    name, answer = decision(1, fit=A, cluster=1, name="Puma"), same(2, 0, 1)
    assert names(name, answer) == dict.fromkeys(["c0", "c1", "c2", "c3"], "Puma")
    assert names(answer, name) == names(name, answer)
    assert labels(name, answer)["c0"]["decision"] == name.id
    assert names(name, answer, decision(3, "undo", undoes=answer.id)) == {"c2": "Puma", "c3": "Puma"}
    assert names(name, decision(2, "different", fit=A, cluster=0, more={"other": 1})) == {"c2": "Puma", "c3": "Puma"}


def test_an_answer_joins_no_two_names():
    puma, tapir = decision(1, fit=A, cluster=0, name="Puma"), decision(2, fit=A, cluster=1, name="Tapir")
    expected = {"c0": "Puma", "c1": "Puma", "c2": "Tapir", "c3": "Tapir"}
    assert names(puma, tapir, same(3, 0, 1)) == expected
    assert names(puma, tapir, same(3, 0, 1), same(4, 1, 2)) == expected
    assert names(puma, same(3, 0, 1), decision(4, "unsure", fit=A, cluster=1)) == {"c0": "Puma", "c1": "Puma"}
    found = labels(decision(1, "reject", fit=A, cluster=0), same(2, 1, 0))
    assert {crop for crop, row in found.items() if row["state"] == "rejected"} == {"c0", "c1", "c2", "c3"}


def test_answers_reach_over_two_clusterings():
    assert names(decision(1, fit=B, cluster=1, name="Puma"), same(2, 1, 1, other_fit=B)) == dict.fromkeys(
        ["c0", "c2", "c3", "c4", "c6", "c7"], "Puma"
    )


def test_what_an_audit_found_right_was_looked_at():
    name = decision(1, fit=A, cluster=1, name="puma ")
    row = labels(name, audit(2, True, "c2"))["c2"]
    assert (row["how"], row["sure"], row["decision"], row["name"]) == ("looked at", 1, name.id, "puma")
    assert labels(name, audit(2, True, "c2"))["c3"]["how"] == "cluster"
    other = labels(name, audit(2, True, "c2", name="Tapir"))["c2"]
    assert (other["name"], other["how"]) == ("puma", "cluster")


def test_what_an_audit_found_right_keeps_its_name_when_nothing_else_gives_one():
    row = labels(audit(1, True, "c2"))["c2"]
    assert (row["state"], row["name"], row["how"]) == ("named", "Puma", "looked at")
    assert labels(audit(1, False, "c2"))["c2"]["state"] is None


def test_what_an_audit_found_wrong_is_unsure_until_something_is_said_of_it():
    name, wrong = decision(1, fit=A, cluster=1, name="Puma"), audit(2, False, "c2")
    found = labels(name, wrong)
    assert (found["c2"]["state"], found["c2"]["name"], found["c3"]["name"]) == ("unsure", None, "Puma")
    assert names(name, wrong, decision(3, crops=("c2",), name="Tapir")) == {"c2": "Tapir", "c3": "Puma"}
    assert names(name, wrong, decision(3, "undo", undoes=wrong.id)) == {"c2": "Puma", "c3": "Puma"}
    assert names(decision(0, crops=("c2",), name="Tapir"), name, wrong)["c2"] == "Tapir"
    assert names(name, wrong, decision(3, fit=A, cluster=1, name="Puma")) == {"c2": "Puma", "c3": "Puma"}


def test_a_name_that_was_carried_over_before_a_clustering_was_frozen_stays_as_long_as_it_is_in_use():
    held = FITS[B]._replace(carried=pa.array([None] * 6 + ["puma", "Tapir"]))
    name = decision(1, fit=A, cluster=0, name="Puma")
    table = fold([name], {A: FITS[A], B: held}, pa.array(CROPS)).to_pylist()
    found = {row["crop_id"]: row for row in table}
    assert {crop: row["name"] for crop, row in found.items() if row["name"]} == dict.fromkeys(
        ["c0", "c1", "c6"], "Puma"
    )
    assert (found["c6"]["how"], found["c6"]["decision"], found["c6"]["sure"]) == ("carried over", None, 0.5)
    last = fold([name, decision(2, fit=B, cluster=1, name="Ocelot")], {A: FITS[A], B: held}, pa.array(CROPS))
    assert last["name"].to_pylist()[6] == "Ocelot"


def test_no_crop_at_all():
    assert fold([decision(1, fit=A, cluster=0, name="x")], FITS, pa.array([], pa.string())).num_rows == 0
    assert labels() == {crop: dict.fromkeys(next(iter(labels().values()))) for crop in CROPS}


targets = st.one_of(
    st.fixed_dictionaries({"fit": st.sampled_from([A, B]), "cluster": st.integers(0, 3)}),
    st.fixed_dictionaries({"crops": st.lists(st.sampled_from(CROPS), min_size=1, max_size=3).map(tuple)}),
)
said = st.one_of(
    st.tuples(st.just("name"), targets, st.sampled_from(["Puma", "puma", " PUMA", "Tapir", "Ocelot"])),
    st.tuples(st.sampled_from(["reject", "unsure"]), targets, st.none()),
    st.tuples(st.just("clear"), targets.filter(lambda target: "crops" in target), st.none()),
    st.tuples(st.just("undo"), st.integers(1, 12), st.none()),
)


def log(items, first=1):
    """Decisions with ids from ``first`` on; several have the same time."""
    made = []
    for number, (action, target, name) in enumerate(items, first):
        more = {"undoes": f"{target:032x}"} if action == "undo" else target
        made.append(decision(number, action, at=number // 2, **more, **({"name": name} if name else {})))
    return made


@given(st.lists(said, max_size=12), st.randoms())
@settings(max_examples=200, deadline=None)
def test_the_order_of_lines_says_nothing_and_a_line_twice_is_one(items, random):
    made = log(items)
    mixed = made + random.sample(made, len(made) // 2)
    random.shuffle(mixed)
    assert labels(*made) == labels(*mixed)


@given(st.lists(said, max_size=8), st.lists(said, max_size=8))
@settings(max_examples=100, deadline=None)
def test_two_logs_in_any_order_give_the_same_labels(one, two):
    ana, eva = log(one), log(two, first=100)
    assert labels(*ana, *eva) == labels(*eva, *ana)


@given(st.lists(said, max_size=12))
@settings(max_examples=100, deadline=None)
def test_an_undo_of_everything_is_the_empty_log(items):
    made = log(items)
    undos = [decision(900 - n, "undo", at=900 - n, undoes=d.id) for n, d in enumerate(made) if d.action != "undo"]
    # an undo that was there before is undone, too: else its own undo of one of these might count
    undos += [decision(700 - n, "undo", at=950 + n, undoes=d.id) for n, d in enumerate(made) if d.action == "undo"]
    assert labels(*made, *undos) == labels()


@given(st.lists(said, max_size=12))
@settings(max_examples=100, deadline=None)
def test_fold_says_what_a_slow_reading_of_the_rule_says(items):
    made = log([item for item in items if item[0] != "undo"])
    of_crop, of_cluster = {}, {}
    for d in made:
        if d.action == "clear":
            for crop in d.crops:
                of_crop.pop(crop, None)
                of_cluster.pop(crop, None)
        elif d.crops:
            of_crop |= dict.fromkeys(d.crops, d)
        else:
            fit = FITS[d.fit]
            held = [c for c, k in zip(fit.crop_id.to_pylist(), fit.cluster, strict=True) if k == d.cluster]
            of_cluster |= dict.fromkeys(held, d)
    expected = dict.fromkeys(CROPS) | of_cluster | of_crop  # what was said of crops takes precedence over their cluster
    found = labels(*made)
    assert {crop: row["decision"] for crop, row in found.items()} == {c: d and d.id for c, d in expected.items()}
    spelled = {row["name"] for row in found.values()}
    assert len(spelled & {"Puma", "puma", "PUMA"}) <= 1
