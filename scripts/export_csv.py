from camtrap.export.table import export
from camtrap.logs import job
from camtrap.names import read_found

with job(snakemake.log[0], snakemake.threads):
    names = read_found(snakemake.input.names)
    export(snakemake.input.crops, snakemake.input.clusters, names, snakemake.output[0])
