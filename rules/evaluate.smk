# Compare the clusters with labels, where there are any; and how much of them is chance, in any case.
rule seeds:
    input:
        REDUCED,
        neighbours=f"{CLUSTERS}/neighbours.npz",
        choice=f"{CLUSTERS}/choice.json",
    output:
        f"{CLUSTERS}/seeds.parquet",
    log:
        f"{RESULTS}/logs/seeds/{MODEL}.log",
    benchmark:
        f"{RESULTS}/benchmarks/seeds/{MODEL}.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(2000, 0.003),
        runtime=minutes(60),
    params:
        version=version("evaluate"),
        n_seeds=config["evaluate"]["seeds"],
        seed=config["seed"],
    message:
        "Clustering again with other seeds"
    script:
        "../scripts/seeds.py"


rule evaluate:
    input:
        clusters=f"{CLUSTERS}/clusters.parquet",
        seeds=f"{CLUSTERS}/seeds.parquet",
        crops=f"{RESULTS}/tables/crops.parquet",
        images=f"{RESULTS}/tables/images.parquet",
    output:
        f"{CLUSTERS}/evaluation/evaluation.json",
        f"{CLUSTERS}/evaluation/confusion.parquet",
        f"{CLUSTERS}/evaluation/confusion.csv",
        f"{CLUSTERS}/evaluation/species.csv",
        f"{CLUSTERS}/evaluation/truth_problems.csv",
    log:
        f"{RESULTS}/logs/evaluate/{MODEL}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate/{MODEL}.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(2000, 0.003),
        runtime=minutes(30),
    params:
        version=version("evaluate"),
        options=result_options("evaluate"),
        truth=content(config["evaluate"]["truth"]),
        seed=config["seed"],
    message:
        "Comparing the clusters with the labels"
    script:
        "../scripts/evaluate.py"
