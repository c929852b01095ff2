from camtrap.core.logs import job
from camtrap.export.opened import private
from camtrap.export.suggestions import export

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    given, out = snakemake.input, snakemake.output[0]
    people = private(given, snakemake.params)
    print(
        export(given.images, given.clusters, given.representatives, given.detections, out, given.crops, people),
        "clusters",
    )
