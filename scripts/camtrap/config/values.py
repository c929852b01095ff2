"""What values of the configuration mean. Nothing heavy is imported here: every job asks."""

import re

from camtrap.core.errors import ConfigError

# Each is a file of results: a typing error must not make a million of them.
MOST_KS = 1000


def numbers_of_clusters(k: object) -> list[int]:
    """The numbers of clusters that the sweeps try, rising: of a number, a list or a range like ``2-30``.

    Raises
    ------
    ConfigError
        There is none, or one is less than 1.
    """
    if isinstance(k, list):
        numbers = sorted({int(number) for number in k})
    else:
        first, _, last = str(k).partition("-")
        tried = range(int(first), int(last or first) + 1)
        if len(tried) > MOST_KS:
            raise ConfigError(
                f"cluster.k: {k} are {len(tried):,} numbers, and at most {MOST_KS:,} are tried (write it like 2-30)"
            )
        numbers = list(tried)
        if not numbers:
            raise ConfigError(f"cluster.k: {k} ends before it begins (write it like 2-30)")
    if not numbers:
        raise ConfigError("cluster.k: the list is empty (write it like 2-30, or [5, 10, 20])")
    if numbers[0] < 1:
        raise ConfigError(f"cluster.k: {k} begins at {numbers[0]}; the least number of clusters is 1")
    return numbers


def label_expression(pattern: str) -> re.Pattern[str]:
    """The regular expression of ``evaluate.label_pattern``, which finds a label in a path.

    Raises
    ------
    ConfigError
        It is not one, or has no group named ``label``.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"evaluate.label_pattern: {pattern!r} is not a regular expression: {error}") from None
    if "label" not in expression.groupindex:
        raise ConfigError(
            f"evaluate.label_pattern: {pattern!r} has no group named label: write (?P<label>…) around the label"
        )
    return expression
