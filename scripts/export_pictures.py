from pathlib import Path

from camtrap.core.logs import job
from camtrap.core.paths import Roots
from camtrap.export.by_species import export
from camtrap.export.names import read_found
from camtrap.export.opened import opened
from camtrap.export.privacy import KEEP, find_people

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    options = snakemake.params
    survey, _ = opened(snakemake.input, options)
    names = read_found(snakemake.input.names)
    people = None
    if options.people != KEEP:
        people = find_people(survey, names, snakemake.input.detections, options.threshold)
    print(
        export(
            survey,
            names,
            Roots(snakemake.config["images"]),
            Path(snakemake.output[0]),
            options.mode,
            options.also,
            options.keywords,
            people,
            options.people,
            options.decimals,
        )
    )
