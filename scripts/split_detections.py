from pathlib import Path

from camtrap.core.logs import job
from camtrap.detections.from_json import split, summary

with job(snakemake.log[0], snakemake.threads):
    options = snakemake.config["detector"]
    report = split(
        options["json"],
        snakemake.input.index,
        Path(snakemake.output[0]).parent,
        rename=options["rename"],
        min_confidence=options["min_confidence"],
        missing=options["missing"],
    )
    print(summary(report))
