from camtrap.core.logs import job
from camtrap.export.darwin_core import export
from camtrap.export.opened import opened, private, stations

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    given, params = snakemake.input, snakemake.params
    people = private(given, params)
    survey = opened(given, params, by_cluster=False)
    print(export(survey, stations(params), snakemake.output[0], params.about, people), "occurrences")
