"""Which jobs a change of the finished survey makes, and what is compared before and after."""

import json
from collections import Counter
from pathlib import Path

MODEL = "mobilenet_v3_small"
# The jobs of a survey with k = 2, 3, one method without k and the default exports, from the end to the beginning.
NAMED = Counter(["names", "export_csv", "export_megadetector", "report"])
SHOWN = Counter(["evaluate", "represent", "sheets", "figures"]) + NAMED
CHOSEN = SHOWN + Counter(["choose", "seeds"])
SWEPT = CHOSEN + Counter({"cluster_sweep": 2, "cluster_method": 1, "neighbours": 1})
REDUCED = SWEPT + Counter(["reduce", "project"])
COLLECTED = REDUCED + Counter(["collect"])


def per_shard(*rules: str, shards: int = 1) -> Counter:
    return Counter({rule: shards for rule in rules})


NEW_SHARD = per_shard("index", "detect", "crop", "embed")


def stamps(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def counts(survey) -> dict:
    return json.loads((survey.results / "tables" / "counts.json").read_text())
