from camtrap.core.logs import job
from camtrap.export.opened import opened, private, stations
from camtrap.export.r_tables import export

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    given, params = snakemake.input, snakemake.params
    people = private(given, params)
    survey = opened(given, params, by_cluster=False)
    print(export(survey, stations(params), snakemake.output[0], params.occasion_days, people))
