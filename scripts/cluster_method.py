from pathlib import Path

from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.cluster.fit import fit_method

    fit_method(
        snakemake.wildcards.method,
        Path(snakemake.input[0]).parent,
        snakemake.input.neighbours,
        snakemake.output[0],
        snakemake.params.options,
        snakemake.params.seed,
    )
