"""Command line: ``python -m camtrap.check RESULTS`` (``make check RESULTS=…``). Exit status 1 where something is wrong."""

import sys
from pathlib import Path

from camtrap.check.survey import check
from camtrap.core.command import run


def main(arguments: list[str]) -> int:
    """Check one survey, print what is wrong, one line each; 0 where nothing is."""
    if len(arguments) != 1 or not (Path(arguments[0]) / "plan" / "index.tsv").is_file():
        print(
            "python -m camtrap.check RESULTS: name the results folder of a survey (it has plan/index.tsv)",
            file=sys.stderr,
        )
        return 2
    try:
        n_files, n_uncompared, wrong = check(Path(arguments[0]))
    except OSError as error:  # a folder of another user, a disk that went away
        print(f"{error.filename}: cannot be read ({error.strerror})", file=sys.stderr)
        return 2
    for line in wrong:
        print(line)
    if n_uncompared:
        print(
            f"{n_uncompared:,} files have no checksum to compare with: an earlier version made them, or checksums/ was changed"
        )
    print(f"{n_files:,} files looked at, {len(wrong):,} wrong" if wrong else f"{n_files:,} files looked at, all right")
    return int(bool(wrong))


if __name__ == "__main__":
    run(lambda: main(sys.argv[1:]))
