"""What a detect job has found so far, so that a killed one loses the pictures at hand and not the whole shard.

``detections/unfinished/{shard}.jsonl``: a first line with a key, then one line per batch, appended as pictures are done: pictures
that were judged together come back together or not at all. Each line begins with its CRC-32: what was damaged, and what comes after
it, is looked for again. The next attempt takes up what has the same key; the file is removed when the shard's result is written.
Snakemake does not know it: it would remove it as the output of a failed job.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from camtrap.core.files import write_bytes
from camtrap.detect.task import Entry

__all__ = ["Parts", "key_of"]


def key_of(*values: object) -> str:
    """A hash of all that the results depend on (JSON)."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def _line(value: object) -> str:
    text = json.dumps(value, allow_nan=False)
    return f"{zlib.crc32(text.encode()):08x} {text}\n"


def _entry(line: bytes) -> object:
    """What a line holds; None for one that was cut off or damaged."""
    crc, _, text = line.partition(b" ")
    whole = text.endswith(b"\n") and crc == b"%08x" % zlib.crc32(text[:-1])
    return json.loads(text) if whole else None


class Parts:
    """The progress of one shard's detection.

    Parameters
    ----------
    path : Path
        The file; it begins anew where there is none, or one with another key.
    key : str
        Settings, weights and the index of the shard (with the pictures' sizes).
    """

    def __init__(self, path: Path, key: str):
        self.path = path
        self._head = _line({"key": key})
        self.kept: dict[str, Entry] = {}
        end = self._read(key)
        if end:
            with open(path, "r+b") as file:
                file.truncate(end)  # a line that was cut off
        else:
            write_bytes(path, self._head.encode())

    def _read(self, key: str) -> int:
        """Take up what is there; return where the last whole line ends, 0 if nothing can be taken up."""
        end = 0
        try:
            with open(self.path, "rb") as file:
                for line in file:
                    entry = _entry(line)
                    if end == 0:
                        if entry != {"key": key}:
                            break
                    elif isinstance(entry, list):
                        self.kept |= {one["file"]: one for one in entry}
                    else:
                        break
                    end += len(line)
        except FileNotFoundError:
            return 0
        except (ValueError, KeyError, TypeError):
            pass
        return end

    def add(self, entries: Iterable[Entry]) -> None:
        """Write down what was found; failures are not kept, as the next attempt may succeed."""
        found = [entry for entry in entries if "failure" not in entry]
        if found:
            with open(self.path, "ab") as file:
                file.write(_line(found).encode())

    def replace(self, entries: Iterable[Entry]) -> None:
        """Write down these instead of all that was added."""
        lines = [self._head, *(_line([entry]) for entry in entries)]
        write_bytes(self.path, "".join(lines).encode())

    def remove(self) -> None:
        """The shard is done."""
        self.path.unlink(missing_ok=True)
        with suppress(OSError):  # other shards are at work
            self.path.parent.rmdir()
