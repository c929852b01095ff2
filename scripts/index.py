from pathlib import Path

from camtrap.core.files import write_parquet
from camtrap.core.logs import job
from camtrap.core.paths import Roots
from camtrap.index.run import index_shard
from camtrap.plan import again
from camtrap.plan.ledger import planned_of, read_manifest

with job(snakemake.log[0], snakemake.threads):
    results, shard = Path(snakemake.output.table).parents[1], snakemake.wildcards.shard
    options = {**snakemake.params.metadata, "workers": snakemake.threads}
    manifest, planned = read_manifest(snakemake.input.manifest), planned_of(results, shard)
    table = index_shard(manifest, Roots(snakemake.config["images"]), options, planned)
    failures = table.filter(table["error"].is_valid()).select(["path", "error"]).to_pylist()
    again.forget(results, shard)
    again.note(results, shard, [(row["path"], row["error"]) for row in failures], len(manifest), planned)
    write_parquet(snakemake.output.table, table)
