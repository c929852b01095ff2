# The report shows the figures of what was seen, unless they are turned off; and who decided what, where somebody did.
SEEN = {"seen": f"{EXPORT}/figures"} if config["export"]["figures"] else {}


rule report:
    input:
        **SEEN,
        **LABELS,
        **LABEL_INFO,
        images=f"{RESULTS}/tables/images.parquet",
        crops_table=f"{RESULTS}/tables/crops.parquet",
        counts=f"{RESULTS}/tables/counts.json",
        failures=f"{RESULTS}/tables/failures.csv",
        crops=shards("crops/{shard}.parquet"),
        info=f"{CLUSTERS}/reduced/info.json",
        choice=f"{CLUSTERS}/choice.json",
        clusters=f"{CLUSTERS}/clusters.parquet",
        nuisance=f"{CLUSTERS}/nuisance.json",
        projection=f"{CLUSTERS}/project.json",
        plane=f"{CLUSTERS}/project.parquet",
        representatives=f"{CLUSTERS}/representatives.parquet",
        sheets=f"{CLUSTERS}/sheets",
        evaluation=f"{CLUSTERS}/evaluation/evaluation.json",
        confusion=f"{CLUSTERS}/evaluation/confusion.parquet",
        figures=f"{CLUSTERS}/figures",
        names=f"{CLUSTERS}/names.json",
        embedder=f"{RESULTS}/models/{MODEL}.json",
        detector=f"{RESULTS}/models/detector.json",
        matching=[f"{RESULTS}/detections/split/matching.json"] if DETECTOR.split else [],
    output:
        html=report(
            f"{RESULTS}/report/report.html",
            caption="../report/page.rst",
            category="Report",
            labels={"page": "the survey's report"},
        ),
        summary=f"{RESULTS}/report/summary.json",
    log:
        f"{RESULTS}/logs/report.log",
    benchmark:
        f"{RESULTS}/benchmarks/report.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(2000, 0.002),
        runtime=minutes(30),
    params:
        version=version("report"),
        model=MODEL,
        config=result_config(),
    message:
        "Writing the report"
    script:
        "../scripts/report.py"
