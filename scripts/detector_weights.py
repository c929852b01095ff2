from camtrap.detect.weights import resolve
from camtrap.files import write_json
from camtrap.logs import job

with job(snakemake.log[0]):
    write_json(snakemake.output[0], resolve(snakemake.config["detector"], snakemake.config["cache"]))
