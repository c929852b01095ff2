"""The plan on disk: which picture is in which shard, decided once and never again.

``plan/index.tsv`` only grows; manifests never change; a superseded shard is named in ``plan/superseded.tsv``. What is new
is found by name, size and time, without reading a picture.
"""

import hashlib
import os
import time
from collections.abc import Callable, Collection
from pathlib import Path

from camtrap.core.errors import PlanError
from camtrap.core.files import read_parquet, write_text
from camtrap.core.hashes import file_hash
from camtrap.core.paths import Roots
from camtrap.pictures.frames import frame_id
from camtrap.plan.again import readable
from camtrap.plan.compare import Comparison, Outcome
from camtrap.plan.manifests import read_manifest, read_tsv
from camtrap.plan.mend import INDEX_HEADER, mend_index, mend_manifests, refuse_lost
from camtrap.plan.scan import Row, batches
from camtrap.plan.shards import MANIFEST_HEADER, tsv

SWEEP_SECONDS = 3600


class Plan:
    """The plan on disk, ``{results}/plan``."""

    def __init__(self, results: str | os.PathLike):
        self.results = Path(results)
        self.folder = self.results / "plan"
        self.index = self.folder / "index.tsv"

    def rows(self, limit: int | None = None) -> list[list[str]]:
        """Rows of ``index.tsv`` (without header); a job reads only the first ``limit``, those of the run it belongs to."""
        return read_tsv(self.index)[:limit]

    def live(self, limit: int | None = None, limit_superseded: int | None = None) -> list[str]:
        """Names of the shards that count: planned and not superseded."""
        gone = set(self.superseded()[:limit_superseded])
        return [row[0] for row in self.rows(limit) if row[0] not in gone]

    def superseded(self) -> list[str]:
        """Names of the shards that no longer count, because pictures in them changed."""
        return [row[0] for row in read_tsv(self.folder / "superseded.tsv")]

    def manifest(self, shard: str) -> Path:
        """Path of a shard's manifest."""
        return self.folder / "manifests" / f"{shard}.tsv"

    def read_manifest(self, shard: str) -> list[Row]:
        """Rows of a manifest: (path, size, mtime_ns)."""
        return read_manifest(self.manifest(shard))

    def update(
        self,
        roots: Roots,
        shard_size: int,
        settle_seconds: float = 0,
        changed: str = "refuse",
        say: Callable[[str], None] = lambda text: None,
    ) -> Outcome:
        """Compare the pictures on disk with the plan and write the manifests of new shards.

        Nothing is committed: the rows of ``index.tsv`` are appended by :meth:`commit`. Manifests are named by their
        content, so writing one is harmless; those that nobody committed are swept later.

        Raises
        ------
        PlanError
            A picture root is missing or empties all of a survey, or a known picture changed and ``changed`` is "refuse".
        """
        mend_index(self.results, say)
        rows = self.rows()
        live = set(self.live())
        lost = mend_manifests(self.results, [row for row in rows if row[0] in live], roots, say)
        if changed != "supersede":
            refuse_lost(self.results, [shard for shard in lost if self._index(shard).exists()])
        live -= set(lost)
        of_batch: dict[str, list[str]] = {}
        for row in rows:
            of_batch.setdefault(row[1], []).append(row[0])
        verified = self._verified()
        before = dict(verified)
        seen = Comparison(
            known=lambda shards: self._known(shards, live),
            stale=lambda altered: self._stale(altered, roots, verified),
            again=lambda shard: readable(self.folder, shard, roots),
            verified=verified,
            of_batch=of_batch,
            shard_size=shard_size,
            settle_seconds=settle_seconds,
            supersede=changed == "supersede",
            say=say,
        )
        n_found = 0
        for name, found in batches(roots, self.results, seen.outcome.passed):
            n_found += len(found)
            seen.look(name, found)
        if not n_found and live:
            raise PlanError(
                f"{', '.join(map(str, roots.folders.values()))}: the pictures of this survey are all gone from here; is the disk "
                "mounted? (to go on without them, write 'plan={mode: off}' after your --config)"
            )
        if seen.refused:
            raise PlanError(
                f"{len(seen.refused)} known pictures have other content than when they were planned, the first is "
                f"{min(seen.refused)}; "
                "put the old files back, or write 'plan={changed: supersede}' after your --config to work through their shards again"
            )
        if verified != before:
            touched = (verified[path] for path in sorted(verified))
            write_text(self.folder / "touched.tsv", tsv([MANIFEST_HEADER, *touched]))
        seen.outcome.superseded += lost
        outcome = seen.finish()
        outcome.n_rows = len(rows)
        for shard in outcome.fresh:
            path = self.manifest(shard.name)
            if not path.exists():
                write_text(path, shard.manifest)
        dropped = set(outcome.superseded)
        outcome.shards = [row[0] for row in rows if row[0] in live - dropped] + [shard.name for shard in outcome.fresh]
        return outcome

    def commit(self, outcome: Outcome) -> None:
        """Append the new shards to ``index.tsv`` (and superseded ones to theirs).

        Raises
        ------
        PlanError
            Another run has committed since this plan was made.
        """
        if len(self.rows()) != outcome.n_rows:
            raise PlanError(f"{self.index}: another run has planned pictures meanwhile; start again")
        self._append(self.folder / "superseded.tsv", ["shard"], [[shard] for shard in outcome.superseded])
        rows = [[shard.name, shard.batch, len(shard.rows), shard.sha256] for shard in outcome.fresh]
        self._append(self.index, INDEX_HEADER, rows)

    def removed_file(self, outcome: Outcome) -> Path:
        """Write the list of removed pictures; its name holds its hash, so that a new list is a new input of `collect`."""
        text = tsv([["path"], *([path] for path in outcome.removed)])
        path = self.folder / "removed" / f"{hashlib.sha256(text.encode()).hexdigest()[:8]}.tsv"
        if not path.exists() or path.read_bytes() != text.encode():
            write_text(path, text)
        return path

    def sweep(self) -> None:
        """Delete manifests that no run committed within the last hour (of dry runs, or of runs that never started)."""
        committed = {row[0] for row in self.rows()}
        folder = self.folder / "manifests"
        if not folder.is_dir():
            return
        oldest = time.time() - SWEEP_SECONDS
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.removesuffix(".tsv") not in committed and entry.stat().st_mtime < oldest:
                    os.unlink(entry.path)

    def _append(self, path: Path, header: list[str], rows: list[list[object]]) -> None:
        if rows:
            old = path.read_text(encoding="utf-8") if path.exists() else tsv([header])
            write_text(path, old + tsv(rows))

    def _known(self, shards: Collection[str], live: Collection[str]) -> dict[str, tuple[str, Row]]:
        """Of each path in live shards its shard and row.

        Raises
        ------
        PlanError
            Two shards have the same picture.
        """
        known: dict[str, tuple[str, Row]] = {}
        for shard in shards:
            for row in self.read_manifest(shard) if shard in live else ():
                if row[0] in known:
                    raise PlanError(
                        f"{row[0]} is in {known[row[0]][0]} and in {shard}, so that {self.folder / 'superseded.tsv'} is damaged: "
                        f"put back a copy of it, or add the line {known[row[0]][0]}"
                    )
                known[row[0]] = (shard, row)
        return known

    def _verified(self) -> dict[str, Row]:
        """Pictures whose time changed but whose content was found the same (an rsync, a copy)."""
        return {row[0]: row for row in read_manifest(self.folder / "touched.tsv")}

    def _stale(
        self, altered: list[tuple[str, Row, Row]], roots: Roots, verified: dict[str, Row]
    ) -> dict[str, list[Row]]:
        """Of each shard the rows whose content is not what was indexed; those that are the same go into ``verified``.

        Where only the time differs, the SHA-256 tells. A shard that has not been indexed yet knows no content: another
        time then changes nothing.
        """
        stale: dict[str, list[Row]] = {}
        indexed: dict[str, dict[str, str | None]] = {}
        for shard, old, row in altered:
            if shard not in indexed:
                indexed[shard] = self._indexed(shard)
            known = indexed[shard]
            if old[1] == row[1] and (row[0] not in known or _is(known[row[0]], file_hash(roots.locate(row[0])))):
                verified[row[0]] = row
            else:
                stale.setdefault(shard, []).append(row)
        return stale

    def _index(self, shard: str) -> Path:
        return self.results / "index" / f"{shard}.parquet"

    def _indexed(self, shard: str) -> dict[str, str | None]:
        """Identity of each file of a shard by path, {} before its index is made."""
        table = self._index(shard)
        if not table.exists():
            return {}
        rows = read_parquet(table, columns=["path", "video", "frame", "image_id"]).to_pylist()
        known = {row["path"]: row["image_id"] for row in rows}
        known.update({row["video"]: f"{row['frame']}#{row['image_id']}" for row in rows if row["video"]})
        return known


def _is(known: str | None, sha256: str) -> bool:
    """Whether an indexed identity is that of a file with this hash (a video is known by one of its frames)."""
    if known and "#" in known:
        frame, _, known = known.partition("#")
        sha256 = frame_id(sha256, int(frame))
    return known == sha256
