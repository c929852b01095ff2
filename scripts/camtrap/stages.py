"""Versions of the stages. Raise a stage's number when its results change: it and what follows run again."""

STAGE_VERSION = {
    "index": 1,
    "detect": 1,
    "crop": 2,
    "embed": 1,
    "collect": 1,
    "reduce": 1,
    "cluster": 3,
    "project": 1,
    "represent": 1,
    "evaluate": 1,
    "export": 1,
    "report": 3,
}

# The program's; stands in what it writes.
SOFTWARE_VERSION = "0.2.0"
