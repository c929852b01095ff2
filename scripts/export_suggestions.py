from camtrap.core.logs import job
from camtrap.export.suggestions import export

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    given = snakemake.input
    print(
        export(given.images, given.clusters, given.representatives, given.detections, snakemake.output[0]), "clusters"
    )
