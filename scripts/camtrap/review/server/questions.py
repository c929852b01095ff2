"""Questions of the page beyond looking and naming: one function each, asked by its name."""

from collections.abc import Callable, Mapping
from typing import Any

from camtrap.review.server.desk import Desk

__all__ = ["QUESTIONS"]

QUESTIONS: dict[str, Callable[[Desk, Mapping[str, Any]], Any]] = {}
