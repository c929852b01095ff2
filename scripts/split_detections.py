from pathlib import Path

from camtrap.detections.from_json import split, summary
from camtrap.logs import job

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
