from camtrap.core.logs import job
from camtrap.export.names import read_found
from camtrap.export.opened import opened
from camtrap.export.privacy import LEAVE_OUT, find_people
from camtrap.export.tables import write

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    survey, _ = opened(snakemake.input, snakemake.params)
    names = read_found(snakemake.input.names)
    hidden = None
    if snakemake.params.people == LEAVE_OUT:
        hidden = find_people(survey, names, snakemake.input.detections, snakemake.params.threshold)
    print(write(survey, names, snakemake.input.failures, snakemake.output, hidden, snakemake.params.decimals))
