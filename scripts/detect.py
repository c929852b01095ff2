from camtrap.core.logs import job
from camtrap.core.paths import Roots
from camtrap.detect.run import detect_shard
from camtrap.networks.device import lease

with (
    job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output),
    lease(snakemake.resources.gpu) as device,
):
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
