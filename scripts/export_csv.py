from camtrap.core.logs import job
from camtrap.export.names import read_found
from camtrap.export.opened import private
from camtrap.export.table import export

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    given = snakemake.input
    names, people = read_found(given.names), private(given, snakemake.params)
    print(export(given.crops, given.clusters, names, snakemake.output[0], given.get("labels"), people))
