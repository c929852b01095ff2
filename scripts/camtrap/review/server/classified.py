"""What another classifier calls the clusters (``export/suggestions.csv``, where there is one): shown before anything has a name."""

import os
from typing import NamedTuple

from camtrap.core.tables import read_table
from camtrap.review.decisions import is_name

__all__ = ["Called", "read"]

_COLUMNS = {
    "cluster": ("cluster",),
    "name": ("name",),
    "crop": ("cropid",),
    "crops": ("withname",),
    "share": ("share",),
}


class Called(NamedTuple):
    """The ``name`` that the classifier gave to most crops of a cluster, to how many ``crops``, and their ``share`` of it.

    ``crop`` is one of the cluster: where it is in another one now, this speaks of a clustering of before.
    """

    name: str
    crops: int
    share: float
    crop: str


def read(path: str | os.PathLike) -> dict[int, Called]:
    """Of each cluster what it is called, as `camtrap.export.suggestions` wrote it; nothing where there is no such file.

    Rows that somebody spoiled are left out; a file that is not a table raises TableError, which names it.
    """
    if not os.path.exists(path):
        return {}
    table, found = read_table(path, "export/suggestions.csv"), {}
    columns = table.columns(_COLUMNS)
    for _, row in table.cells(columns) if len(columns) == len(_COLUMNS) else ():
        try:
            cluster, called = (
                int(row["cluster"]),
                Called(row["name"], int(row["crops"]), float(row["share"]), row["crop"]),
            )
        except ValueError:
            continue
        if is_name(called.name):
            found[cluster] = called
    return found
