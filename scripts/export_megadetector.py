from camtrap.export.megadetector import export
from camtrap.export.names import read_names
from camtrap.logs import job

with job(snakemake.log[0], snakemake.threads):
    print(
        export(
            snakemake.input.images,
            snakemake.input.crops,
            snakemake.input.clusters,
            read_names(snakemake.config["export"]["names"], snakemake.input.clusters),
            snakemake.output[0],
            snakemake.input.detections,
            threshold=snakemake.params.threshold,
        )
    )
