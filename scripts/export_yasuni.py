from camtrap.core.logs import job
from camtrap.export.opened import private
from camtrap.export.yasuni import export

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    print(
        export(
            snakemake.input.images,
            snakemake.input.crops,
            snakemake.input.index,
            snakemake.input.detections,
            snakemake.input.embeddings,
            snakemake.output.records,
            snakemake.output.features,
            private(snakemake.input, snakemake.params),
        )
    )
