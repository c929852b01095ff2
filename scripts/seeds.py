from pathlib import Path

from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.cluster.seeds import refit

    refit(
        Path(snakemake.input[0]).parent,
        snakemake.input.neighbours,
        snakemake.input.choice,
        snakemake.output[0],
        snakemake.config["cluster"],
        snakemake.params.seed,
        snakemake.params.n_seeds,
    )
