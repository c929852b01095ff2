"""Write the parts of the documents that are made from the code: `python docs/generate.py` (`--check`: are they up to date?).

config/README.md from the schema; in architecture.md the graph of the rules, by Snakemake, and the table of all files.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from camtrap.config import page

ROOT = Path(__file__).resolve().parents[1]
ARCHITECTURE = ROOT / "docs" / "architecture.md"
# Two surveys in which, together, every rule takes part.
ABOUT = {"sampling_design": "targeted", "contributors": [{"title": "Ana"}]}
HANDED = {
    "camtrap_dp": "event",
    "r_tables": True,
    "darwin_core": True,
    "suggestions": True,
    "timezone": "UTC",
    "about": ABOUT,
}
SURVEYS = [
    {"export": {"folders": "copy", "megadetector": True, "yasuni": True, **HANDED}, "embed": {"precision": "int8"}},
    {"detector": {"backend": "json", "json": "found.json"}},
]
RULES = f"""
include: "{ROOT / "Snakefile"}"
import json
listed = [
    [rule.name, Path(rule.snakefile).stem.partition('_')[0], Path(rule.script or "").name, list(map(str, rule.output))]
    for rule in workflow.rules
]
Path("rules.json").write_text(json.dumps(listed))
"""
# What a script may import beside its own room.
GROUND = {"core", "config", "pictures", "networks", "metadata", "plan", "stages"}


def ask(folder: Path, survey: dict, *options: str) -> str:
    """Snakemake's answer about a survey of one picture; it also leaves rules.json in the folder."""
    (folder / "pictures" / "card").mkdir(parents=True, exist_ok=True)
    (folder / "pictures" / "card" / "a.jpg").write_bytes(b"no picture")
    (folder / "found.json").write_text('{"images": []}')
    (folder / "results.review").mkdir(exist_ok=True)
    (folder / "results.review" / "decisions.jsonl").touch()
    (folder / "Snakefile").write_text(RULES)
    config = {"images": "pictures", "results": "results", "plan": {"settle_seconds": 0}, **survey}
    (folder / "survey.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "snakemake", *options, "--configfile", "survey.json", "--cores", "1", "--", "all"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def graph(mermaid: str) -> str:
    """Snakemake's graph without colours and without each arrow that a longer way makes needless, in alphabetical order."""
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)\]$", mermaid, re.MULTILINE))
    edges = {(names[a], names[b]) for a, b in re.findall(r"^\s*(id\d+) --> (id\d+)$", mermaid, re.MULTILINE)}
    after: dict[str, set[str]] = {name: {b for a, b in edges if a == name} for name in names.values()}

    def reached(name: str) -> set[str]:
        return after[name].union(*map(reached, after[name]))

    kept = [(a, b) for a, b in sorted(edges) if not any(b in reached(c) for c in after[a])]
    return "\n".join(["```mermaid", "flowchart TB", *(f"    {a} --> {b}" for a, b in kept), "```"])


def room(script: str) -> str:
    """The rooms of the package that a script calls."""
    text = (ROOT / "scripts" / script).read_text(encoding="utf-8")
    rooms = sorted(set(re.findall(r"^ *from camtrap\.(\w+)", text, re.MULTILINE)) - GROUND)
    return ", ".join(f"`{name}/`" for name in rooms) or "–"


def generic(path: str) -> str:
    """A file of this survey as a file of any."""
    path = re.sub(r"\{(\w+),.*\}(?=[^}]*$)", r"{\1}", path.removeprefix("results/"))
    path = re.sub(r"(?<=\{sweep\}_)[0-9]+", "{k}", path)
    return re.sub(r"card-[0-9]{5}-[0-9a-f]{8}", "{shard}", path).replace("resnet152", "{model}")


def table(rules: list[list]) -> str:
    """Stage, rule, script, room and output, in the order of the Snakefile."""
    rows = ["| stage | rule | script | room | output |", "|---|---|---|---|---|"]
    for name, stage, script, outputs in rules:
        if script:
            files = "<br>".join(f"`{file}`" for file in dict.fromkeys(map(generic, outputs)))
            rows.append(f"| {stage} | `{name}` | `{script}` | {room(script)} | {files} |")
    return "\n".join(rows)


def pages() -> dict[Path, str]:
    """Each page as it should be."""
    rules: dict[tuple, list] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        drawn = graph(ask(folder, SURVEYS[0], "--rulegraph", "mermaid-js"))
        for survey in SURVEYS:
            ask(folder, survey, "--dry-run", "--quiet")
            for rule in json.loads((folder / "rules.json").read_text()):
                rules.setdefault((rule[0], rule[2]), rule)
    text = ARCHITECTURE.read_text(encoding="utf-8")
    stages = list(dict.fromkeys(rule[1] for rule in rules.values()))
    listed = table(sorted(rules.values(), key=lambda rule: stages.index(rule[1])))
    for part, content in {"rulegraph": drawn, "files": listed}.items():
        begin, end = f"<!-- generated: {part} -->\n", "<!-- end -->"
        before, found, rest = text.partition(begin)
        if not found or end not in rest:
            sys.exit(f"{ARCHITECTURE}: no place for {part}: add the lines {begin.strip()} and {end}")
        text = before + begin + content + "\n" + rest[rest.index(end) :]
    return {ROOT / "config" / "README.md": page.table(), ARCHITECTURE: text}


def main() -> None:
    """Write the pages, or say which are old."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    old = {path: text for path, text in pages().items() if path.read_text(encoding="utf-8") != text}
    if not check:
        for path, text in old.items():
            path.write_text(text, encoding="utf-8")
    elif old:
        names = ", ".join(os.path.relpath(path, ROOT) for path in old)
        sys.exit(f"not up to date: {names}; run `python docs/generate.py`")


if __name__ == "__main__":
    main()
