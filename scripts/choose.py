from pathlib import Path

from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.cluster.choose import choose
    from camtrap.cluster.nuisance import nuisance
    from camtrap.cluster.reduced import Reduced
    from camtrap.review import DECISIONS, folder_of

    reduced, known = Path(snakemake.input[0]).parent, None
    settings, seed = snakemake.config["cluster"], snakemake.config["seed"]
    # Decisions are not an input: new ones change labels (rule label), and clusters only when they are made anew for another reason.
    folder = folder_of(snakemake.config["results"], snakemake.config["review"]["folder"])
    if settings["mode"] == "assign" and (folder / DECISIONS).exists():
        from camtrap.review.known import known_groups

        known = known_groups(folder, Reduced(reduced).ids("crop_id")["crop_id"].combine_chunks())
    choose(
        reduced,
        snakemake.input.neighbours,
        snakemake.input.sweeps,
        snakemake.input.methods,
        snakemake.output.choice,
        snakemake.output.clusters,
        snakemake.params.options,
        known,
        settings,
        seed,
    )
    nuisance(snakemake.output.clusters, reduced, snakemake.output.nuisance)
