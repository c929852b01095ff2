from camtrap.core.logs import job
from camtrap.export.names import read_found
from camtrap.export.opened import private

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.export.explorer import export

    export(
        snakemake.input.crops,
        snakemake.input.clusters,
        snakemake.input.plane,
        read_found(snakemake.input.names),
        snakemake.input.thumbs,
        snakemake.output[0],
        snakemake.params.title,
        snakemake.input.get("labels"),
        private(snakemake.input, snakemake.params),
    )
