# Results that somebody already has: the files' contents and how they are read.
GIVEN = None
if DETECTOR.split:
    GIVEN = [content(file) for file in listed(config["detector"][DETECTOR.reads])]
    GIVEN += [result_options("detector")]


# A look-up that fails removes nothing: with `update` Snakemake leaves the file where it is and puts it back (and guard.smk its
# time), or all shards would be detected again.
rule find_detector:
    output:
        update(f"{RESULTS}/models/detector.json"),
    log:
        f"{RESULTS}/logs/find_detector.log",
    conda:
        ENV
    params:
        version=version("detect"),
        backend=config["detector"]["backend"],
        model=config["detector"]["model"],
        file=detector_file(),
        given=GIVEN,
    message:
        "Looking up the detector"
    script:
        "../scripts/find_detector.py"


if DETECTOR.split:

    # One file of results for the whole survey is read once. What it says of a shard is then copied: old shards do not
    # notice (ancient) that it was read again for new pictures. Of other files or options they hear by detector.json:
    # Snakemake overlooks a job's own changed parameters while what is ancient to it is made again.
    rule split_detections:
        input:
            index=shards("index/{shard}.parquet"),
        output:
            matching=f"{RESULTS}/detections/split/matching.json",
            listed=f"{RESULTS}/detections/split/matching.csv",
            found=shards("detections/split/{shard}.json"),
        log:
            f"{RESULTS}/logs/split_detections.log",
        benchmark:
            f"{RESULTS}/benchmarks/split_detections.tsv"
        conda:
            ENV
        resources:
            mem_mb=memory(2000, 0.02),
            runtime=minutes(60),
        params:
            version=version("detect"),
            given=GIVEN,
        message:
            "Matching the detection results with the pictures"
        script:
            "../scripts/split_detections.py"

    rule detect:
        input:
            index=f"{RESULTS}/index/{{shard}}.parquet",
            detector=f"{RESULTS}/models/detector.json",
            matching=ancient(f"{RESULTS}/detections/split/matching.json"),
        output:
            json=f"{RESULTS}/detections/{{shard}}.json",
        log:
            f"{RESULTS}/logs/detect/{{shard}}.log",
        benchmark:
            f"{RESULTS}/benchmarks/detect/{{shard}}.tsv"
        conda:
            ENV
        resources:
            mem_mb=memory(500),
            runtime=minutes(10),
        params:
            version=version("detect"),
        message:
            "Taking the detections of {wildcards.shard}"
        script:
            "../scripts/take_detections.py"

else:

    rule detect:
        input:
            index=f"{RESULTS}/index/{{shard}}.parquet",
            detector=f"{RESULTS}/models/detector.json",
        output:
            json=f"{RESULTS}/detections/{{shard}}.json",
        log:
            f"{RESULTS}/logs/detect/{{shard}}.log",
        benchmark:
            f"{RESULTS}/benchmarks/detect/{{shard}}.tsv"
        conda:
            ENV
        threads: threads_of(DETECTOR.threads) if DETECTOR.needs_gpu else DETECTOR.threads
        resources:
            mem_mb=memory(6000),
            runtime=minutes(30, 0.2, SHARD_SIZE),
            gpu=gpus() if DETECTOR.needs_gpu else 0,
            batch_size=0,  # 0: what the device is best at
        params:
            version=version("detect"),
            options=result_options("detector"),
        message:
            "Finding animals in {wildcards.shard}"
        script:
            "../scripts/detect.py"
