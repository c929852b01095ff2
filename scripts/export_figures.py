from pathlib import Path

from camtrap.core.logs import job
from camtrap.export.names import read_found
from camtrap.metadata.deployments import read_stations

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.export.figures import draw

    stations = snakemake.config["metadata"]["stations"]
    draw(
        snakemake.input.images,
        snakemake.input.crops,
        snakemake.input.clusters,
        read_found(snakemake.input.names),
        Path(snakemake.output[0]),
        snakemake.input.get("labels"),
        read_stations(stations) if stations else None,
    )
