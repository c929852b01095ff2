from pathlib import Path

from camtrap.core.logs import job
from camtrap.core.named import named
from camtrap.core.paths import Roots
from camtrap.detect.registry import BACKENDS

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    options = snakemake.config["detector"]
    split = named(BACKENDS[options["backend"]].split)
    out = Path(snakemake.output.matching).parent
    split(options, snakemake.input.index, out, Roots(snakemake.config["images"]))
