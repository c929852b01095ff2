# What other tools read. Which exports are made is configuration; each is a rule.


# A cluster is named by one of its crops. The table to fill in keeps the rows that have a name.
rule names:
    input:
        **LABELS,
        **LABEL_INFO,
        clusters=f"{CLUSTERS}/clusters.parquet",
        representatives=f"{CLUSTERS}/representatives.parquet",
    output:
        names=f"{CLUSTERS}/names.json",
        table=f"{EXPORT}/clusters.csv",
    log:
        f"{RESULTS}/logs/names.log",
    benchmark:
        f"{RESULTS}/benchmarks/names.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1000, 0.001),
        runtime=minutes(20),
    params:
        version=version("export"),
        model=MODEL,
        names=content(config["export"]["names"]),
    message:
        "Finding the named clusters"
    script:
        "../scripts/names.py"


rule export_csv:
    input:
        **LABELS,
        crops=f"{RESULTS}/tables/crops.parquet",
        clusters=f"{CLUSTERS}/clusters.parquet",
        names=f"{CLUSTERS}/names.json",
    output:
        f"{EXPORT}/crops.csv",
    log:
        f"{RESULTS}/logs/export_csv.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_csv.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1000, 0.003),
        runtime=minutes(20),
    params:
        version=version("export"),
        model=MODEL,
    message:
        "Writing the table of crops"
    script:
        "../scripts/export_csv.py"


rule export_megadetector:
    input:
        **LABELS,
        images=f"{RESULTS}/tables/images.parquet",
        crops=f"{RESULTS}/tables/crops.parquet",
        clusters=f"{CLUSTERS}/clusters.parquet",
        names=f"{CLUSTERS}/names.json",
        detections=shards("detections/{shard}.json"),
    output:
        f"{EXPORT}/megadetector.json",
    log:
        f"{RESULTS}/logs/export_megadetector.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_megadetector.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1000, 0.005),
        runtime=minutes(30),
    params:
        version=version("export"),
        model=MODEL,
        threshold=config["crop"]["threshold"],
    message:
        "Writing the clusters as MegaDetector results (Timelapse)"
    script:
        "../scripts/export_megadetector.py"


rule export_yasuni:
    input:
        images=f"{RESULTS}/tables/images.parquet",
        crops=f"{RESULTS}/tables/crops.parquet",
        index=shards("index/{shard}.parquet"),
        detections=shards("detections/{shard}.json"),
        embeddings=shards(f"embeddings/{MODEL}/{{shard}}.parquet"),
    output:
        records=f"{EXPORT}/yasuni.json",
        features=f"{EXPORT}/yasuni_features.jsonl",
    log:
        f"{RESULTS}/logs/export_yasuni.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_yasuni.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1000, 0.005),
        runtime=minutes(60),
    params:
        version=version("export"),
        model=MODEL,
    message:
        "Writing the notebooks' records"
    script:
        "../scripts/export_yasuni.py"


# What goes on to other software. Names come from the decisions only (tables/labels.parquet).
HANDED_OVER = {
    **LABELS,
    **LABEL_INFO,
    "images": f"{RESULTS}/tables/images.parquet",
    "crops": f"{RESULTS}/tables/crops.parquet",
}
# What only the user knows of stations, clocks and species; files count by their content.
KNOWN = {
    "species": config["export"]["species"],
    "timezone": config["export"]["timezone"],
    "stations": config["metadata"]["stations"],
    "content": [
        content(config["export"]["species"]),
        content(config["metadata"]["stations"]),
    ],
}

# What is told of people and places.
PRIVATE = {
    "people": config["export"]["people"],
    "decimals": config["export"]["decimals"],
    "threshold": config["crop"]["threshold"],
}


rule export_camtrap_dp:
    input:
        **HANDED_OVER,
        detections=shards("detections/{shard}.json"),
    output:
        directory(f"{EXPORT}/camtrap_dp"),
    log:
        f"{RESULTS}/logs/export_camtrap_dp.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_camtrap_dp.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1000, 0.002),
        runtime=minutes(30, 0.001),
    params:
        **KNOWN,
        version=version("export"),
        level=config["export"]["camtrap_dp"],
        about=config["export"]["about"],
        detector=config["detector"]["backend"],
        people=config["export"]["people"],
        decimals=config["export"]["decimals"],
        threshold=config["crop"]["threshold"],
    message:
        "Writing a Camtrap DP"
    script:
        "../scripts/export_camtrap_dp.py"


rule export_r_tables:
    input:
        **HANDED_OVER,
    output:
        directory(f"{EXPORT}/r"),
    log:
        f"{RESULTS}/logs/export_r_tables.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_r_tables.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1000, 0.002),
        runtime=minutes(30, 0.001),
    params:
        **KNOWN,
        version=version("export"),
        occasion_days=config["export"]["occasion_days"],
        decimals=config["export"]["decimals"],
    message:
        "Writing tables for R"
    script:
        "../scripts/export_r_tables.py"


rule export_explorer:
    input:
        **LABELS,
        crops=f"{RESULTS}/tables/crops.parquet",
        clusters=f"{CLUSTERS}/clusters.parquet",
        plane=f"{CLUSTERS}/project.parquet",
        names=f"{CLUSTERS}/names.json",
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
        version=version("export"),
        title=config["report"]["title"],
    message:
        "Writing the read-only copy of the page"
    script:
        "../scripts/export_explorer.py"


rule export_darwin_core:
    input:
        **HANDED_OVER,
    output:
        f"{EXPORT}/darwin_core.csv",
    log:
        f"{RESULTS}/logs/export_darwin_core.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_darwin_core.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1000, 0.001),
        runtime=minutes(30, 0.001),
    params:
        **KNOWN,
        version=version("export"),
        about=config["export"]["about"],
        decimals=config["export"]["decimals"],
    message:
        "Writing Darwin Core occurrences"
    script:
        "../scripts/export_darwin_core.py"


rule export_tables:
    input:
        **HANDED_OVER,
        clusters=f"{CLUSTERS}/clusters.parquet",
        names=f"{CLUSTERS}/names.json",
        failures=f"{RESULTS}/tables/failures.csv",
        detections=shards("detections/{shard}.json"),
    output:
        pictures=f"{EXPORT}/pictures.csv",
        species=f"{EXPORT}/species.csv",
        by_station=f"{EXPORT}/species_by_station.csv",
        lists=directory(f"{EXPORT}/lists"),
    log:
        f"{RESULTS}/logs/export_tables.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_tables.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1500, 0.004),
        runtime=minutes(30),
    params:
        **KNOWN,
        **PRIVATE,
        version=version("export"),
        model=MODEL,
    message:
        "Writing the tables of pictures and species"
    script:
        "../scripts/export_tables.py"


# Drawn before the report, which shows them first.
rule export_figures:
    input:
        **HANDED_OVER,
        clusters=f"{CLUSTERS}/clusters.parquet",
        names=f"{CLUSTERS}/names.json",
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
        version=version("export"),
        model=MODEL,
    message:
        "Drawing what was seen"
    script:
        "../scripts/export_figures.py"


# Classes that came in with the detections (detector.backend: json).
rule export_suggestions:
    input:
        images=f"{RESULTS}/tables/images.parquet",
        clusters=f"{CLUSTERS}/clusters.parquet",
        representatives=f"{CLUSTERS}/representatives.parquet",
        detections=shards("detections/{shard}.json"),
    output:
        f"{EXPORT}/suggestions.csv",
    log:
        f"{RESULTS}/logs/export_suggestions.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_suggestions.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(1000, 0.002),
        runtime=minutes(30),
    params:
        version=version("export"),
        model=MODEL,
    message:
        "Asking what other classifiers call the clusters"
    script:
        "../scripts/export_suggestions.py"


rule export_folders:
    input:
        **LABELS,
        **LABEL_INFO,
        crops=f"{RESULTS}/tables/crops.parquet",
        clusters=f"{CLUSTERS}/clusters.parquet",
        names=f"{CLUSTERS}/names.json",
        images=shards("crops/{shard}.parquet"),
        pictures=f"{RESULTS}/tables/images.parquet",
        detections=shards("detections/{shard}.json"),
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
        **HANDED_OVER,
        clusters=f"{CLUSTERS}/clusters.parquet",
        names=f"{CLUSTERS}/names.json",
        detections=shards("detections/{shard}.json"),
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
