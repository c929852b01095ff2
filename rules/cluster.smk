# From embeddings to clusters: one space, sweeps over k (one job each), methods that need no k, and the choice.
from camtrap.cluster import reduced

REDUCED = [f"{CLUSTERS}/reduced/{name}" for name in reduced.FILES]


rule reduce:
    input:
        embeddings=shards(f"embeddings/{MODEL}/{{shard}}.parquet"),
        crops=f"{RESULTS}/tables/crops.parquet",
    output:
        REDUCED,
    log:
        f"{RESULTS}/logs/reduce/{MODEL}.log",
    benchmark:
        f"{RESULTS}/benchmarks/reduce/{MODEL}.tsv"
    conda:
        ENV
    threads: 4
    resources:
        mem_mb=memory(2000, 0.003),
        runtime=minutes(30),
    params:
        version=version("reduce"),
        options=config["cluster"]["reduce"],
        # Not used. Without it Snakemake would take the surveys of before for changed.
        seed=config["seed"],
    message:
        f"Reducing the embeddings of {MODEL}"
    script:
        "../scripts/reduce.py"


rule neighbours:
    input:
        REDUCED,
    output:
        f"{CLUSTERS}/neighbours.npz",
    log:
        f"{RESULTS}/logs/neighbours/{MODEL}.log",
    benchmark:
        f"{RESULTS}/benchmarks/neighbours/{MODEL}.tsv"
    conda:
        ENV
    threads: of_many(4)
    resources:
        mem_mb=memory(2000, 0.003),
        runtime=minutes(30),
    params:
        version=version("cluster"),
        options=config["cluster"]["neighbours"],
        seed=config["seed"],
    message:
        "Finding each crop's nearest neighbours"
    script:
        "../scripts/neighbours.py"


rule cluster_sweep:
    input:
        REDUCED,
    output:
        [f"{CLUSTERS}/sweep/{{sweep}}_{k}.npz" for k in ks()],
    log:
        f"{RESULTS}/logs/cluster_sweep/{MODEL}/{{sweep}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/cluster_sweep/{MODEL}/{{sweep}}.tsv"
    conda:
        ENV
    threads: of_many(4)
    resources:
        mem_mb=memory(1000, 0.002, per_thread=500),
        runtime=minutes(60),
    params:
        version=version("cluster"),
        options=lambda wildcards: config["cluster"][wildcards.sweep],
        seed=config["seed"],
    message:
        f"Clustering by {{wildcards.sweep}} into {config['cluster']['k']}"
    script:
        "../scripts/cluster_sweep.py"


rule cluster_method:
    input:
        REDUCED,
        neighbours=f"{CLUSTERS}/neighbours.npz",
    output:
        f"{CLUSTERS}/methods/{{method}}.npz",
    log:
        f"{RESULTS}/logs/cluster_method/{MODEL}/{{method}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/cluster_method/{MODEL}/{{method}}.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(2000, 0.005),
        runtime=minutes(60),
    params:
        version=version("cluster"),
        options=lambda wildcards: config["cluster"][wildcards.method],
        seed=config["seed"],
    message:
        "Clustering by {wildcards.method}"
    script:
        "../scripts/cluster_method.py"


rule choose:
    input:
        REDUCED,
        neighbours=f"{CLUSTERS}/neighbours.npz",
        sweeps=[
            f"{CLUSTERS}/sweep/{sweep}_{k}.npz"
            for sweep in config["cluster"]["sweeps"]
            for k in ks()
        ],
        methods=[
            f"{CLUSTERS}/methods/{method}.npz"
            for method in config["cluster"]["methods"]
        ],
    output:
        choice=f"{CLUSTERS}/choice.json",
        clusters=f"{CLUSTERS}/clusters.parquet",
        nuisance=f"{CLUSTERS}/nuisance.json",
    log:
        f"{RESULTS}/logs/choose/{MODEL}.log",
    benchmark:
        f"{RESULTS}/benchmarks/choose/{MODEL}.tsv"
    conda:
        ENV
    resources:
        mem_mb=memory(2000, 0.003),
        runtime=minutes(30),
    params:
        **result_mode(),
        version=version("cluster"),
        options=config["cluster"]["choose"],
        seed=config["seed"],  # as in rule reduce
    message:
        "Choosing the number of clusters"
    script:
        "../scripts/choose.py"
