from pathlib import Path

from camtrap.core.logs import job
from camtrap.core.paths import Roots
from camtrap.export.copies import places_of
from camtrap.export.folders import export
from camtrap.export.names import read_found
from camtrap.export.opened import opened, private

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    options, given = snakemake.params, snakemake.input
    survey = opened(given, options)
    people = private(given, options, survey)
    n_files = export(
        given.crops,
        given.clusters,
        given.files,
        Roots(snakemake.config["images"]),
        read_found(given.names),
        Path(snakemake.output[0]),
        options.mode,
        options.holds,
        given.get("labels"),
        people,
        places_of(survey, people),
    )
    print(f"{n_files} files")
