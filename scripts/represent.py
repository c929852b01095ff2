from pathlib import Path

from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.show.representatives import choose_representatives

    choose_representatives(
        Path(snakemake.input[0]).parent, snakemake.input.clusters, snakemake.output[0], snakemake.params.options
    )
