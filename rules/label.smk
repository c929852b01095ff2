# What the experts decided (camtrap.review), as one table. Only where there are decisions; without them there is no such rule.
if DECIDED:

    rule label:
        input:
            decisions=f"{REVIEW}/decisions.jsonl",
            crops=f"{RESULTS}/tables/crops.parquet",
            clusters=f"{CLUSTERS}/clusters.parquet",
            choice=f"{CLUSTERS}/choice.json",
        output:
            table=f"{RESULTS}/tables/labels.parquet",
            info=f"{RESULTS}/tables/labels.json",
        log:
            f"{RESULTS}/logs/label.log",
        benchmark:
            f"{RESULTS}/benchmarks/label.tsv"
        conda:
            ENV
        resources:
            mem_mb=memory(1000, 0.003),
            runtime=minutes(20),
        params:
            version=version("export"),
        message:
            "Giving each crop the label that was decided"
        script:
            "../scripts/label.py"


# The table of labels, as an input of those who read it.
LABELS = {"labels": f"{RESULTS}/tables/labels.parquet"} if DECIDED else {}
LABEL_INFO = {"label_info": f"{RESULTS}/tables/labels.json"} if DECIDED else {}


# Small pictures for the page of the experts: of a large survey now, of a small one when the page is opened.
rule thumbs:
    input:
        f"{RESULTS}/crops/{{shard}}.parquet",
    output:
        f"{RESULTS}/thumbs/{{shard}}.bin",
    log:
        f"{RESULTS}/logs/thumbs/{{shard}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/thumbs/{{shard}}.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1000),
        runtime=minutes(15, 0.01, SHARD_SIZE),
    message:
        "Small pictures of {wildcards.shard}"
    script:
        "../scripts/thumbs.py"
