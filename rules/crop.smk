rule crop:
    input:
        index=f"{RESULTS}/index/{{shard}}.parquet",
        detections=f"{RESULTS}/detections/{{shard}}.json",
    output:
        table=f"{RESULTS}/crops/{{shard}}.parquet",
    log:
        f"{RESULTS}/logs/crop/{{shard}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/crop/{{shard}}.tsv"
    conda:
        ENV
    threads: of_shards(2)
    resources:
        mem_mb=memory(2000),
        runtime=minutes(15, 0.02, SHARD_SIZE),
    params:
        version=version("crop"),
        options=result_options("crop"),
    message:
        "Cropping {wildcards.shard}"
    script:
        "../scripts/crop.py"
