from pathlib import Path

from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.show.maps import project

    project(
        Path(snakemake.input[0]).parent,
        snakemake.output.table,
        snakemake.params.options,
        snakemake.params.seed,
        out_info=snakemake.output.info,
    )
