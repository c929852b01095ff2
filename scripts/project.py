from pathlib import Path

from camtrap.logs import job

with job(snakemake.log[0], snakemake.threads):
    from camtrap.project import project

    project(
        Path(snakemake.input[0]).parent,
        snakemake.output.table,
        snakemake.params.options,
        snakemake.params.seed,
        out_info=snakemake.output.info,
    )
