from camtrap.core.logs import job
from camtrap.embed.run import embed_shard
from camtrap.networks.device import lease

with (
    job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output),
    lease(snakemake.resources.gpu) as device,
):
    embed_shard(
        snakemake.input.crops,
        snakemake.input.embedder,
        snakemake.output.table,
        snakemake.config["embed"],
        cache=snakemake.config["cache"],
        device=device,
        threads=snakemake.threads,
        batch_size=snakemake.resources.batch_size,
        stage_version=snakemake.params.version,
        quantised=snakemake.input.quantised or None,
    )
