from pathlib import Path

from camtrap.core.files import write_parquet
from camtrap.core.logs import job
from camtrap.core.named import named
from camtrap.core.paths import Roots
from camtrap.detect.registry import BACKENDS
from camtrap.index.run import index_shard
from camtrap.plan import again
from camtrap.plan.manifests import planned_of, read_manifest, videos_planned

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    results, shard = Path(snakemake.output.table).parents[1], snakemake.wildcards.shard
    options = {**snakemake.params.metadata, "workers": snakemake.threads}
    roots = Roots(snakemake.config["images"])
    if options.pop("frames_of", None):
        detector = snakemake.config["detector"]
        videos = videos_planned(Path(snakemake.input.manifest).parent)
        options["frames"] = named(BACKENDS[detector["backend"]].frames)(detector, videos, roots)
    manifest, planned = read_manifest(snakemake.input.manifest), planned_of(results, shard)
    table = index_shard(manifest, roots, options, planned)
    failures = table.filter(table["error"].is_valid()).select(["path", "error"]).to_pylist()
    again.forget(results, shard)
    again.note(results, shard, [(row["path"], row["error"]) for row in failures], len(manifest), planned)
    write_parquet(snakemake.output.table, table)
