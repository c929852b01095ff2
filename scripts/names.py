from camtrap.core.logs import job
from camtrap.export.names import name_by_labels, name_clusters

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    shown = snakemake.input.clusters, snakemake.input.representatives
    out = snakemake.output.names, snakemake.output.table
    if labels := snakemake.input.get("labels"):
        found = name_by_labels(labels, snakemake.input.label_info, *shown, *out)
    else:
        found = name_clusters(snakemake.config["export"]["names"], *shown, *out)
    print("\n".join(found["notes"]))
