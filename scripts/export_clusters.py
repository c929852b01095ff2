from camtrap.export.names import find_names, write_clusters
from camtrap.logs import job

with job(snakemake.log[0], snakemake.threads):
    names, wrong = find_names(snakemake.config["export"]["names"], snakemake.input.clusters)
    print("\n".join(wrong))
    write_clusters(snakemake.input.clusters, snakemake.input.representatives, names, snakemake.output[0])
