"""What a person sees while a survey is worked through."""

import pytest

from camtrap.core.terminal import Progress, last_line, left


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_line_per_stage_with_the_time_left(clock):
    run = Progress(clock)
    run.expect([("detect", "a"), ("detect", "b"), ("choose", "")], {"a": 1000, "b": 500})
    run.start(1, "detect", "a")
    assert [" ".join(line.split()) for line in run.status()] == ["find animals 0 of 1,500 pictures"]
    clock.now = 200.0
    assert run.finish(1) == []
    run.start(2, "detect", "b")
    assert [" ".join(line.split()) for line in run.status()] == ["find animals 1,000 of 1,500 pictures, 2 min left"]
    clock.now = 300.0
    assert [" ".join(line.split()) for line in run.finish(2)] == ["find animals 1,500 pictures, 5 min"]
    run.start(3, "choose")
    assert [" ".join(line.split()) for line in run.finish(3)] == ["choose done, 0 s"]
    assert run.status() == []


def test_a_failed_job_is_one_line_that_says_why(clock, tmp_path):
    log = tmp_path / "a.log"
    log.write_text("12:00:00 detect: 3 of 9\n12:00:01 weights.pt: damaged; delete it\n")
    run = Progress(clock)
    run.start(1, "detect", "card1-00000-12345678")
    assert run.fail(1, "detect", [str(tmp_path / "gone"), str(log)])[:1] == [
        "FAILED: find animals of card1-00000-12345678: 12:00:01 weights.pt: damaged; delete it",
    ]
    assert run.status() == []


def test_the_end_names_what_failed_and_not_what_was_tried_again():
    run = Progress()
    for job, rule in enumerate(["index", "detect", "detect", "reduce"]):
        run.start(job, rule, f"card{job}" if rule == "detect" else "")
        run.fail(job, rule, [])
    run.start(9, "reduce")
    run.finish(9)
    assert run.unfinished() == [
        "not finished: FAILED above (read, find animals); the same command goes on where it was"
    ]
    assert Progress().unfinished() == ["not finished; the same command goes on where it was"]


def test_the_last_line_is_no_traceback(tmp_path):
    log = tmp_path / "a.log"
    log.write_text('ValueError: no\nTraceback (most recent call last):\n  File "x"\nValueError: no\nmore\n')
    assert last_line(log) == "ValueError: no"
    log.write_text('Traceback (most recent call last):\n  File "x"\nKeyError: 3\n')
    assert last_line(log) == "KeyError: 3"
    log.write_text("")
    assert last_line(log) == last_line(tmp_path / "gone") == ""
    assert "killed" in Progress().fail(1, "detect", [str(log)])[0]


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 s"), (100, "2 min"), (9000, "2.5 h"), (3.1 * 86400, "3.1 days"), (89.4, "89 s")]
)
def test_times_in_words(seconds, words):
    assert left(seconds) == words
