from pathlib import Path

from camtrap.core.logs import job
from camtrap.core.named import named
from camtrap.detect.registry import BACKENDS

with job(snakemake.log[0], snakemake.threads):
    options = snakemake.config["detector"]
    named(BACKENDS[options["backend"]].split)(options, snakemake.input.index, Path(snakemake.output.matching).parent)
