from camtrap.core.logs import job
from camtrap.export.opened import opened
from camtrap.export.r_tables import export

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    survey, stations = opened(snakemake.input, snakemake.params)
    params = snakemake.params
    print(export(survey, stations, snakemake.output[0], params.occasion_days, params.decimals))
