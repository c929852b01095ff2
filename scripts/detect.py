from camtrap.detect.run import detect_shard
from camtrap.device import lease
from camtrap.logs import job
from camtrap.paths import Roots

with job(snakemake.log[0], snakemake.threads), lease(snakemake.resources.gpu) as device:
    detect_shard(
        snakemake.input.index,
        snakemake.input.detector,
        snakemake.output.json,
        Roots(snakemake.config["images"]),
        snakemake.config["detector"],
        cache=snakemake.config["cache"],
        device=device,
        threads=snakemake.threads,
        batch_size=snakemake.resources.batch_size,
    )
