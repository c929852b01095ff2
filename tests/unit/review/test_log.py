"""The log on a disk: two writers, torn lines, a full disk, kills."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading

import pytest

from camtrap.core.errors import OutageError
from camtrap.review import folder_of, log
from camtrap.review.decisions import DecisionError, parse
from camtrap.review.log import Log

REJECT = {"action": "reject", "crops": ["c1"]}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "results.review"


def lines(folder):
    return (folder / "decisions.jsonl").read_text(encoding="utf-8").splitlines()


def test_a_decision_comes_back_as_it_was_given(folder):
    (made,) = Log(folder).append("ana", {"action": "name", "crops": ["c1", "c2"], "name": 'Ñandú "x"'})
    assert Log(folder).read() == [made]
    assert (made.who, made.name, made.crops) == ("ana", 'Ñandú "x"', ("c1", "c2"))
    assert parse(json.loads(lines(folder)[0])) == made


def test_without_a_folder_there_are_none_and_reading_makes_none(folder):
    assert Log(folder).read() == []
    assert not folder.exists()


def test_times_only_grow_though_the_clock_is_set_back(folder, monkeypatch):
    first = Log(folder).append("ana", REJECT, REJECT)
    clock = type(
        "Clock", (log.datetime.datetime,), {"now": classmethod(lambda cls, zone: cls(2020, 1, 1, tzinfo=zone))}
    )
    monkeypatch.setattr(log.datetime, "datetime", clock)
    second = Log(folder).append("ana", REJECT)
    times = [decision.at for decision in [*first, *second]]
    assert times == sorted(set(times))


def test_another_windows_decisions_are_seen(folder):
    one, two = Log(folder), Log(folder)
    one.append("ana", REJECT)
    assert len(two.read()) == 1
    two.append("eva", REJECT)
    assert [d.who for d in one.read()] == ["ana", "eva"]


def test_a_log_that_was_replaced_is_read_anew(folder):
    log_ = Log(folder)
    log_.append("ana", REJECT, REJECT)
    (folder / "new").write_text(lines(folder)[1] + "\n")
    (folder / "new").replace(folder / "decisions.jsonl")
    assert len(log_.read()) == 1


@pytest.mark.parametrize("kept", [0, 1, 20, -2])
def test_a_torn_last_line_is_passed_over_and_tears_nothing_after_it(folder, kept):
    Log(folder).append("ana", REJECT, REJECT)
    whole = "\n".join(lines(folder)[:1]) + "\n"
    (folder / "decisions.jsonl").write_text(whole + lines(folder)[1][:kept])
    log_ = Log(folder)
    assert len(log_.read()) == 1
    assert len(log_.notes) == (kept != 0)
    log_.append("eva", REJECT)
    assert [d.who for d in Log(folder).read()] == ["ana", "eva"]


def test_a_last_line_without_its_line_end_counts(folder):
    Log(folder).append("ana", REJECT)
    (folder / "decisions.jsonl").write_text(lines(folder)[0])
    assert len(Log(folder).read()) == 1
    Log(folder).append("eva", REJECT)
    assert len(Log(folder).read()) == 2


def test_logs_put_together_by_cat_keep_all_decisions_though_one_was_torn(folder, tmp_path):
    Log(folder).append("ana", REJECT, REJECT)
    Log(tmp_path / "other").append("eva", REJECT)
    torn = (folder / "decisions.jsonl").read_text()[:-5]
    (folder / "decisions.jsonl").write_text(torn + (tmp_path / "other" / "decisions.jsonl").read_text())
    log_ = Log(folder)
    assert [d.who for d in log_.read()] == ["ana", "eva"]
    assert "line 2" in log_.notes[0]


HOSTILE = [
    "null",
    "[1]",
    "NaN",
    '{"id": 1}',
    "[" * 100_000,
    "1" * 5000,
    '{"id": "'
    + "0" * 32
    + '", "at": "2026-01-01T00:00:00.000000Z", "who": "a", "action": "name", "crops": ["c"], "name": "a\\u0000b"}',
    '{"id": "'
    + "0" * 32
    + '", "at": "2026-01-01T00:00:00.000000Z", "who": "a", "action": "name", "crops": ["\\ud800"], "name": "b"}',
    '{"id": "'
    + "0" * 32
    + '", "at": "2026-01-01T00:00:00.000000Z", "who": "a", "action": "name", "fit": "../../x", "cluster": 0, "name": "b"}',
    '{"id": "' + "0" * 32 + '", "at": "2026-01-01T00:00:00.000000Z", "who": "a", "action": "paint", "crops": ["c"]}',
]
# What an action does not need, and times that are none: each stopped the labels of a whole survey.
USABLE = {
    "id": "0" * 32,
    "at": "2026-01-01T00:00:00.000000Z",
    "who": "a",
    "action": "name",
    "crops": ["c"],
    "name": "b",
}
WRONG = [
    *({"at": "2026-13-01T00:00:00.000000Z"}, {"at": "9999-12-31T23:59:59.999999Z"}, {"fit": [1], "action": "clear"}),
    *({"fit": "ab" * 8, "cluster": 1, "crops": 5}, {"action": "reject", "name": 5}, {"undoes": [1]}, {"right": [1]}),
    *({"action": "audit", "right": True, "name": {}}, {"action": "audit", "right": 1}),
]
HOSTILE += [json.dumps(USABLE | wrong) for wrong in WRONG]


@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_a_line_that_is_no_decision_costs_itself(folder, line):
    Log(folder).append("ana", REJECT)
    with open(folder / "decisions.jsonl", "a") as file:
        file.write(line + "\n")
    log_ = Log(folder)
    assert len(log_.read()) == 1
    assert all("line 2" in note and "\n" not in note for note in log_.notes)
    assert log_.notes


def test_a_draft_that_says_too_little_writes_nothing(folder):
    for draft in (
        {"action": "name", "crops": ["c"], "name": " \u2003"},
        {"action": "reject"},
        {"action": "name", "name": "x"},
    ):
        with pytest.raises(DecisionError):
            Log(folder).append("ana", REJECT, draft)
    assert not (folder / "decisions.jsonl").exists()


def test_a_full_disk_keeps_what_was_and_says_so(folder):
    """A limit on the size of files stands for the full disk: part of the line is written before it fails."""
    Log(folder).append("ana", REJECT)
    before = (folder / "decisions.jsonl").read_bytes()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50, old[1]))
    try:
        with pytest.raises(OutageError, match="not saved"):
            Log(folder).append("ana", REJECT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert (folder / "decisions.jsonl").read_bytes() == before


def test_writers_at_once_lose_nothing(folder):
    def write(name):
        for _ in range(25):
            Log(folder).append(name, REJECT)

    threads = [threading.Thread(target=write, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = Log(folder).read()
    assert len(found) == 100
    assert len({d.at for d in found}) == 100


WRITER = """
import sys
from camtrap.review.log import Log
log = Log(sys.argv[1])
while True:
    for decision in log.append("ana", {"action": "reject", "crops": ["c" * 90] * 2000}):
        print(decision.id, flush=True)
"""


def test_what_was_said_to_be_saved_is_there_after_a_kill(folder):
    said = []
    for number in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True, env=os.environ
        )
        for _ in range(number + 1):
            said.append(process.stdout.readline().strip())
        process.kill()
        said += process.stdout.read().split()
        process.wait()
    assert {d.id for d in Log(folder).read()} >= set(said)
    assert len(said) >= 15


def test_the_folder_lies_beside_the_results_unless_it_is_set():
    assert str(folder_of("survey/results/")) == "survey/results.review"
    assert str(folder_of("results", "mine")) == "mine"
