"""Which names stand for no animal. Crops of people are blurred on the page and left out of what is handed on."""

from camtrap.review.decisions import key

__all__ = ["BLANK", "HUMAN", "VEHICLE", "is_animal", "is_human"]

# Names that experts give to people, as :func:`camtrap.review.decisions.key` has them.
HUMAN = {
    *("human", "humans", "person", "persons", "people", "homo sapiens", "humano", "humanos", "persona", "personas"),
    *("gente", "personne", "personnes", "humain", "mensch", "menschen", "pessoa", "pessoas", "hunter", "hunters"),
}
VEHICLE = {"vehicle", "car"}
BLANK = {"blank", "empty", "nothing"}


def is_human(name: str | None) -> bool:
    """Whether a name stands for people."""
    return name is not None and key(name) in HUMAN


def is_animal(name: str | None) -> bool:
    """Whether a name stands for an animal: there is one, and it is none for people, vehicles or nothing."""
    return name is not None and key(name) not in HUMAN | VEHICLE | BLANK
