"""``make fuzz``: readers of files from outside against mutated files, for ten minutes. Writes ``build/fuzz.json``.

With Atheris (libFuzzer for Python) new mutations are led by the code that the last ones reached; without it they are
random. A finding does not end the run: the smallest file of each kind stays in ``build/fuzz``.
"""

import argparse
import contextlib
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random

SHARES = {"detections": 0.4, "picture": 0.4, "maker_note": 0.1, "stations": 0.05, "cluster_names": 0.05}
# Where `make fuzz` puts Atheris, which the project does not need.
sys.path.append("build/fuzz/site")
# One file may take so long, and so much memory.
SECONDS, MEGABYTES = 2.0, 2000


class Watch:
    """Calls a target and keeps what it should not have done."""

    def __init__(self, name: str, target: Callable[[bytes], None], out: Path, engine: str):
        self.name, self.target, self.out = name, target, out
        self.state = {"engine": engine, "files": 0, "seconds": 0.0, "slowest": 0.0, "findings": {}}
        self.start = self.written = time.monotonic()
        self.memory = _peak()

    def __call__(self, data: bytes) -> None:
        begin = time.monotonic()
        try:
            self.target(data)
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            ours = [frame for frame in frames if "camtrap" in frame.filename or "targets" in frame.filename]
            at = f"{Path(ours[-1].filename).name}:{ours[-1].lineno} {ours[-1].name}" if ours else "?"
            self.found(f"{type(error).__name__} at {at}", str(error)[:200], data)
        now = time.monotonic()
        self.state["slowest"] = max(self.state["slowest"], round(now - begin, 3))
        if now - begin > SECONDS:
            self.found("slow", f"{now - begin:.1f} s", data)
        if (peak := _peak()) > self.memory + MEGABYTES / 2:
            self.found("memory", f"{peak - self.memory:.0f} MB more", data)
            self.memory = peak
        self.state["files"] += 1
        if now - self.written > 2:
            self.write()

    def found(self, what: str, message: str, data: bytes) -> None:
        """Keep the smallest file of a kind of finding."""
        known = self.state["findings"].get(what)
        if known and known["bytes"] <= len(data):
            return
        file = self.out / f"{self.name}-{hashlib.sha256(what.encode()).hexdigest()[:8]}"
        file.write_bytes(data)
        self.state["findings"][what] = {"message": message, "bytes": len(data), "file": file.name}
        self.write()

    def write(self) -> None:
        """Say how far it is: libFuzzer ends the process without a word."""
        self.written = time.monotonic()
        self.state["seconds"] = round(self.written - self.start, 1)
        self.state["megabytes"] = round(_peak())
        temporary = self.out / f"{self.name}.json.part"
        temporary.write_text(json.dumps(self.state, indent=1))
        temporary.replace(self.out / f"{self.name}.json")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one(name: str, seconds: float, seed: int, out: Path, corpus: Path) -> None:
    """Fuzz a target in this process until its time is over."""
    try:
        import atheris
    except ImportError:
        atheris = None
    with atheris.instrument_imports(include=["camtrap"]) if atheris else contextlib.nullcontext():
        from targets import TARGETS

    from mutate import mutate

    from seeds import seeds

    watch = Watch(
        name, TARGETS[name], out, f"atheris {getattr(atheris, '__version__', '')}".strip() if atheris else "random"
    )
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(data)
    if not atheris:
        rng = Random(seed)
        files = [path.read_bytes() for path in sorted(corpus.iterdir())]
        while time.monotonic() - watch.start < seconds:
            watch(mutate(name, rng.choice(files), rng))
        watch.write()
        return

    def custom(data: bytes, size: int, number: int) -> bytes:
        rng = Random(number)
        return atheris.Mutate(data, size) if rng.random() < 0.2 else mutate(name, data, rng)[:size]

    flags = [f"-max_total_time={int(seconds)}", f"-seed={seed}", "-max_len=20000", f"-timeout={int(SECONDS * 15)}"]
    flags += [f"-rss_limit_mb={MEGABYTES}", "-verbosity=0", f"-artifact_prefix={out}/{name}-stopped-"]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], watch, custom_mutator=custom)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="of all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=list(SHARES), help="only this")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    values = parser.parse_args()
    out = values.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    if values.child:
        one(values.target, values.minutes * 60, values.seed, out, out / "corpus" / values.target)
        return 0
    shares = {values.target: 1.0} if values.target else SHARES
    result = {}
    for name, share in shares.items():
        minutes = str(values.minutes * share)
        child = [sys.executable, __file__, "--child", "--target", name, "--minutes", minutes]
        child += ["--seed", str(values.seed), "--out", str(out)]
        done = subprocess.run(child, capture_output=True, text=True, errors="replace", env=os.environ)
        state = out / f"{name}.json"
        result[name] = json.loads(state.read_text()) if state.exists() else {"findings": {}}
        if done.returncode:
            result[name]["findings"]["stopped"] = {"message": done.stderr[-1500:]}
        print(f"{name}: {result[name].get('files', 0)} files, {len(result[name]['findings'])} findings", flush=True)
        for what, finding in result[name]["findings"].items():
            print(f"    {what}: {finding['message']}")
    (out.parent / "fuzz.json").write_text(json.dumps(result, indent=1) + "\n")
    return 1 if any(state["findings"] for state in result.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
