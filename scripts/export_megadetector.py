from camtrap.core.logs import job
from camtrap.export.megadetector import export
from camtrap.export.names import read_found
from camtrap.export.opened import private

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    print(
        export(
            snakemake.input.images,
            snakemake.input.crops,
            snakemake.input.clusters,
            read_found(snakemake.input.names),
            snakemake.output[0],
            snakemake.input.detections,
            threshold=snakemake.params.threshold,
            labels=snakemake.input.get("labels"),
            private=private(snakemake.input, snakemake.params),
        )
    )
