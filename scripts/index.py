from camtrap.core.files import write_parquet
from camtrap.core.logs import job
from camtrap.core.paths import Roots
from camtrap.index.run import index_shard
from camtrap.plan.ledger import read_manifest

with job(snakemake.log[0], snakemake.threads):
    options = {**snakemake.params.metadata, "workers": snakemake.threads}
    table = index_shard(read_manifest(snakemake.input.manifest), Roots(snakemake.config["images"]), options)
    write_parquet(snakemake.output.table, table)
