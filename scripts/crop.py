from camtrap.core.logs import job
from camtrap.core.paths import Roots
from camtrap.crop.run import crop_shard

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    crop_shard(
        snakemake.input.index,
        snakemake.input.detections,
        snakemake.output.table,
        Roots(snakemake.config["images"]),
        snakemake.params.options,
        workers=snakemake.threads,
    )
