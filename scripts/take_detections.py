from pathlib import Path

from camtrap.core.files import write_bytes
from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads):
    found = Path(snakemake.input.matching).parent / f"{snakemake.wildcards.shard}.json"
    write_bytes(snakemake.output.json, found.read_bytes())
