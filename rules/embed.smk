rule find_embedder:
    output:
        update(f"{RESULTS}/models/{MODEL}.json"),  # as in find_detector
    log:
        f"{RESULTS}/logs/find_embedder/{MODEL}.log",
    conda:
        ENV
    params:
        version=version("embed"),
        model=config["embed"]["model"],
        image_size=config["embed"]["image_size"],
        file=content(config["embed"]["weights"]),
    message:
        "Looking up the embedder"
    script:
        "../scripts/find_embedder.py"


rule calibrate:
    input:
        crops=ancient(calibration_crops),
        embedder=f"{RESULTS}/models/{MODEL}.json",
    output:
        f"{RESULTS}/models/{MODEL}_int8.onnx",
    log:
        f"{RESULTS}/logs/calibrate/{MODEL}.log",
    benchmark:
        f"{RESULTS}/benchmarks/calibrate/{MODEL}.tsv"
    conda:
        ENV
    threads: 2
    resources:
        mem_mb=memory(6000),
        runtime=minutes(30),
    params:
        version=version("embed"),
    message:
        f"Calibrating {MODEL} in int8"
    script:
        "../scripts/calibrate.py"


rule embed:
    input:
        crops=f"{RESULTS}/crops/{{shard}}.parquet",
        embedder=f"{RESULTS}/models/{MODEL}.json",
        quantised=(
            f"{RESULTS}/models/{MODEL}_int8.onnx"
            if config["embed"]["precision"] == "int8"
            else []
        ),
    output:
        table=f"{RESULTS}/embeddings/{MODEL}/{{shard}}.parquet",
    log:
        f"{RESULTS}/logs/embed/{MODEL}/{{shard}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/embed/{MODEL}/{{shard}}.tsv"
    conda:
        ENV
    threads: threads_of(2) if gpus() else of_shards(2)
    resources:
        mem_mb=memory(3000),
        runtime=minutes(20, 0.05, SHARD_SIZE),
        gpu=gpus(),
        batch_size=8,
    params:
        version=version("embed"),
        options=result_options("embed"),
    message:
        f"Describing the crops of {{wildcards.shard}} by {MODEL}"
    script:
        "../scripts/embed.py"
