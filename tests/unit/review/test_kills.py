"""A decision is never lost to a kill at any moment: 60 kills; 1,000 by `make test-kills`."""

import os
import random
import select
import signal
import time

import numpy as np
import pyarrow as pa

from camtrap.review import fits
from camtrap.review.fits import Fit
from camtrap.review.label import read
from camtrap.review.log import Log

KILLS = int(os.environ.get("KILLS", "60"))
LONGEST = 0.03  # seconds until a kill: some decisions of each kind
CROPS = [f"{number:016x}-1-2-3-4" for number in range(400)]


def write(folder, pipe, seed):
    """Decide without end; say each id when it is saved. Every third decision speaks of a clustering that nobody froze before."""
    log, rng = Log(folder), np.random.default_rng(seed)
    while True:
        cluster = rng.integers(0, 3, len(CROPS)).astype(np.int32)
        frozen = fits.freeze(folder, Fit(pa.array(CROPS), cluster, np.ones(len(CROPS), np.float32)))
        for draft in (
            {"action": "name", "fit": frozen, "cluster": 1, "name": "Ñandú"},
            {"action": "reject", "crops": CROPS[: int(rng.integers(1, 300))]},
            {"action": "audit", "crops": CROPS[:3], "right": True},
        ):
            for made in log.append("ana", draft):
                os.write(pipe, f"{made.id}\n".encode())


def start(folder, seed):
    """A writer in a process of its own (a fork: nothing is imported anew), and the pipe that it tells."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        try:
            write(folder, into, seed)
        finally:
            os._exit(1)
    os.close(into)
    return child, out


def said(out):
    data = b""
    while part := os.read(out, 65_536):
        data += part
    os.close(out)
    return [line.decode() for line in data.split(b"\n")[:-1]]


def test_what_was_said_to_be_saved_is_there_after_every_kill(tmp_path):
    chance, saved, total, torn, cut = random.Random(1), set(), 0, 0, 0
    folder = tmp_path / "results.review"
    for number in range(KILLS):
        if number % 20 == 0:
            cut += len(list(folder.glob("fits/.*")))
            folder = tmp_path / f"{number}.review"  # a log that grows without end makes the test slow, not better
            saved = set()
        writers = [start(folder, 10 * number + one) for one in range(1 + number % 2)]  # two windows every second time
        if number % 3 == 0:  # in the first moments: a folder, a lock and a fit are just being made
            time.sleep(chance.uniform(0, LONGEST / 10))
        else:
            select.select([writers[0][1]], [], [], 30)
            time.sleep(chance.uniform(0, LONGEST))
        for child, _ in writers:
            os.kill(child, signal.SIGKILL)
        for child, out in writers:
            os.waitpid(child, 0)
            now = said(out)
            saved, total = saved | set(now), total + len(now)
        decisions, frozen, notes = read(folder)  # every clustering that a decision speaks of is there, and whole
        assert {d.id for d in decisions} >= saved
        assert all(len(fit.crop_id) == len(CROPS) for fit in frozen.values())
        torn += len(notes)
    assert total >= KILLS  # the kills came between decisions, not before all of them
    print(
        f"{KILLS} kills, {total:,} decisions: {torn} lines were seen torn, {cut} files half made, in no case one that was said to be saved"
    )
