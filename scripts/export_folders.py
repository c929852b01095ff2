from pathlib import Path

from camtrap.core.logs import job
from camtrap.core.paths import Roots
from camtrap.export.copies import of_folders
from camtrap.export.folders import export
from camtrap.export.names import read_found
from camtrap.export.opened import opened
from camtrap.export.privacy import KEEP, find_people

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    options = snakemake.params
    survey, _ = opened(dict(snakemake.input.items()) | {"images": snakemake.input.pictures}, options)
    names = read_found(snakemake.input.names)
    people = None
    if options.people != KEEP:
        people = find_people(survey, names, snakemake.input.detections, options.threshold)
    change, left_out = of_folders(survey, people, options.people, options.decimals, options.holds == "pictures")
    n_files = export(
        snakemake.input.crops,
        snakemake.input.clusters,
        snakemake.input.images,
        Roots(snakemake.config["images"]),
        names,
        Path(snakemake.output[0]),
        options.mode,
        options.holds,
        snakemake.input.get("labels"),
        change,
        left_out,
    )
    print(f"{n_files} files")
