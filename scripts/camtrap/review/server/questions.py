"""Questions of the page beyond looking and naming: one function each, asked by its name."""

from collections.abc import Callable, Mapping
from typing import Any

from camtrap.review.server import all_good, audits, moves, pairs, splits, suggestions
from camtrap.review.server.desk import Desk

__all__ = ["QUESTIONS"]

QUESTIONS: dict[str, Callable[[Desk, Mapping[str, Any]], Any]] = {
    "split": splits.draft,
    "split/keep": splits.keep,
    "split/rows": splits.rows,
    "like": pairs.like,
    "pairs": pairs.most_alike,
    "pairs/answer": pairs.answer,
    "suggestions": suggestions.of_groups,
    "suggestions/accept": suggestions.accept,
    "next": suggestions.following,
    "own": suggestions.own,
    "mistakes": suggestions.mistakes,
    "mistakes/take": suggestions.take,
    "pages": all_good.page,
    "pages/end": all_good.end,
    "move": moves.offered,
    "move/to": moves.move,
    "audit": audits.screen,
    "audit/say": audits.say,
}
