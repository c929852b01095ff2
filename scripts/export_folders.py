from pathlib import Path

from camtrap.core.logs import job
from camtrap.core.paths import Roots
from camtrap.export.folders import export
from camtrap.export.names import read_found

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    n_files = export(
        snakemake.input.crops,
        snakemake.input.clusters,
        snakemake.input.images,
        Roots(snakemake.config["images"]),
        read_found(snakemake.input.names),
        Path(snakemake.output[0]),
        snakemake.params.mode,
        snakemake.params.content,
        snakemake.input.get("labels"),
    )
    print(f"{n_files} files")
