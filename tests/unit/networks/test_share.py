"""Two jobs share a card where there are cores and memory for them, and what the user says counts."""

import pytest

from camtrap.core.errors import UserError
from camtrap.networks import share
from camtrap.networks.share import places, share_cards, threads_beside_a_card

SPREAD = [(0, 0), (1, 0), (0, 1), (1, 1)]


@pytest.fixture
def environment(monkeypatch):
    """The environment, to be set anew."""

    def put(told):
        for name in (share.JOBS, share.CARDS, share.THREADS):
            monkeypatch.delenv(name, raising=False)
        for name, value in told.items():
            monkeypatch.setenv(name, value)

    put({})
    return put


@pytest.mark.parametrize(
    ("offered", "cores", "told", "jobs", "threads"),
    [
        (1, 2, {}, 1, 1),
        (1, 4, {}, 1, 2),
        (1, 16, {}, 2, 4),
        (4, 8, {}, 4, 1),
        (2, 64, {}, 4, 8),
        (1, None, {}, 1, 1),
        (6, 24, {"CAMTRAP_JOBS_PER_GPU": "3"}, 6, 2),
        (1, 16, {"CAMTRAP_GPU_THREADS": "7"}, 2, 7),
    ],
)
def test_jobs_and_threads(environment, offered, cores, told, jobs, threads):
    environment(told)
    for _ in range(2):  # a Snakefile may be parsed twice
        assert share_cards(offered, cores) == jobs
        assert threads_beside_a_card(2) == threads


def test_where_nobody_said_anything_a_card_is_one_jobs(environment):
    assert threads_beside_a_card(2) == 2
    assert places(2, real=False) == [(0, 0), (1, 0)]


def test_jobs_spread_over_the_cards_but_not_beyond_those_that_were_offered(environment):
    share_cards(2, 32)
    assert places(2, real=False) == SPREAD
    environment({})
    share_cards(1, 32)
    assert places(2, real=False) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    environment({"CAMTRAP_JOBS_PER_GPU": "2"})
    share_cards(4, 32)
    assert places(2, real=False) == SPREAD


def test_a_small_card_is_one_jobs_where_nobody_said_otherwise(environment, monkeypatch):
    monkeypatch.setattr(share, "_bytes", lambda card: (80 * 10**9, 8 * 10**9)[card])
    share_cards(2, 32)
    assert places(2) == [(0, 0), (1, 0), (0, 1)]
    environment({"CAMTRAP_JOBS_PER_GPU": "2"})
    assert places(2) == SPREAD


@pytest.mark.parametrize("value", ["0", "two", "-1", "1.5"])
def test_what_is_no_number_is_one_clear_line(environment, value):
    environment({"CAMTRAP_JOBS_PER_GPU": value})
    with pytest.raises(UserError, match=f"CAMTRAP_JOBS_PER_GPU={value}: it must be a number from 1 on"):
        share_cards(1, 16)
