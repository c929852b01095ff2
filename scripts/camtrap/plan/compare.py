"""Compare the pictures on disk with what is planned: which are new, changed, gone or still being copied."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from camtrap.core.paths import batch_of
from camtrap.plan.scan import Row
from camtrap.plan.shards import FEW, SEVERAL, Batch, Shard, is_small, plan, share

# A file's time knows no zone. One that is farther in the future was written by a camera whose clock is wrong.
ZONES_SECONDS = 26 * 3600


@dataclass
class Outcome:
    """What planning found.

    ``shards`` are all live shards, the new ones last; ``removed`` are paths that are gone; ``passed`` counts files of formats
    that are not read, by kind.
    """

    shards: list[str] = field(default_factory=list)
    fresh: list[Shard] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unsettled: int = 0
    n_new: int = 0
    n_rows: int = 0
    passed: Counter[str] = field(default_factory=Counter)


@dataclass
class Comparison:
    """One look at the pictures, batch after batch.

    Attributes
    ----------
    known : callable
        Of shards' names the live shard and row of each path in them.
    stale : callable
        Of (shard, planned row, found row) the found rows of each shard whose content is another one.
    again : callable
        Of a shard the paths that a job could not use and that are to be looked at again.
    verified : mapping of str to Row
        Pictures with another time whose content is the same.
    of_batch : dict of str to list of str
        All shards that a batch ever had.
    """

    known: Callable[[Collection[str]], dict[str, tuple[str, Row]]]
    stale: Callable[[list[tuple[str, Row, Row]]], dict[str, list[Row]]]
    again: Callable[[str], set[str]]
    verified: Mapping[str, Row]
    of_batch: dict[str, list[str]]
    shard_size: int
    settle_seconds: float = 0
    supersede: bool = False
    say: Callable[[str], None] = lambda text: None
    outcome: Outcome = field(default_factory=Outcome)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._now = time.time()
        self._order: dict[str, int] = {}
        self._n_shards = {name: len(shards) for name, shards in self.of_batch.items()}
        self._small: dict[str, list[Row]] = {}
        self._gone: list[tuple[str, str]] = []
        # what small batches have in the shards that they share, and what of it is still there
        self._shared: dict[str, dict[str, tuple[str, Row]]] = {}
        self._kept: dict[str, dict[str, list[Row]]] = {}
        for path, entry in self.known(self.of_batch.pop(SEVERAL, [])).items():
            self._shared.setdefault(batch_of(path), {})[path] = entry
            self._kept.setdefault(entry[0], {})

    def look(self, name: str, found: list[Row]) -> None:
        """Compare a batch's pictures with its shards."""
        self._order[name] = len(self._order)
        known = self.known(self.of_batch.pop(name, [])) | self._shared.pop(name, {})
        paths = {row[0] for row in found}
        again = self._again(known, paths)
        altered = [
            (*known[row[0]], row)
            for row in found
            if row[0] in known and row != known[row[0]][1] and row != self.verified.get(row[0])
        ]
        if len(altered) > 1000:
            self.say(f"{len(altered)} pictures of {name} have another time: their contents are compared")
        stale = self.stale(altered)
        # what a job found changed was never used, so that nobody needs to say yes
        asked = [row[0] for rows in stale.values() for row in rows if row[0] not in again.get(known[row[0]][0], ())]
        if asked and not self.supersede:
            self.refused += asked
            return
        stale = {shard: [] for shard in again} | stale
        # a picture that is being overwritten at this moment waits like a new one
        dropped = {shard for shard, rows in stale.items() if all(map(self._settled, rows))}
        self.outcome.superseded += sorted(dropped)
        for row in found:
            if row[0] in known and (shard := known[row[0]][0]) in self._kept:
                self._kept[shard].setdefault(name, []).append(row)
        self._gone += [(path, shard) for path, (shard, _) in known.items() if path not in paths]
        # the pictures of a dropped shard are new ones; of a shared shard all batches' at the end
        stays = {path for path, (shard, _) in known.items() if shard not in dropped or shard in self._kept}
        new = [row for row in found if row[0] not in stays]
        settled = [row for row in new if self._settled(row)]
        self.outcome.unsettled += len(new) - len(settled)
        if is_small(settled, self.shard_size):
            self._small[name] = settled
        else:
            self._plan(name, settled)

    def finish(self) -> Outcome:
        """Plan what small batches have; list what is gone."""
        for shards in self.of_batch.values():
            self._gone += [(path, shard) for path, (shard, _) in self.known(shards).items()]
        for lost in self._shared.values():
            self._gone += [(path, shard) for path, (shard, _) in lost.items()]
        self.outcome.superseded = list(dict.fromkeys(self.outcome.superseded))
        dropped = set(self.outcome.superseded)
        for shard in dropped & self._kept.keys():
            for name, rows in self._kept[shard].items():
                settled = [row for row in rows if self._settled(row)]
                self.outcome.unsettled += len(rows) - len(settled)
                self._small.setdefault(name, []).extend(settled)
        small = {name: rows for name, rows in self._small.items() if rows}
        together = {name: rows for name, rows in small.items() if is_small(rows, self.shard_size)}
        if len(together) <= FEW:
            together = {}
        for name, rows in small.items():
            if name not in together:
                self._plan(name, rows)
        self.outcome.fresh.sort(key=lambda shard: self._order[shard.batch])
        self.outcome.fresh += share(together, self._n_shards.get(SEVERAL, 0), self.shard_size)
        self.outcome.n_new = sum(len(shard.rows) for shard in self.outcome.fresh)
        self.outcome.removed = sorted(path for path, shard in self._gone if shard not in dropped)
        return self.outcome

    def _plan(self, name: str, rows: list[Row]) -> None:
        self.outcome.fresh += plan(Batch(name, self._n_shards.get(name, 0)), rows, self.shard_size)

    def _settled(self, row: Row) -> bool:
        """Is a file no longer being copied? Of clocks that differ between machines, files from soon wait as well."""
        age = self._now - row[2] / 1e9
        return not self.settle_seconds or age >= self.settle_seconds or age < -ZONES_SECONDS

    def _again(self, known: Mapping[str, tuple[str, Row]], found: Collection[str]) -> dict[str, set[str]]:
        """Shards of which a job could not use a file that is there now, and these files."""
        back = {shard: self.again(shard) & set(found) for shard in {shard for shard, _ in known.values()}}
        return {shard: paths for shard, paths in back.items() if paths}
