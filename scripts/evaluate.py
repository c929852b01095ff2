from pathlib import Path

from camtrap.core.logs import job
from camtrap.evaluate.run import describe, evaluate

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    options = snakemake.params.options
    result = evaluate(
        snakemake.input.clusters,
        snakemake.input.crops,
        snakemake.config["evaluate"]["truth"],
        {"seed": snakemake.params.seed, "resamples": options["resamples"], "label_pattern": options["label_pattern"]},
        images=snakemake.input.images,
        seeds=snakemake.input.seeds,
        out=Path(snakemake.output[0]).parent,
    )
    print(describe(result))
