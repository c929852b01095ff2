from pathlib import Path

from camtrap.core.logs import job
from camtrap.show.sheets import draw

with job(snakemake.log[0], snakemake.threads):
    folder = Path(snakemake.input.crops[0]).parent
    draw(snakemake.input.representatives, snakemake.input.table, folder, Path(snakemake.output[0]))
