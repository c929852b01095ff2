# What people look at: figures, pictures in folders, a copy of the groups. Which are made is configuration; each is a rule.


# Drawn before the report, which shows them first.
rule export_figures:
    input:
        **{name: file for name, file in TOLD.items() if name != "detections"},
    output:
        report(
            directory(f"{EXPORT}/figures"),
            patterns=["{figure}.svg"],
            caption="../report/figure.rst",
            category="What was seen",
            labels={"figure": "{figure}"},
        ),
    log:
        f"{RESULTS}/logs/export_figures.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_figures.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1500, 0.003),
        runtime=minutes(20),
    params:
        **KNOWN,
        **SPECIES,
        version=version("export"),
        model=MODEL,
    message:
        "Drawing what was seen"
    script:
        "../scripts/export_figures.py"


rule export_folders:
    input:
        **TOLD,
        files=shards("crops/{shard}.parquet"),
    output:
        directory(f"{EXPORT}/folders"),
    log:
        f"{RESULTS}/logs/export_folders.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_folders.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1000, 0.003),
        runtime=minutes(60),
    params:
        **KNOWN,
        **PRIVATE,
        version=version("export"),
        model=MODEL,
        mode=config["export"]["folders"],
        holds=config["export"]["folder_content"],
    message:
        "Filling one folder per cluster"
    script:
        "../scripts/export_folders.py"


rule export_pictures:
    input:
        **TOLD,
    output:
        directory(f"{EXPORT}/pictures"),
    log:
        f"{RESULTS}/logs/export_pictures.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_pictures.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1500, 0.003),
        runtime=minutes(60, 0.002),
    params:
        **KNOWN,
        **PRIVATE,
        version=version("export"),
        model=MODEL,
        mode=config["export"]["pictures"],
        also=config["export"]["pictures_also"],
        keywords=config["export"]["keywords"] and config["export"]["pictures"] == "copy",
    message:
        "Filling folders by species and station"
    script:
        "../scripts/export_pictures.py"


rule export_explorer:
    input:
        **TOLD,
        plane=f"{CLUSTERS}/project.parquet",
        thumbs=shards("thumbs/{shard}.bin"),
    output:
        directory(f"{EXPORT}/explorer"),
    log:
        f"{RESULTS}/logs/export_explorer.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_explorer.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1500, 0.002),
        runtime=minutes(60),
    params:
        **PEOPLE,
        version=version("export"),
        title=config["report"]["title"],
    message:
        "Writing the read-only copy of the page"
    script:
        "../scripts/export_explorer.py"
