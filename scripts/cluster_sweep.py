from pathlib import Path

from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads):
    from camtrap.cluster.fit import fit_sweep

    fit_sweep(
        snakemake.wildcards.sweep,
        Path(snakemake.input[0]).parent,
        int(snakemake.wildcards.k),
        snakemake.output[0],
        snakemake.params.options,
        snakemake.params.seed,
    )
