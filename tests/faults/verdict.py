"""What became of a fault: one word, from the results and from what was said."""

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

# survived  the results are those of an undisturbed run
# said      they are not, or a run failed, and a message names the file
# lost      a result is missing, and nothing was said
# torn      a result is half written, and nothing was said
# wrong     a result differs although it was made after the fault, and nothing was said
# silent    a damaged file stands among the results, and nothing was said
# unnamed   a run failed and no message names the file
# skipped   cannot be done on this machine
GOOD = {"survived", "said", "skipped"}
OUTCOMES = ["survived", "said", "lost", "torn", "wrong", "silent", "unnamed", "skipped"]
# Snakemake lists a failed job's files, whatever happened: no message.
_LISTED = re.compile(
    r"^ *(input|output|log|jobid|benchmark|message|reason|wildcards|shell|params|resources): .*$",
    re.MULTILINE | re.IGNORECASE,
)
# neither is a traceback: the line after it is
_TRACE = re.compile(r'^ *File ".*", line \d+.*$', re.MULTILINE)


@dataclass
class Record:
    """A fault and what became of it."""

    seed: str
    level: str
    kind: str
    outcome: str = ""
    what: str = ""
    detail: str = ""
    runs: int = 0
    seconds: float = 0.0
    traceback: bool = False
    said: list[str] = field(default_factory=list)
    commit: str = ""

    @property
    def is_good(self) -> bool:
        return self.outcome in GOOD

    def as_dict(self) -> dict:
        return asdict(self)

    def __str__(self) -> str:
        line = f"{self.seed:<14} {self.kind:<16} {self.outcome:<9} {self.seconds:6.1f} s  {self.what}"
        return line if self.is_good else f"{line}\n    {self.detail}"


def names(text: str, *files: str) -> str | None:
    """The line of a message that names one of these files."""
    for line in _TRACE.sub("", _LISTED.sub("", text)).splitlines():
        if any(Path(file).name in line for file in files):
            return line.strip()[:300]
    return None


def compare(found: dict[str, bytes], expected: dict[str, bytes], damaged: str | None = None) -> tuple[str, str]:
    """The outcome of results for which nothing was said, and its reason; "survived" if they are as expected."""
    missing = sorted(expected.keys() - found.keys())
    if missing:
        return "lost", f"missing: {', '.join(missing[:5])}"
    other = sorted(name for name in expected if found[name] != expected[name])
    torn = [name for name in other if name != damaged and _is_torn(found[name], expected[name])]
    if torn:
        return "torn", f"half written: {', '.join(torn[:5])}"
    if damaged in other and len(other) == 1:
        return "silent", f"still damaged: {damaged}"
    if other:
        return "wrong", f"differ: {', '.join(other[:8])}"
    extra = sorted(found.keys() - expected.keys())
    if extra:
        return "wrong", f"nobody knows: {', '.join(extra[:5])}"
    return "survived", ""


def _is_torn(found: bytes, expected: bytes) -> bool:
    return len(found) < len(expected) and expected.startswith(found)
