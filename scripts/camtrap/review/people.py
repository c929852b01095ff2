"""Which names stand for people: their crops are blurred on the page and left out of what is handed on."""

from camtrap.review.decisions import key

__all__ = ["HUMAN", "is_human"]

# Names that experts give to people, as :func:`camtrap.review.decisions.key` has them.
HUMAN = {
    *("human", "humans", "person", "persons", "people", "homo sapiens", "humano", "humanos", "persona", "personas"),
    *("gente", "personne", "personnes", "humain", "mensch", "menschen", "pessoa", "pessoas", "hunter", "hunters"),
}


def is_human(name: str | None) -> bool:
    """Whether a name stands for people."""
    return name is not None and key(name) in HUMAN
