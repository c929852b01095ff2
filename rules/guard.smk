# What these results were made with is compared with what is asked for now, before the first job: what takes days is made
# again only where the user says so (plan.redo). See camtrap.plan.settings.


def weights(section):
    """Weights by their hash, or by the model's name where they are downloaded."""
    return content(config[section]["weights"]) or config[section]["model"]


def settings_now():
    """Of each stage what its results depend on."""
    detect = {"detector": result_options("detector")}
    if DETECTOR.find:
        detect["weights"] = weights("detector")
    stages = {
        "index": {"metadata": result_options("metadata")},
        "detect": detect,
        "crop": {"crop": result_options("crop")},
        "embed": {"embed": result_options("embed"), "weights": weights("embed")},
        "collect": {
            "collect": result_options("collect"),
            "stations": content(config["metadata"]["stations"]),
        },
        "cluster": {"cluster": result_options("cluster"), "seed": config["seed"]},
    }
    of_model = {"embed", "cluster"}
    return {
        f"{stage}/{MODEL}" if stage in of_model else stage: settings
        | {"version": version(stage)}
        for stage, settings in stages.items()
    }


def with_gpus():
    """The rules whose jobs have a GPU."""
    if OFFERED_GPUS is None:
        return {rule for rule in ("detect", "embed") if "gpu" in asked_of(rule)}
    return {"detect", "embed"} if OFFERED_GPUS else set()


def left(folder, ending, stages):
    """Whether there are shards without a file in this folder, or with one of other settings of these stages."""
    changed = {change.stage for change in CHANGED}
    made = (f"{RESULTS}/{folder}/{shard}{ending}" for shard in SHARDS)
    return bool(changed & set(stages)) or not all(map(os.path.exists, made))


# The smallest input of each stage's jobs: new, it makes them run where Snakemake has no record (results that were copied).
INPUTS = {
    "index": [f"{RESULTS}/plan/manifests/{shard}.tsv" for shard in SHARDS],
    "detect": [f"{RESULTS}/models/detector.json"],
    "crop": [f"{RESULTS}/detections/{shard}.json" for shard in SHARDS],
    "embed": [f"{RESULTS}/models/{MODEL}.json"],
    "collect": [PLAN.removed],
    "cluster": [f"{CLUSTERS}/reduced/info.json"],
}


# New, they make all shards run again: a copy of each is kept, should it be deleted or damaged.
LOOKED_UP = [f"{RESULTS}/models/{name}.json" for name in ("detector", MODEL)]

if MAIN and not is_linting():
    import atexit

    from camtrap.core import checksums
    from camtrap.config.complete import default_of
    from camtrap.plan.settings import PER_SHARD, Made, refuse
    from camtrap.stages import SOFTWARE_VERSION

    try:
        MADE = Made.read(RESULTS, MODEL)
        NOW = settings_now()
        CHANGED = MADE.compare(NOW, default_of)
        refuse(CHANGED, listed(config["plan"]["redo"]))
        # Else the first job that describes crops would say no, with all pictures detected.
        checks.refuse_engines(
            config,
            {"detect": left("detections", ".json", ["index", "detect"])}
            | {"embed": left(f"embeddings/{MODEL}", ".parquet", PER_SHARD)},
            with_gpus(),
        )
    except UserError as error:
        raise WorkflowError(str(error)) from None
    for file in LOOKED_UP:
        checksums.restore(Path(RESULTS), Path(file))
    LOOKUPS = {
        name: Lookup(file)
        for name, file in zip(["find_detector", "find_embedder"], LOOKED_UP)
    }
    if not MADE.path.exists() and Path(RESULTS, "plan", "index.tsv").exists():
        prepare.say(
            "these results have no settings.json, as those of an early version: what is not configured is as it was then"
        )
    for line in about.unseen_people(config["export"]) if DETECTOR.compares else ():
        prepare.say(line)
    for change in CHANGED:
        prepare.say(f"made again: {change.line}")
    MADE.touch([change.stage for change in CHANGED], INPUTS)
    atexit.register(MADE.restore)  # where nothing was run

    EVALUATION = f"{CLUSTERS}/evaluation"
    ADDED = ["confusion.parquet", "confusion.csv", "species.csv", "truth_problems.csv"]
    adopt_records(
        f"{EVALUATION}/evaluation.json", [f"{EVALUATION}/{name}" for name in ADDED]
    )
    SPLIT = f"{RESULTS}/detections/split"
    adopt_records(
        f"{SPLIT}/matching.json",
        [f"{SPLIT}/matching.csv", *shards("detections/split/{shard}.json")],
    )


def record_settings():
    """Called when a run begins: from here on the results are made with these settings."""
    MADE.write(NOW, SOFTWARE_VERSION)


def record_places():
    """Called when a run begins: where the pictures lie, for those who look at the results (camtrap.review)."""
    from camtrap.core.files import write_json

    images = config["images"]
    if isinstance(images, dict):
        images = {str(name): os.path.abspath(path) for name, path in images.items()}
    else:
        images = os.path.abspath(images)
    write_json(f"{RESULTS}/plan/places.json", {"images": images})


def keep_lookups():
    """Called when a run begins and ends."""
    from camtrap.core import checksums

    for file in LOOKED_UP:
        checksums.keep(Path(RESULTS), Path(file))


def put_back_lookups():
    """Called when a run fails: a look-up that failed leaves what it found before, and the settings that go with it."""
    of_embedder = [f"embed/{MODEL}", f"cluster/{MODEL}"]
    stages = {
        "find_detector": ["detect", "crop", "collect", *of_embedder],
        "find_embedder": of_embedder,
    }
    for name in {name for name, _ in jobs_to_run()} & LOOKUPS.keys():
        if LOOKUPS[name].put_back():
            MADE.put_back(stages[name])
    keep_lookups()


def once_made(paths):
    """Of outputs that are new in this version, those that this survey made (an older one does not run for them)."""
    sums = f"{RESULTS}/checksums"
    return [
        path
        for path in map(str, paths)
        if os.path.exists(f"{sums}/{os.path.relpath(path, RESULTS)}.json")
    ]


def documented():
    """All results, also those between. What is missing is made again, though the report may be there."""
    per_shard = [
        *shards("index/{shard}.parquet"),
        *shards("detections/{shard}.json"),
        *shards("crops/{shard}.parquet"),
        *shards(f"embeddings/{MODEL}/{{shard}}.parquet"),
    ]
    if PLAN.n_pictures > 10_000:
        per_shard += shards("thumbs/{shard}.bin")
    tables = ["images.parquet", "crops.parquet", "failures.csv", "counts.json"]
    clusters = [
        *("neighbours.npz", "choice.json", "clusters.parquet", "nuisance.json"),
        *("project.parquet", "project.json", "representatives.parquet", "names.json"),
        *("seeds.parquet", "evaluation/evaluation.json", "sheets", "figures"),
    ]
    return [
        *per_shard,
        *(f"{RESULTS}/tables/{name}" for name in tables),
        *REDUCED,
        *rules.choose.input.sweeps,
        *rules.choose.input.methods,
        *(f"{CLUSTERS}/{name}" for name in clusters),
        *once_made(rules.evaluate.output),
        *once_made(f"{EXPORT}/{name}" for name in beside(config["export"])),
        *LABELS.values(),
        *LABEL_INFO.values(),
        f"{RESULTS}/report/summary.json",
    ]


def say_what_came_of_it():
    """The end of a run that did all it should. A survey without a crop is not a success."""
    from camtrap.export.outdated import put_aside
    from camtrap.report.closing import closing

    keep_lookups()
    page = Path(RESULTS) / "report" / "report.html"
    sources = [Path(CLUSTERS) / "clusters.parquet", Path(CLUSTERS) / "names.json"]
    lines = put_aside(Path(EXPORT), config["export"], sources)
    if page.exists():
        told, threshold = config["export"], config["crop"]["threshold"]
        for_gbif = told["species"] and (
            told["darwin_core"] or told["camtrap_dp"] != "none"
        )
        lines += closing(Path(RESULTS), page, threshold, PLAN.passed(), bool(for_gbif))
    for line in lines:
        print(line, file=sys.stderr)
