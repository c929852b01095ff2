from pathlib import Path

from camtrap.collect.run import collect
from camtrap.core.logs import job
from camtrap.metadata.deployments import read_stations

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    stations = snakemake.config["metadata"]["stations"]
    collect(
        snakemake.input.index,
        snakemake.input.detections,
        snakemake.input.crops,
        snakemake.input.removed,
        Path(snakemake.output.images).parent,
        snakemake.params.options,
        snakemake.params.threshold,
        snakemake.params.categories,
        read_stations(stations) if stations else None,
        Path(snakemake.output.images).parents[1] / "plan" / "manifests",
        snakemake.config["crop"],
    )
