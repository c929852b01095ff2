"""The log of decisions: lines are added, on the disk before it is said that they are saved, and never changed.

Two programs may write at once (a lock), and two logs may be put together by ``cat``. A line that was torn (a power cut) was never
said to be saved: it is passed over, with a note.
"""

import datetime
import errno
import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from camtrap.core.errors import OutageError, UserError
from camtrap.core.lock import Lock
from camtrap.review import DECISIONS
from camtrap.review.decisions import Decision, DecisionError, key, parse

__all__ = ["Log", "names_in", "now"]

PATIENCE = 30  # seconds for another writer; each needs a fraction of one
_START = '{"id"'


def now(after: str = "") -> str:
    """The time in UTC, to the microsecond; later than ``after``, also where a clock was set back."""
    at = datetime.datetime.now(datetime.UTC)
    if after:
        last = datetime.datetime.fromisoformat(after)
        at = max(at, last + datetime.timedelta(microseconds=1))
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Log:
    """The decisions of one survey.

    Parameters
    ----------
    folder : path
        ``<results>.review``; it is made when the first decision is.
    """

    def __init__(self, folder: str | os.PathLike):
        self.folder = Path(folder)
        self.path = self.folder / DECISIONS
        self._forget()

    def _forget(self) -> None:
        self._decisions: dict[str, Decision] = {}
        self._place, self._line, self._file = 0, 0, (0, 0)
        self._notes: list[str] = []
        self._tail_note: str | None = None

    @property
    def notes(self) -> list[str]:
        """A line for each line of the file that could not be read, as of the last :meth:`read`."""
        return self._notes + ([self._tail_note] if self._tail_note else [])

    def read(self) -> list[Decision]:
        """All decisions, as they stand in the file, each once; only what was added since the last time is read."""
        try:
            with open(self.path, "rb") as file:
                status = os.fstat(file.fileno())
                if (status.st_dev, status.st_ino) != self._file or status.st_size < self._place:
                    self._forget()
                    self._file = (status.st_dev, status.st_ino)
                file.seek(self._place)
                data = file.read()
        except FileNotFoundError:
            self._forget()
            return []
        whole, end, rest = data.rpartition(b"\n")
        self._take(whole + end)
        self._place += len(whole) + len(end)
        tail, self._tail_note = self._parsed(rest, self._line + 1) if rest else ([], None)
        found = dict(self._decisions) | {
            decision.id: decision for decision in tail if decision.id not in self._decisions
        }
        return list(found.values())

    def append(self, who: str, *drafts: Mapping[str, Any]) -> list[Decision]:
        """Add decisions; they are on the disk when this returns. Each gets its id and its time.

        Parameters
        ----------
        who : str
        drafts : mapping
            What `Decision.plain` gives, without ``id``, ``at`` and ``who``.

        Raises
        ------
        DecisionError
            A draft says too little; nothing was written.
        OutageError
            The disk is full, or fails; nothing was written.
        UserError
            Another program has held the lock for :data:`PATIENCE` seconds.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self._lock()
        try:
            known = self.read()
            last, made = max((decision.at for decision in known), default=""), []
            for draft in drafts:
                last = now(last)
                made.append(parse({"id": uuid.uuid4().hex, "at": last, "who": who, **draft}))
            self._write("".join(json.dumps(d.plain(), ensure_ascii=False, allow_nan=False) + "\n" for d in made))
        finally:
            lock.release()
        return made

    def undo(self, who: str, decision: str) -> Decision:
        """Take a decision out as if it had never been; of an undo that brings back what it took out."""
        return self.append(who, {"action": "undo", "undoes": decision})[0]

    def _lock(self) -> Lock:
        lock, until = Lock(self.folder / f"{DECISIONS}.lock", "writing a decision"), time.monotonic() + PATIENCE
        while not lock.acquire():
            if time.monotonic() > until:
                raise UserError(f"{self.path}: held by {lock.holder()} for {PATIENCE} seconds: is that program stuck?")
            time.sleep(0.01)
        return lock

    def _write(self, text: str) -> None:
        new = not self.path.exists()
        data = text.encode()
        try:
            with open(self.path, "ab+", buffering=0) as file:
                size = file.seek(0, os.SEEK_END)
                if size:
                    file.seek(size - 1)
                    if file.read(1) != b"\n":  # torn: a line of its own, so that it tears nothing else
                        data = b"\n" + data
                try:
                    written = 0
                    while written < len(data):
                        written += file.write(data[written:])
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(size)  # of this decision nothing stays
                    raise
            if new:
                _sync_folder(self.folder)
        except OSError as error:
            why = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror
            raise OutageError(
                f"{self.path}: the decision was not saved ({why}); what was there before is kept"
            ) from None

    def _take(self, data: bytes) -> None:
        for line in data.split(b"\n")[:-1]:
            self._line += 1
            found, note = self._parsed(line, self._line)
            if note:
                self._notes.append(note)
            for decision in found:
                self._decisions.setdefault(decision.id, decision)

    def _parsed(self, line: bytes, number: int) -> tuple[list[Decision], str | None]:
        found, wrong = [], None
        for said in _objects(line.decode("utf-8-sig", errors="replace")):
            try:
                found.append(parse(said) if said is not None else _torn())
            except DecisionError as error:
                wrong = f"{self.path}: line {number}: passed over: {error}"
        return found, wrong


def names_in(folder: str | os.PathLike) -> set[str]:
    """The :func:`camtrap.review.decisions.key` of every name in a log, also of those that were taken back."""
    return {key(decision.name) for decision in Log(folder).read() if decision.name is not None}


def _torn() -> Decision:
    raise DecisionError("it is not a whole decision (torn by a power cut?)")


def _objects(line: str) -> Iterator[dict[str, Any] | None]:
    """The JSON objects of a line, None for what is none: where a torn line was continued, the next whole decision counts."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        try:
            value, at = decoder.raw_decode(line, at)
            yield value if isinstance(value, dict) else None
        except (ValueError, RecursionError):
            yield None
            at = line.find(_START, at + 1)
            if at < 0:
                return


def _sync_folder(folder: Path) -> None:
    """A new file's name is on the disk, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
