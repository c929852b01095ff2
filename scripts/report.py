from pathlib import Path

from camtrap.core.logs import job
from camtrap.report.build import build
from camtrap.report.gather import Files

files = Files(**dict(snakemake.input.items()))
with job(snakemake.log[0], snakemake.threads, [*snakemake.input, files.confusion], snakemake.output):
    build(
        files,
        snakemake.params.model,
        snakemake.params.config,
        Path(snakemake.output.html),
        Path(snakemake.output.summary),
    )
