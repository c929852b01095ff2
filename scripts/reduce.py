from pathlib import Path

from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.cluster.reduce import reduce

    folder = Path(snakemake.output[0]).parent
    reduce(snakemake.input.embeddings, snakemake.input.crops, folder, snakemake.params.options)
