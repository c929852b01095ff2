from pathlib import Path

from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.cluster.neighbours import neighbours

    neighbours(Path(snakemake.input[0]).parent, snakemake.output[0], snakemake.params.options, snakemake.params.seed)
