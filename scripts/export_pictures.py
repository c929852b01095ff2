from pathlib import Path

from camtrap.core.logs import job
from camtrap.core.paths import Roots
from camtrap.export.by_species import export
from camtrap.export.opened import opened, private

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    options = snakemake.params
    survey, out = opened(snakemake.input, options), Path(snakemake.output[0])
    people = private(snakemake.input, options, survey)
    roots = Roots(snakemake.config["images"])
    print(export(survey, roots, out, options.mode, options.also, options.keywords, people))
