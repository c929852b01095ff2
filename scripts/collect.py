from pathlib import Path

from camtrap.collect import collect
from camtrap.logs import job

with job(snakemake.log[0], snakemake.threads):
    collect(
        snakemake.input.index,
        snakemake.input.detections,
        snakemake.input.crops,
        snakemake.input.removed,
        Path(snakemake.output.images).parent,
        snakemake.params.options,
        snakemake.params.threshold,
        snakemake.params.categories,
    )
