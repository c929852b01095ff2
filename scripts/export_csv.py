from camtrap.core.logs import job
from camtrap.export.names import read_found
from camtrap.export.table import export

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    names = read_found(snakemake.input.names)
    labels = snakemake.input.get("labels")
    export(snakemake.input.crops, snakemake.input.clusters, names, snakemake.output[0], labels)
