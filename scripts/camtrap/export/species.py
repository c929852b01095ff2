"""Species: what the names that experts gave stand for. Equal names are one species, however they are spelled.

Neither case nor spaces make two names of one (`camtrap.review.decisions.key`). A list of species (``export.species``, CSV) says which
common names, in any language, are one species too, and its scientific name.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from camtrap.core.errors import TableError
from camtrap.core.tables import read_table
from camtrap.review import people
from camtrap.review.decisions import key

__all__ = ["ANIMAL", "BLANK", "HUMAN", "RANKS", "VEHICLE", "Names", "Species", "read_species"]

ANIMAL, HUMAN, VEHICLE, BLANK = "animal", "human", "vehicle", "blank"
# Names that experts give to what is not an animal.
_NO_ANIMAL = {
    **dict.fromkeys(people.HUMAN, HUMAN),
    **dict.fromkeys(people.VEHICLE, VEHICLE),
    **dict.fromkeys(people.BLANK, BLANK),
}

RANKS = ("kingdom", "phylum", "class", "order", "family", "genus", "species", "subspecies")
_ALIASES = {
    "scientific": ("scientificname", "scientific", "latinname", "latin", "binomial", "taxon"),
    "rank": ("taxonrank", "rank"),
    "taxon_id": ("taxonid", "gbifid", "gbif", "taxonkey"),
    **{rank: (rank,) for rank in RANKS[:6]},
}
# Languages that a column may be called by, as ISO 639-3.
_LANGUAGES = {
    "eng": ("eng", "en", "english", "common", "commonname", "vernacularname", "name"),
    "spa": ("spa", "es", "spanish", "español", "espanol", "nombrecomun", "nombrecomún"),
    "por": ("por", "pt", "portuguese", "português", "portugues"),
    "fra": ("fra", "fre", "fr", "french", "français", "francais"),
    "deu": ("deu", "ger", "de", "german", "deutsch"),
    "ind": ("ind", "id", "indonesian", "bahasa", "bahasaindonesia"),
    "swa": ("swa", "sw", "swahili", "kiswahili"),
    "zho": ("zho", "chi", "zh", "chinese", "中文"),
    "que": ("que", "qu", "quechua", "kichwa"),
}
_LANGUAGE = {name: code for code, names in _LANGUAGES.items() for name in names}
_SEVERAL = re.compile(r"\s*[;|/]\s*")


@dataclass(frozen=True, eq=False)
class Species:
    """A species, or whatever else experts named.

    ``key`` is what compares; ``name`` how it is written in tables: as the experts spelled it most often. ``scientific`` is None
    where no list of species has it. ``common`` are common names by language (ISO 639-3; ``und`` where the column's title is no
    language that is known here). ``higher`` are the taxa above it that the list has. ``bound`` is the share of its bursts that is
    right at least, by the audit; None where nobody audited it.
    """

    key: str
    name: str
    scientific: str | None = None
    rank: str | None = None
    taxon_id: str | None = None
    higher: Mapping[str, str] = field(default_factory=dict)
    common: Mapping[str, str] = field(default_factory=dict)
    bound: float | None = None

    @property
    def taxon(self) -> str:
        """The scientific name, or the name as it is where there is none."""
        return self.scientific or self.name

    @property
    def kind(self) -> str:
        """What the name stands for: ``animal``, unless it is one of the few names of people, vehicles and nothing."""
        return _NO_ANIMAL.get((self.scientific or "").casefold()) or _NO_ANIMAL.get(self.key, ANIMAL)


def read_species(path: str | os.PathLike | None) -> dict[str, Species]:
    """Read the list of species: each of its names, as `decisions.key` has it, with the species that it stands for.

    Columns: ``scientific``, and any number of columns of common names (their titles are languages: ``en``, ``English``, ``es``…; a cell
    may hold several names between ``;``, ``|`` or ``/``); ``rank``, ``taxonID``, ``kingdom`` to ``genus`` where known. See
    :mod:`camtrap.core.tables` for the form of the file.

    Raises
    ------
    TableError
        The file cannot be read, has no scientific names, or gives one name to two species: one line for each mistake.
    """
    if not path:
        return {}
    table = read_table(path, "export.species")
    columns = table.columns(_ALIASES)
    if "scientific" not in columns:
        raise TableError(f"{path}: no column 'scientific' in its first line ({table.first_line}; export.species)")
    titles = {
        place: _language(title) for place, title in enumerate(table.header) if place not in columns.values() and title
    }
    found: dict[str, Species] = {}
    lines: dict[str, int] = {}
    wrong = []
    for line, row in table.rows:
        cells = {name: " ".join(row[place].split()) for name, place in columns.items()}
        if not cells["scientific"]:
            wrong.append(f"{path}: line {line}: the scientific name is empty (export.species)")
            continue
        called = {place: [name for name in _SEVERAL.split(row[place]) if key(name)] for place in titles}
        common: dict[str, str] = {}
        for place, names in called.items():
            if names:
                common.setdefault(titles[place], names[0])
        rank = cells.get("rank", "").lower() or None
        species = Species(
            key=key(cells["scientific"]),
            name=cells["scientific"],
            scientific=cells["scientific"],
            rank=rank if rank in RANKS else None,
            taxon_id=cells.get("taxon_id") or None,
            higher={taxon: cells[taxon] for taxon in RANKS[:6] if cells.get(taxon)},
            common=common,
        )
        for name in {key(cells["scientific"]), *(key(name) for names in called.values() for name in names)}:
            other = found.setdefault(name, species)
            if other.key != species.key:
                wrong.append(f"{path}: line {line}: “{name}” is also a name of {other.scientific} (line {lines[name]})")
            lines.setdefault(name, line)
    if wrong:
        raise TableError("\n".join(wrong))
    return found


def _language(title: str) -> str:
    plain = re.sub(r"[\W_]+", "", title).casefold()
    for ending in ("commonname", "commonnames", "name", "names"):
        plain = plain.removesuffix(ending) or plain
    return _LANGUAGE.get(plain) or (plain if re.fullmatch("[a-z]{3}", plain) else "und")


class Names:
    """The species of each name that was given.

    Parameters
    ----------
    given : mapping of str to int
        Names as the experts spelled them, and how many crops have each.
    known : mapping of str to Species
        Of :func:`read_species`.
    bounds : mapping of str to float, optional
        By the audit, of names as they are spelled; of several that are one species the lowest counts, and none where one
        of them was not audited.
    """

    def __init__(
        self, given: Mapping[str, int], known: Mapping[str, Species], bounds: Mapping[str, float] | None = None
    ):
        audited = {key(name): share for name, share in (bounds or {}).items()}
        together: dict[str, list[str]] = {}
        for name in sorted(given, key=lambda name: (-given[name], name)):
            listed = known.get(key(name))
            together.setdefault(listed.key if listed else key(name), []).append(name)
        self._of: dict[str, Species] = {}
        self.species: list[Species] = []
        for names in together.values():
            shares = [audited.get(key(name)) for name in names]
            bound = None if None in shares else min(share for share in shares if share is not None)
            listed = known.get(key(names[0])) or Species(key(names[0]), names[0])
            spelled = " ".join(names[0].split())
            one = Species(
                listed.key,
                spelled,
                listed.scientific,
                listed.rank,
                listed.taxon_id,
                listed.higher,
                listed.common,
                bound,
            )
            self.species.append(one)
            self._of |= dict.fromkeys(names, one)
        self.species.sort(key=lambda one: one.key)

    def of(self, name: str | None) -> Species | None:
        """The species of a name that was given; None of None."""
        return None if name is None else self._of[name]

    def unlisted(self) -> list[str]:
        """Names that no list of species has."""
        return [one.name for one in self.species if one.scientific is None]


def counted(names: Iterable[str | None]) -> dict[str, int]:
    """How often each name stands there; None is left out."""
    found: dict[str, int] = {}
    for name in names:
        if name is not None:
            found[name] = found.get(name, 0) + 1
    return found
