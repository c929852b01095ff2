from pathlib import Path

from camtrap.core.logs import job
from camtrap.report.build import build
from camtrap.report.gather import Files

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    build(
        Files(**dict(snakemake.input.items())),
        snakemake.params.model,
        snakemake.params.config,
        Path(snakemake.output.html),
        Path(snakemake.output.summary),
    )
