"""Sure by sampling: random bursts of a named group are shown; how many right ones make it at least so pure.

"Look until it passes" would prove nothing. So the number of errors is fixed beforehand, in two stages (a double sampling plan,
Dodge and Romig 1929): no error in the first screen passes; one error asks for a second screen, in which there may be none.
The probability that a group below the level passes is :data:`RISK` at most. It is counted without replacement
(hypergeometric), so small groups need fewer bursts; in a very small group all are looked at, and nothing is left to chance.

What a decision ``audit`` says: ``crops`` (those of one burst that are in the group), ``right``, and ``name`` (the group's), ``round`` (32
hexadecimal digits: all bursts of one audit have the same), ``of`` (bursts in the group when the round began) and ``level``.
A round that failed cannot be repeated until it passes: each failed one halves the risk that the next may take.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from camtrap.review.decisions import Decision, in_effect, key

__all__ = ["LEVEL", "Plan", "Round", "bound", "bounds", "draft", "draw", "plan", "rounds", "state", "wanted"]

LEVEL, RISK = 0.9, 0.05
_SHARE = 0.765  # of the risk that the first screen may take: of many bursts it is 31 for 0.9, and the second ends at 54
PASSED, FAILED, OPEN = "passed", "failed", "open"


class Plan(NamedTuple):
    """A group of ``of`` bursts passes after ``first`` right ones, or with one error after ``total`` (the first screen included)."""

    of: int
    level: float
    first: int
    total: int


def plan(of: int, level: float = LEVEL, failed: int = 0) -> Plan:
    """How many bursts are looked at.

    Parameters
    ----------
    of : int
        Bursts in the group, at least 1.
    level : float
        The share of right bursts that is to be shown, above 0 and below 1.
    failed : int
        Rounds of this name that failed before.
    """
    if of < 1 or not 0 < level < 1:
        raise ValueError(f"an audit of {of} bursts at {level}")
    risk = RISK / 2**failed
    bad = of - int(np.ceil(level * of - 1e-9)) + 1  # the fewest wrong bursts of a group below the level
    n = np.arange(of + 1)
    # P(no wrong one among the first n), as logarithms of falling factorials
    with np.errstate(divide="ignore"):
        steps = np.log(np.maximum(of - bad - n[:-1], 0)) - np.log(of - n[:-1])
    none = np.r_[0.0, np.cumsum(steps)]
    first = int(np.argmax(np.exp(none) <= _SHARE * risk))
    if first == of:
        return Plan(of, level, of, of)
    # P(one wrong one among the first, and none after): the wrong one has `first` places, and the others are right
    rest = np.log(of - n[:-1])
    with np.errstate(divide="ignore"):
        right = np.r_[0.0, np.cumsum(np.log(np.maximum(of - bad - n[:-1], 0)))]
    one = np.r_[-np.inf, np.log(first * bad) + right[:-1] - np.cumsum(rest)]
    fine = (np.exp(none[first]) + np.exp(one) <= risk) & (n > first)
    total = int(np.argmax(fine)) if fine.any() else of
    return Plan(of, level, first, total)


def state(plan_: Plan, right: Sequence[bool]) -> str:
    """``passed``, ``failed`` or ``open``, of what was said of bursts in the order drawn."""
    said, wrong = len(right), list(right).count(False)
    if plan_.first <= said and plan_.first < plan_.of and all(right[: plan_.first]):
        return PASSED
    if wrong > (most_wrong(plan_) if plan_.total == plan_.of else 1):
        return FAILED
    return PASSED if said >= plan_.total else OPEN


def most_wrong(plan_: Plan) -> int:
    """How many bursts of a group at its level are wrong at most."""
    return int((1 - plan_.level) * plan_.of + 1e-9)


def wanted(plan_: Plan, right: Sequence[bool]) -> int:
    """How many more bursts are to be shown at once; 0 when the round has ended."""
    if state(plan_, right) != OPEN:
        return 0
    return (plan_.first if len(right) < plan_.first else plan_.total) - len(right)


def draw(burst: np.ndarray, round_: str, drawn: Iterable[int] = (), most: int | None = None) -> list[np.ndarray]:
    """The next bursts of a round, by chance, without replacement.

    Parameters
    ----------
    burst : int array of shape (m,)
        The burst of each crop of the group; a crop without one has a number of its own.
    round_ : str
        32 hexadecimal digits: the seed. The same ones give the same order.
    drawn : iterable of int
        Bursts that were shown in this round.
    most : int, optional
        So many at most.

    Returns
    -------
    list of int64 arrays
        Of each burst the rows of its crops in ``burst``.
    """
    numbers, inverse = np.unique(burst, return_inverse=True)
    order = np.random.default_rng(int(round_, 16)).permutation(len(numbers))
    gone = set(drawn)
    chosen = [place for place in order if int(numbers[place]) not in gone][:most]
    by_burst = np.argsort(inverse, kind="stable")
    ends = np.cumsum(np.bincount(inverse, minlength=len(numbers)))
    return [by_burst[(ends[place - 1] if place else 0) : ends[place]] for place in chosen]


def draft(name: str, round_: str, plan_: Plan, crops: Sequence[str], right: bool) -> dict[str, Any]:
    """The decision on one burst that was looked at, for `Log.append`."""
    said = {"action": "audit", "crops": list(crops), "right": bool(right), "name": name}
    return said | {"round": round_, "of": plan_.of, "level": plan_.level}


class Round(NamedTuple):
    """One audit: who began it, and when; of each burst that was shown whether it was right, and its crops."""

    name: str
    round: str
    who: str
    at: str
    plan: Plan
    right: list[bool]
    bursts: list[tuple[str, ...]]

    @property
    def state(self) -> str:
        """``passed``, ``failed`` or ``open``."""
        return state(self.plan, self.right)


def rounds(decisions: Iterable[Decision]) -> dict[str, list[Round]]:
    """All rounds of each name (by its :func:`camtrap.review.decisions.key`), in the order of their beginning."""
    found: dict[str, dict[str, Round]] = {}
    for said in in_effect(decisions):
        number = said.more.get("round")
        if said.action != "audit" or said.name is None or number is None:
            continue
        of_name = found.setdefault(key(said.name), {})
        if number not in of_name:
            failed = sum(one.state == FAILED for one in of_name.values())
            plan_ = plan(said.more["of"], said.more["level"], failed)
            of_name[number] = Round(said.name, number, said.who, said.at, plan_, [], [])
        of_name[number].right.append(said.more["right"])
        of_name[number].bursts.append(said.crops)
    return {name: list(of_name.values()) for name, of_name in found.items()}


def bounds(decisions: Iterable[Decision], labels: pa.Table, burst: np.ndarray) -> dict[str, dict[str, Any]]:
    """How sure each name is, for ``tables/labels.json`` and the page.

    Parameters
    ----------
    decisions : iterable of Decision
    labels : pyarrow.Table
        ``crop_id``, ``name`` and ``at`` of n crops (`fold.fold`, `label.carry`).
    burst : int array of shape (n,)
        The burst of each crop; one without a burst has a number of its own.

    Returns
    -------
    dict
        Of each name that was audited: ``state`` of its last round; ``looked`` and ``wrong``, bursts; ``of``, bursts when the round began;
        ``bursts``, now; ``level``; ``bound``, the share of the bursts of now that is right at least, with 95 % confidence: what came
        after the round began counts as wrong. None where the round did not pass.
    """
    table = labels.select(["crop_id", "name", "at"]).to_pandas().assign(burst=burst)
    table = table[table["name"].notna()]
    table["key"] = table["name"].map({name: key(name) for name in table["name"].unique()})
    found: dict[str, dict[str, Any]] = {}
    for name, several in rounds(decisions).items():
        own = table[table["key"] == name]
        if len(own):
            found[own["name"].iloc[0]] = _bound(several[-1], own)
    return dict(sorted(found.items()))


def _bound(last: Round, own: pd.DataFrame) -> dict[str, Any]:
    there = set(own["crop_id"])
    wrong = [crops for crops, right in zip(last.bursts, last.right, strict=True) if not right]
    gone = sum(there.isdisjoint(crops) for crops in wrong)
    return bound(last, own["burst"].to_numpy(), (own["at"] > pd.Timestamp(last.at)).to_numpy(), gone)


def bound(last: Round, burst: np.ndarray, since: np.ndarray, gone: int) -> dict[str, Any]:
    """How sure a name is after its last round: an entry of :func:`bounds`.

    Parameters
    ----------
    last : Round
    burst : int array of shape (m,)
        The bursts of the crops that have the name now.
    since : bool array of shape (m,)
        Which got it after the round began.
    gone : int
        Bursts found wrong that do not have it any more.
    """
    now, of = len(np.unique(burst)), last.plan.of
    added = max(len(np.unique(burst[since])), now - of)
    wrong = last.right.count(False)
    most = wrong if len(last.right) >= of else most_wrong(last.plan)
    right = max(now - added - max(most - gone, 0), 0)  # whatever else left the group was right
    return {
        "state": last.state,
        "bound": int(right / now * 10_000) / 10_000 if last.state == PASSED else None,
        "level": last.plan.level,
        "looked": len(last.right),
        "wrong": wrong,
        "of": of,
        "bursts": now,
        "who": last.who,
        "at": last.at,
    }


def failures(decisions: Iterable[Decision]) -> Mapping[str, int]:
    """How many rounds of each name failed: what :func:`plan` asks for."""
    return {name: sum(one.state == FAILED for one in several) for name, several in rounds(decisions).items()}
