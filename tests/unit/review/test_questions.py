"""What the page asks beyond looking and naming: parts, pairs, suggestions, mistakes, pages, audits."""

import numpy as np
import pytest
from reviewdata import write

from camtrap.core.errors import UserError
from camtrap.core.files import read_parquet, write_csv
from camtrap.export.suggestions import COLUMNS
from camtrap.review.decisions import in_effect
from camtrap.review.server.desk import Desk
from camtrap.review.server.questions import QUESTIONS
from camtrap.review.server.survey import Survey


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    return Survey(write(tmp_path_factory.mktemp("questions"), [45, 30, 24, 12], noise=3, pictures=False))


@pytest.fixture
def desk(survey, tmp_path):
    return Desk(survey, tmp_path / "review", "ana")


def asked(desk, question, **said):
    return QUESTIONS[question](desk, said)


def group(desk, number):
    return desk.groups({})["groups"][number]["id"]


def name(desk, number, text):
    desk.decide({"action": "name", "name": text, "group": group(desk, number)})


def test_a_split_changes_nothing_before_it_is_kept(desk):
    whole = group(desk, 0)
    found = asked(desk, "split", group=whole)
    assert sum(part["crops"] for part in found["parts"]) == 45
    assert desk.live.log.read() == []
    kept = asked(desk, "split/keep", token=found["token"])["groups"]
    assert [len(desk.live.rows(one)) for one in kept] == [part["crops"] for part in found["parts"]]
    assert not len(desk.live.rows(whole))
    desk.decide({"action": "name", "name": "Puma", "group": kept[0]})
    assert len(desk.live.rows("n:puma")) == found["parts"][0]["crops"]
    for _ in range(2):
        desk.back("undo")
    assert len(desk.live.rows(whole)) == 45


def test_a_part_of_a_group_that_changed_since_is_refused(desk):
    found = asked(desk, "split", group=group(desk, 0))
    desk.decide({"action": "reject", "rows": desk.live.rows(group(desk, 0))[:1].tolist(), "looked": True})
    with pytest.raises(UserError, match="changed"):
        asked(desk, "split/keep", token=found["token"])


def test_a_pair_that_was_answered_is_not_asked_again(desk):
    first = asked(desk, "pairs")[0]
    asked(desk, "pairs/answer", a=first["a"], b=first["b"], answer="different")
    second = asked(desk, "pairs")[0]
    assert {second["a"], second["b"]} != {first["a"], first["b"]}
    asked(desk, "pairs/answer", a=second["a"], b=second["b"], answer="same")
    assert len(desk.groups({})["groups"]) == 4  # with the noise
    desk.back("undo")
    assert len(desk.groups({})["groups"]) == 5


def test_the_same_as_a_named_group_gets_its_name(desk):
    name(desk, 0, "Puma")
    other = group(desk, 1)
    asked(desk, "pairs/answer", a="n:puma", b=other, answer="same")
    assert len(desk.live.rows("n:puma")) == 75


@pytest.fixture
def called(tmp_path):
    """A desk of a survey whose clusters another classifier knows: 0 is mostly Puma, 1 perhaps Deer; the row of 2 is of before."""
    results = write(tmp_path, [45, 30, 24, 12], noise=3, pictures=False)
    of = {row["cluster"]: row["crop_id"] for row in read_parquet(results / "clusters/net/clusters.parquet").to_pylist()}
    rows = [
        [0, "=Puma", of[0], 45, 43, "0.956", "0.9", "", ""],
        [1, "Deer", of[1], 30, 15, "0.500", "0.8", "Cow", "0.4"],
        [2, "Owl", of[3], 24, 24, "1.000", "0.9", "", ""],
        [3, "", of[3], 12, 12, "1.000", "0.9", "", ""],
    ]
    (results / "export").mkdir()
    write_csv(results / "export" / "suggestions.csv", COLUMNS, rows, encoding="utf-8-sig")
    return Desk(Survey(results), tmp_path / "review", "ana")


def test_what_another_classifier_says_is_offered_before_anything_has_a_name(called):
    cards = called.groups({})["groups"]
    assert [
        card["called"] and (card["name"], *card["called"].values()) for card in cards if card["kind"] == "open"
    ] == [
        (None, "=Puma", 0.956),
        (None, "Deer", 0.5),
        None,
        None,
    ]
    found = asked(called, "suggestions")
    assert [(one["name"], one["crops"], one["ticked"], one["cosine"]) for one in found] == [
        ("=Puma", 45, True, None),
        ("Deer", 30, False, None),
    ]
    assert asked(called, "suggestions/accept", groups=[found[0]["group"]])["crops"] == 45
    assert len(called.live.rows("n:=puma")) == 45
    assert not called.live.looked.any()


def test_what_has_been_named_counts_more_than_another_classifier(called):
    name(called, 0, "Puma")
    name(called, 1, "Deer")
    # the last kind is like the first one
    by_name = {one["name"]: one for one in asked(called, "suggestions")}
    assert by_name["Puma"]["cosine"] is not None
    assert all(one["name"] != "Owl" for one in by_name.values())


def test_suggestions_name_only_the_crops_that_are_meant(desk):
    with pytest.raises(UserError, match="nothing has a name"):
        asked(desk, "suggestions")
    name(desk, 0, "Puma")
    name(desk, 1, "Tapir")
    found = asked(desk, "suggestions")
    assert {one["name"] for one in found} <= {"Puma", "Tapir"}
    before = len(desk.live.rows(f"n:{found[0]['name'].lower()}"))
    done = asked(desk, "suggestions/accept", groups=[found[0]["group"]])
    assert done["crops"] == found[0]["crops"]
    assert len(desk.live.rows(f"n:{found[0]['name'].lower()}")) == before + done["crops"]


def test_a_planted_mistake_is_found_and_gets_its_own_name(desk):
    name(desk, 0, "Puma")
    name(desk, 1, "Tapir")
    wrong = desk.live.rows("n:tapir")[[3, 7]]
    desk.decide({"action": "name", "name": "Puma", "rows": wrong.tolist(), "looked": True})
    found = asked(desk, "mistakes", group="n:puma")
    assert set(found["rows"]) >= set(wrong.tolist())
    assert asked(desk, "mistakes/take", rows=wrong.tolist())["crops"] == 2
    assert np.isin(wrong, desk.live.rows("n:tapir")).all()


def test_pages_double_and_halve_and_name_the_good_ones(desk):
    said = asked(desk, "pages", group=group(desk, 0))
    answers = []
    while said["page"] is not None:
        answers.append([said["page"], said["page"] == 0])
        said = asked(desk, "pages", token=said["token"], answers=answers)
    assert said["good"] == 1
    done = asked(desk, "pages/end", token=said["token"], answers=answers, name="Puma")
    assert done["crops"] == said["goodCrops"] == len(desk.live.rows("n:puma"))
    assert len(done["rest"]) == said["restCrops"] == 45 - done["crops"]
    assert desk.live.looked[desk.live.rows("n:puma")].all()


def test_an_audit_without_errors_passes_and_is_undone_in_one_step(desk):
    name(desk, 0, "Puma")
    shown = asked(desk, "audit", group="n:puma")
    assert len(shown["bursts"]) == shown["first"]
    said = {**shown, "group": "n:puma", "bursts": [[rows, True] for rows in shown["bursts"]]}
    assert asked(desk, "audit/say", **said)["state"] == "passed"
    desk.back("undo")
    assert [d.action for d in in_effect(desk.live.log.read())] == ["name"]


def test_the_order_by_likeness_begins_with_the_group_itself(desk):
    chosen = group(desk, 2)
    ranks = asked(desk, "like", group=chosen)
    assert ranks[chosen] == 0
    assert sorted(ranks.values()) == [0, 1, 2, 3]


@pytest.mark.parametrize("question", sorted(QUESTIONS))
def test_nonsense_is_refused_in_one_line(desk, question):
    for said in ({}, {"group": "c:0:0"}, {"token": "x", "group": 5, "answers": 3, "groups": 1, "rows": ["a"]}):
        if question in ("pairs", "pages/end", "next"):
            continue
        with pytest.raises(UserError) as refused:
            QUESTIONS[question](desk, said)
        assert "\n" not in str(refused.value)
