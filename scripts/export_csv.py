from camtrap.export.names import read_names
from camtrap.export.table import export
from camtrap.logs import job

with job(snakemake.log[0], snakemake.threads):
    names = read_names(snakemake.config["export"]["names"], snakemake.input.clusters)
    export(snakemake.input.crops, snakemake.input.clusters, names, snakemake.output[0])
