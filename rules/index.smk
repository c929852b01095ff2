rule index:
    input:
        manifest=f"{RESULTS}/plan/manifests/{{shard}}.tsv",
    output:
        table=f"{RESULTS}/index/{{shard}}.parquet",
    log:
        f"{RESULTS}/logs/index/{{shard}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/index/{{shard}}.tsv"
    conda:
        ENV
    threads: of_shards(2)
    resources:
        mem_mb=memory(2000, 0.02) if DETECTOR.frames else memory(1000),
        runtime=minutes(20, 0.02, SHARD_SIZE),
    params:
        version=version("index"),
        metadata=index_options if DETECTOR.frames else result_options("metadata"),
    message:
        "Reading hashes, times and places of {wildcards.shard}"
    script:
        "../scripts/index.py"
