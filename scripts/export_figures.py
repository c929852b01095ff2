from pathlib import Path

from camtrap.core.logs import job
from camtrap.export.names import read_found
from camtrap.export.opened import opened

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.export.figures import draw

    survey, stations = opened(snakemake.input, snakemake.params)
    names = read_found(snakemake.input.names)
    draw(survey, snakemake.input.images, names, Path(snakemake.output[0]), stations)
