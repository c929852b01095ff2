from pathlib import Path

from camtrap.core.logs import job
from camtrap.export.opened import opened, stations

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.export.figures import draw

    survey = opened(snakemake.input, snakemake.params)
    draw(survey, Path(snakemake.output[0]), stations(snakemake.params))
