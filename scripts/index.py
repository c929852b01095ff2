from camtrap.files import write_parquet
from camtrap.index import index_shard
from camtrap.logs import job
from camtrap.paths import Roots
from camtrap.plan import read_manifest

with job(snakemake.log[0], snakemake.threads):
    options = {**snakemake.params.metadata, "workers": snakemake.threads}
    table = index_shard(read_manifest(snakemake.input.manifest), Roots(snakemake.config["images"]), options)
    write_parquet(snakemake.output.table, table)
