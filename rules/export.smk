# What other tools read, as tables and packages. Which exports are made is configuration; each is a rule.


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


# What all exports read: a crop's own name, or that of its cluster; and who is in a picture (export.people).
TOLD = {
    **LABELS,
    **LABEL_INFO,
    "images": f"{RESULTS}/tables/images.parquet",
    "crops": f"{RESULTS}/tables/crops.parquet",
    "clusters": f"{CLUSTERS}/clusters.parquet",
    "names": f"{CLUSTERS}/names.json",
    "detections": shards("detections/{shard}.json"),
}
# What only the user knows of species, stations and clocks; files count by their content.
SPECIES = {
    "species": config["export"]["species"],
    "listed": content(config["export"]["species"]),
}
KNOWN = {
    "timezone": config["export"]["timezone"],
    "stations": config["metadata"]["stations"],
    "content": content(config["metadata"]["stations"]),
}
# What is told of people and places. The list of species says which names are people's, too.
PEOPLE = {
    **SPECIES,
    "people": config["export"]["people"],
    "threshold": config["crop"]["threshold"],
}
PRIVATE = PEOPLE | {"decimals": config["export"]["decimals"]}


rule export_csv:
    input:
        **TOLD,
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
        **PEOPLE,
        version=version("export"),
        model=MODEL,
    message:
        "Writing the table of crops"
    script:
        "../scripts/export_csv.py"


rule export_megadetector:
    input:
        **TOLD,
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
        **PEOPLE,
        version=version("export"),
        model=MODEL,
    message:
        "Writing the clusters as MegaDetector results (Timelapse)"
    script:
        "../scripts/export_megadetector.py"


rule export_yasuni:
    input:
        **TOLD,
        index=shards("index/{shard}.parquet"),
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
        **PRIVATE,
        version=version("export"),
        model=MODEL,
    message:
        "Writing the notebooks' records"
    script:
        "../scripts/export_yasuni.py"


rule export_camtrap_dp:
    input:
        **TOLD,
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
        **PRIVATE,
        version=version("export"),
        level=config["export"]["camtrap_dp"],
        about=config["export"]["about"],
        detector=config["detector"]["backend"],
    message:
        "Writing a Camtrap DP"
    script:
        "../scripts/export_camtrap_dp.py"


rule export_r_tables:
    input:
        **TOLD,
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
        **PRIVATE,
        version=version("export"),
        occasion_days=config["export"]["occasion_days"],
    message:
        "Writing tables for R"
    script:
        "../scripts/export_r_tables.py"


rule export_darwin_core:
    input:
        **TOLD,
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
        **PRIVATE,
        version=version("export"),
        about=config["export"]["about"],
    message:
        "Writing Darwin Core occurrences"
    script:
        "../scripts/export_darwin_core.py"


rule export_tables:
    input:
        **TOLD,
        failures=f"{RESULTS}/tables/failures.csv",
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


# Classes that came in with the detections (detector.backend: json).
rule export_suggestions:
    input:
        **TOLD,
        representatives=f"{CLUSTERS}/representatives.parquet",
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
        **PEOPLE,
        version=version("export"),
        model=MODEL,
    message:
        "Asking what other classifiers call the clusters"
    script:
        "../scripts/export_suggestions.py"
