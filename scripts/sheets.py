from pathlib import Path

from camtrap.logs import job
from camtrap.sheets import draw

with job(snakemake.log[0], snakemake.threads):
    folder = Path(snakemake.input.crops[0]).parent
    draw(snakemake.input.representatives, snakemake.input.table, folder, Path(snakemake.output[0]))
