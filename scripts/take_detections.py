from pathlib import Path

from camtrap.core.files import write_bytes
from camtrap.core.logs import job

found = Path(snakemake.input.matching).parent / f"{snakemake.wildcards.shard}.json"
with job(snakemake.log[0], snakemake.threads, [*snakemake.input, found], snakemake.output):
    write_bytes(snakemake.output.json, found.read_bytes())
