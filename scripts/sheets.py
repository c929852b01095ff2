from camtrap.core.logs import job
from camtrap.show.sheets import draw

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    draw(snakemake.input.representatives, snakemake.input.table, snakemake.input.crops, snakemake.output[0])
