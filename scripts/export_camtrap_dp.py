from camtrap.core.logs import job
from camtrap.export.camtrap_dp import export
from camtrap.export.opened import opened, private, stations

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    given, params = snakemake.input, snakemake.params
    people = private(given, params)
    survey = opened(given, params, by_cluster=False)
    known = stations(params)
    print(export(survey, known, snakemake.output[0], params.level, params.about, params.detector, people))
