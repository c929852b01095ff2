from camtrap.crop import crop_shard
from camtrap.logs import job
from camtrap.paths import Roots

with job(snakemake.log[0], snakemake.threads):
    crop_shard(
        snakemake.input.index,
        snakemake.input.detections,
        snakemake.output.table,
        Roots(snakemake.config["images"]),
        snakemake.params.options,
        workers=snakemake.threads,
    )
