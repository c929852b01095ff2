from camtrap.embed.models import resolve
from camtrap.files import write_json
from camtrap.logs import job

with job(snakemake.log[0]):
    write_json(snakemake.output[0], resolve(snakemake.config["embed"], snakemake.config["cache"]).as_dict())
