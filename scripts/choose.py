from pathlib import Path

from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.cluster.choose import choose
    from camtrap.cluster.nuisance import nuisance

    reduced = Path(snakemake.input[0]).parent
    choose(
        reduced,
        snakemake.input.neighbours,
        snakemake.input.sweeps,
        snakemake.input.methods,
        snakemake.output.choice,
        snakemake.output.clusters,
        snakemake.params.options,
    )
    nuisance(snakemake.output.clusters, reduced, snakemake.output.nuisance)
