from camtrap.core.logs import job
from camtrap.export.opened import opened, private
from camtrap.export.tables import write

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    survey = opened(snakemake.input, snakemake.params)
    people = private(snakemake.input, snakemake.params, survey)
    print(write(survey, snakemake.input.failures, snakemake.output, people))
