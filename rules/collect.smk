rule collect:
    input:
        index=shards("index/{shard}.parquet"),
        detections=shards("detections/{shard}.json"),
        crops=shards("crops/{shard}.parquet"),
        removed=PLAN.removed,
    output:
        images=f"{RESULTS}/tables/images.parquet",
        crops=f"{RESULTS}/tables/crops.parquet",
        failures=f"{RESULTS}/tables/failures.csv",
        counts=f"{RESULTS}/tables/counts.json",
    log:
        f"{RESULTS}/logs/collect.log",
    benchmark:
        f"{RESULTS}/benchmarks/collect.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1000, 0.002),
        runtime=minutes(30),
    params:
        version=version("collect"),
        options=result_options("collect"),
        threshold=config["crop"]["threshold"],
        categories=config["crop"]["categories"],
        stations=content(config["metadata"]["stations"]),
    message:
        f"Collecting {PLAN.n_pictures} pictures"
    script:
        "../scripts/collect.py"
