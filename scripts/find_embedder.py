from camtrap.core.files import write_json
from camtrap.core.logs import job
from camtrap.embed.models import resolve

with job(snakemake.log[0], outputs=snakemake.output):
    write_json(snakemake.output[0], resolve(snakemake.config["embed"], snakemake.config["cache"]).as_dict())
