from pathlib import Path

from camtrap.core.logs import job
from camtrap.report.build import build

with job(snakemake.log[0], snakemake.threads):
    build(
        Path(snakemake.config["results"]),
        snakemake.params.model,
        snakemake.params.config,
        Path(snakemake.output.html),
        Path(snakemake.output.summary),
    )
