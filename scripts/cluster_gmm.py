from pathlib import Path

from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads):
    from camtrap.cluster.sweep import fit_gmm

    k, folder = int(snakemake.wildcards.k), Path(snakemake.input[0]).parent
    fit_gmm(folder, k, snakemake.output[0], snakemake.params.options, snakemake.params.seed)
