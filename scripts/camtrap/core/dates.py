"""Names of months, as cameras and people write them into paths and containers."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def month_number(name: str) -> int | None:
    """1 to 12 for an English month's name in any case, of which the first three letters count; None for anything else."""
    start = name.lower()[:3]
    return _MONTHS.index(start) + 1 if start in _MONTHS else None
