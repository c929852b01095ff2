from camtrap.export.table import export, read_names
from camtrap.logs import job

with job(snakemake.log[0], snakemake.threads):
    names = read_names(snakemake.config["export"]["names"])
    export(snakemake.input.crops, snakemake.input.clusters, names, snakemake.output[0])
