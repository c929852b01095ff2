"""``python -m camtrap.review serve RESULTS``: the page; ``… import names.csv RESULTS``: a filled-in table becomes decisions."""

import argparse
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from camtrap.core.command import run
from camtrap.core.errors import UserError
from camtrap.core.system import in_words
from camtrap.review import folder_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked; 2 and one line on standard error where it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m camtrap.review", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    taken = commands.add_parser("import", help="names that were given elsewhere become decisions")
    taken.add_argument(
        "table",
        help="a filled-in copy of export/clusters.csv, a table of Timelapse, an edited copy of export/folders or export/pictures, "
        "or a Camtrap DP",
    )
    taken.add_argument("--column", help="the column with the species in Timelapse's table")
    taken.add_argument("--deleted", choices=("reject", "ignore"), help="what a file says that is gone from the folders")
    _common(taken)
    taken.add_argument("--model", help="the embedder whose clusters are meant, where there are several")
    undo = commands.add_parser("undo", help="take a decision out, by its id in decisions.jsonl")
    undo.add_argument("id", help="the decision's id")
    _common(undo)
    page = commands.add_parser("serve", help="open the page in which the groups are looked at and named")
    _common(page)
    page.add_argument("--model", help="the embedder whose clusters are shown, where there are several")
    page.add_argument("--images", help="the picture folder, if it is not where the last run found it")
    page.add_argument("--species", help="CSV of species, for completing names; else species.csv beside the decisions")
    page.add_argument("--port", type=int, default=0, help="else a free one")
    page.add_argument("--no-browser", action="store_true", help="only print the address")
    asked = parser.parse_args(arguments)
    folder = folder_of(asked.results, asked.folder)
    try:
        if asked.command == "serve":
            from camtrap.review.server.run import serve

            serve(
                asked.results,
                folder,
                asked.who,
                asked.port,
                asked.images,
                asked.species,
                asked.model,
                not asked.no_browser,
            )
            return 0
        if asked.command == "undo":
            from camtrap.review.log import Log

            log = Log(folder)
            if asked.id not in {decision.id for decision in log.read()}:
                raise UserError(f"{log.path}: there is no decision {asked.id}")
            log.undo(asked.who, asked.id)
            print(f"taken out: {asked.id}; run the workflow again, and the tables follow")
            return 0
        n, notes = _take(asked, folder)
    except UserError as error:
        print(f"camtrap.review: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a disk that is full or read-only, a folder of another user
        print(f"camtrap.review: {in_words(error) or error}", file=sys.stderr)
        return 2
    for note in notes:
        print(note)
    print(
        f"{n} decision{'s' * (n != 1)} saved in {folder}; run the workflow again, and the tables follow"
        if n
        else "nothing new"
    )
    return 0


def _take(asked: argparse.Namespace, folder: Path) -> tuple[int, list[str]]:
    """Decisions made of a file or folder, and notes."""
    from camtrap.review import back

    kind = back.kind_of(asked.table)
    if kind == "table":
        from camtrap.review.from_table import clusters_of, take_in

        return take_in(asked.table, clusters_of(asked.results, asked.model), folder, asked.who)
    known = back.Known(asked.results)
    if kind == "timelapse":
        said, notes = back.of_timelapse(asked.table, known, asked.column)
    elif kind == "folders":
        from camtrap.review.back_folders import of_folders

        said, notes = of_folders(asked.table, asked.deleted)
    else:
        from camtrap.review.back_camtrap_dp import of_camtrap_dp

        said, notes = of_camtrap_dp(asked.table, known)
    return back.save(said, known, folder, asked.who), notes


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", help="the results folder of the survey")
    parser.add_argument("--folder", help="where decisions lie, if review.folder is set; else <results>.review")
    parser.add_argument("--who", default=_user(), help="who decides (default: %(default)s)")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container has users without a name
        return "unknown"


if __name__ == "__main__":
    run(main)
