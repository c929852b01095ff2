from pathlib import Path

from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.review.label import label

    info = label(
        Path(snakemake.input.decisions).parent,
        snakemake.input.crops,
        snakemake.input.clusters,
        snakemake.input.choice,
        snakemake.output.table,
        snakemake.output.info,
    )
    print("\n".join([f"{info['named']} of {info['crops']} crops have a name", *info["notes"]]))
