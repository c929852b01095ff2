"""Command line of the simulated survey: ``python -m camtrap.simulate OUT --seed 1``."""

import argparse
import sys

from camtrap.core.command import run
from camtrap.simulate import simulate


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def main(arguments: list[str] | None = None) -> int:
    """Parse the arguments and write the survey; 2 and one line on standard error if they make no survey."""
    parser = argparse.ArgumentParser(prog="camtrap.simulate", description="Write a simulated camera-trap survey.")
    parser.add_argument("out", help="folder for images/ and truth.csv")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cards", type=int, default=2, help="memory cards to write")
    parser.add_argument("--first-card", type=int, default=1, help="number of the first card; earlier ones stay")
    parser.add_argument("--stations", type=int, default=4)
    parser.add_argument("--pictures", type=int, default=400, help="files on the cards written, together")
    parser.add_argument("--size", type=_size, default=(640, 480), metavar="640x480")
    parser.add_argument("--spread", action="store_true", help="all kinds at all stations and days alike")
    parser.add_argument("--long-tailed", action="store_true", help="few kinds common, many rare")
    parser.add_argument("--hard", type=int, default=0, help="cameras more whose visits detectors find hard")
    parser.add_argument("--workers", type=int, default=2, help="processes; the result is the same")
    values = vars(parser.parse_args(arguments))
    try:
        simulate(**values)
    except (ValueError, OSError) as error:
        print(f"camtrap.simulate: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    run(main)
