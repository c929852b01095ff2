from pathlib import Path

from camtrap.core.logs import job
from camtrap.export.names import read_found
from camtrap.export.records import Survey
from camtrap.metadata.deployments import read_stations

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.export.figures import draw

    files = {key: value for key, value in snakemake.input.items() if key != "names"}
    stations = snakemake.config["metadata"]["stations"]
    draw(
        Survey(**files),
        snakemake.input.images,
        read_found(snakemake.input.names),
        Path(snakemake.output[0]),
        read_stations(stations) if stations else None,
    )
