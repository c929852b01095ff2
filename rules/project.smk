rule project:
    input:
        REDUCED,
    output:
        table=f"{CLUSTERS}/project.parquet",
        info=f"{CLUSTERS}/project.json",
    log:
        f"{RESULTS}/logs/project/{MODEL}.log",
    benchmark:
        f"{RESULTS}/benchmarks/project/{MODEL}.tsv"
    conda:
        ENV
    threads: 4
    resources:
        mem_mb=memory(2000, 0.003),
        runtime=minutes(60),
    params:
        version=version("project"),
        options=config["cluster"]["project"],
        seed=config["seed"],
    message:
        "Placing the crops in the plane (t-SNE, UMAP)"
    script:
        "../scripts/project.py"


rule represent:
    input:
        REDUCED,
        clusters=f"{CLUSTERS}/clusters.parquet",
    output:
        f"{CLUSTERS}/representatives.parquet",
    log:
        f"{RESULTS}/logs/represent/{MODEL}.log",
    benchmark:
        f"{RESULTS}/benchmarks/represent/{MODEL}.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1500, 0.002),
        runtime=minutes(20),
    params:
        version=version("represent"),
        options=config["cluster"]["represent"],
    message:
        "Choosing crops that show each cluster"
    script:
        "../scripts/represent.py"


rule sheets:
    input:
        representatives=f"{CLUSTERS}/representatives.parquet",
        table=f"{RESULTS}/tables/crops.parquet",
        crops=shards("crops/{shard}.parquet"),
    output:
        report(
            directory(f"{CLUSTERS}/sheets"),
            patterns=["cluster_{cluster}.jpg"],
            caption="../report/sheet.rst",
            category="Clusters",
            labels={"cluster": "{cluster}"},
        ),
    log:
        f"{RESULTS}/logs/sheets/{MODEL}.log",
    benchmark:
        f"{RESULTS}/benchmarks/sheets/{MODEL}.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1500),
        runtime=minutes(20),
    params:
        version=version("represent"),
    message:
        "Drawing the contact sheets"
    script:
        "../scripts/sheets.py"
