"""Snakemake in a process forked from one that has imported it: three of the four seconds of a dry run are imports.

The package itself is not imported before the fork: each run takes the one that its own environment names.
"""

import atexit
import multiprocessing
import os
import sys
import tempfile
import traceback
from pathlib import Path

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["snakemake.cli"])


def snakemake(arguments: list[str], folder: Path, environment: dict[str, str], seconds: float = 600) -> tuple[int, str]:
    """Run `snakemake` with these arguments to its end; return its exit status and what it says on either stream."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        stream = SERVER.reducer.DupFd(said.fileno())
        process = SERVER.Process(target=_run, args=(arguments, str(folder), environment, stream))
        process.start()
        process.join(seconds)
        ended = process.exitcode is not None
        if not ended:
            process.kill()
            process.join()
        said.seek(0)
        text = said.read()
        assert ended, f"not ended after {seconds} seconds:\n{text}"
        return process.exitcode, text


def _run(arguments, folder, environment, stream):
    said = stream.detach()
    for number in (1, 2):
        os.dup2(said, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.argv = ["snakemake", *arguments]
    code = 1
    try:
        from snakemake.cli import main

        main(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    atexit._run_exitfuncs()  # what `multiprocessing` leaves out
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
