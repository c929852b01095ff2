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
        crop=config["crop"],
        seed=config["seed"],
    message:
        "Drawing what the network sees"
    script:
        "../scripts/preview.py"
