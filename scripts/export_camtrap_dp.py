from camtrap.core.logs import job
from camtrap.export.camtrap_dp import export
from camtrap.export.opened import opened
from camtrap.export.privacy import LEAVE_OUT, find_people

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    survey, stations = opened(snakemake.input, snakemake.params)
    params = snakemake.params
    people = find_people(survey, {}, snakemake.input.detections, params.threshold)
    said = (params.level, params.about, params.detector, people, params.people == LEAVE_OUT, params.decimals)
    print(export(survey, stations, snakemake.output[0], *said))
