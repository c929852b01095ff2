# What people look at beside the report: the plane, representatives, contact sheets, figures, what the network sees.
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


rule figures:
    input:
        REDUCED,
        crops=f"{RESULTS}/tables/crops.parquet",
        clusters=f"{CLUSTERS}/clusters.parquet",
        projection=f"{CLUSTERS}/project.parquet",
        choice=f"{CLUSTERS}/choice.json",
    output:
        report(
            directory(f"{CLUSTERS}/figures"),
            patterns=["{figure}.svg"],
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
    log:
        f"{RESULTS}/logs/figures/{MODEL}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figures/{MODEL}.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(2000, 0.002),
        runtime=minutes(30),
    params:
        version=version("report"),
    message:
        "Drawing the figures"
    script:
        "../scripts/figures.py"


# What the network sees: `snakemake --cores 1 preview`, or `--config 'preview={pictures: [card1/A/IMG_0001.JPG]}'`.
rule preview:
    input:
        images=f"{RESULTS}/tables/images.parquet",
        crops=f"{RESULTS}/tables/crops.parquet",
        embedder=f"{RESULTS}/models/{MODEL}.json",
    output:
        report(
            f"{RESULTS}/preview/{MODEL}.png",
            caption="../report/preview.rst",
            category="Figures",
            labels={"figure": "preview of preprocessing"},
        ),
    log:
        f"{RESULTS}/logs/preview.log",
    benchmark:
        f"{RESULTS}/benchmarks/preview.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(2000, 0.002),
        runtime=minutes(20),
    params:
        version=version("report"),
        options=config["preview"],
        crop=result_options("crop"),
        seed=config["seed"],
    message:
        "Drawing what the network sees"
    script:
        "../scripts/preview.py"
