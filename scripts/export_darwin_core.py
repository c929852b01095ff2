from camtrap.core.logs import job
from camtrap.export.darwin_core import export
from camtrap.export.opened import opened

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    survey, stations = opened(snakemake.input, snakemake.params)
    params = snakemake.params
    print(export(survey, stations, snakemake.output[0], params.about, params.decimals), "occurrences")
