"""A user's list of species: a CSV with scientific names and common names in any languages, for completing names."""

import os

from camtrap.core.tables import read_table
from camtrap.review.decisions import is_name

__all__ = ["read_species"]

_SCIENTIFIC = ("scientificname", "scientific", "species", "taxon", "binomial", "name", "latin", "canonicalname")


def read_species(path: str | os.PathLike) -> list[list[str]]:
    """One list per species: the scientific name, then every other text of its row that can be a name, in the columns' order.

    The scientific name is in the column of one of the usual headings, else in the first one. A table that cannot be read raises
    TableError, which names it.
    """
    table = read_table(path, "--species")
    place = table.columns({"name": _SCIENTIFIC}).get("name", 0)
    found = []
    for _, row in table.rows:
        names = [" ".join(cell.split()) for cell in [row[place], *row[:place], *row[place + 1 :]]]
        names = [name for name in dict.fromkeys(names) if name and is_name(name) and not name.isdigit()]
        if names and is_name(row[place]):
            found.append(names)
    return found
