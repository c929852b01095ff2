from camtrap.core.logs import job
from camtrap.export.names import name_clusters

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    found = name_clusters(
        snakemake.config["export"]["names"],
        snakemake.input.clusters,
        snakemake.input.representatives,
        snakemake.output.names,
        snakemake.output.table,
    )
    print("\n".join(found["notes"]))
