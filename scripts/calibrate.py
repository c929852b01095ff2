from camtrap.core.logs import job
from camtrap.embed.int8 import calibrate

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    calibrate(
        snakemake.input.crops,
        snakemake.input.embedder,
        snakemake.output[0],
        snakemake.config["embed"],
        cache=snakemake.config["cache"],
    )
