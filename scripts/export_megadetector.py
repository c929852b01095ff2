from camtrap.export.megadetector import export
from camtrap.logs import job
from camtrap.names import read_found

with job(snakemake.log[0], snakemake.threads):
    print(
        export(
            snakemake.input.images,
            snakemake.input.crops,
            snakemake.input.clusters,
            read_found(snakemake.input.names),
            snakemake.output[0],
            snakemake.input.detections,
            threshold=snakemake.params.threshold,
        )
    )
