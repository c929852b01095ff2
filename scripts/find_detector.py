from camtrap.core.files import write_json
from camtrap.core.logs import job
from camtrap.detect.weights import resolve

with job(snakemake.log[0], outputs=snakemake.output):
    write_json(snakemake.output[0], resolve(snakemake.config["detector"], snakemake.config["cache"]))
