from pathlib import Path

from camtrap.config.values import numbers_of_clusters
from camtrap.core.logs import job

# Numerical libraries have one thread each: whole fits run side by side.
with job(snakemake.log[0], inputs=snakemake.input, outputs=snakemake.output):
    from camtrap.cluster.fit import fit_ks

    fit_ks(
        snakemake.wildcards.sweep,
        Path(snakemake.input[0]).parent,
        numbers_of_clusters(snakemake.config["cluster"]["k"]),
        snakemake.output,
        snakemake.params.options,
        snakemake.params.seed,
        snakemake.threads,
    )
