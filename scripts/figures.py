from pathlib import Path

from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.show.figures import draw

    draw(
        snakemake.input.crops,
        snakemake.input.clusters,
        snakemake.input.projection,
        snakemake.input.choice,
        Path(snakemake.input[0]).parent,
        Path(snakemake.output[0]),
    )
