"""Defaults of the clustering settings, and their completion. The config's schema states the same defaults."""

DEFAULTS: dict[str, dict] = {
    "reduce": {
        "space": "pca",  # pca: L2, PCA, L2; raw: the embeddings as they are (the notebooks' way)
        "dims": 64,
        "whiten": False,
        "centre": "all",  # all, or mode: subtract the mean of infrared and of colour crops apart
        "unit": "burst",  # burst or crop
        "prototype": "mean",  # mean or medoid
        "agreement": 0.5,  # cosine in the reduced space above which crops of a burst are one unit
        "pca_sample": 40_000,  # crops; above it the covariance is that of a sample
    },
    "neighbours": {
        "k": 15,
        "exact_up_to": 100_000,  # units; above it an inverted file is searched instead of all pairs
        "probes": 32,  # cells of the inverted file that are searched
    },
    "kmeans": {
        "implementation": "faiss",  # faiss, or sklearn: KMeans(k, random_state=seed) on the vectors, as the notebooks
        "spherical": False,
        "restarts": 5,
        "iterations": 50,
        "sample": 100_000,  # units; above it the centres are fitted on a sample
        "restart_sample": 20_000,  # units; above it the restarts compete on a sample and the best goes on
        "silhouette_sample": 10_000,  # units; above it the silhouette is that of a stratified sample
        "stability_fits": 2,  # fits on resampled bursts; 0: none
        "stability_sample": 20_000,
    },
    "gmm": {
        "implementation": "numpy",  # numpy, or sklearn: GaussianMixture(k, random_state=seed)
        "covariance": "tied",  # full, tied, diag, spherical
        "restarts": 5,
        "iterations": 100,
        "tolerance": 1e-3,
        "regularisation": 1e-5,
        "sample": 20_000,  # units; above it the mixture is fitted on a sample and the rest assigned
        "silhouette_sample": 10_000,
        "stability_fits": 0,
        "stability_sample": 20_000,
    },
    "average": {
        "smooth": 2,  # how often each unit moves to the mean of itself and its neighbours
        "own_weight": 0.5,  # of itself in that mean; the neighbours together weigh 1
        "evidence": 0.5,  # weight of the partitions' agreement beside the cosine
        "partitions": 72,  # K-Means fits whose agreement is gathered
        "root_max": 80,  # their k runs from half to twice the root of the units, of at most this
        "resolutions": [0.5, 1.0, 2.0, 4.0],  # of Leiden communities, gathered too
        "runs": 6,  # of each
        "k_max": 120,
        "min_units": 2,  # smaller branches are noise
        "tolerance": 0.01,  # of cuts that come so near to the best score the finest is taken
        "shrinkage": 0.5,  # of the covariance within clusters, when the borders are settled
        "exact_up_to": 4_000,  # units; above it the tree's leaves are groups of units
        "groups": 2_000,
        "silhouette_sample": 5_000,
        "resamples": 3,  # trees of resampled units, for the stability
        "resample_groups": 2_000,
    },
    "leiden": {
        "resolutions": [0.25, 0.5, 1.0, 2.0, 4.0, 8.0],
        "runs": 3,
        "min_units": 2,  # smaller clusters are noise
    },
    "hdbscan": {"components": 10, "neighbours": 15, "min_units": 5, "min_samples": 2, "sample": 50_000},
    "ward": {"max_units": 10_000},
    "spherical": {"k": 30},
    "choose": {
        "primary": "auto",  # auto, or a method's name
        "criterion": "auto",  # of the sweeps' k: auto, silhouette, bic, icl, stability
        "coarse": 0.5,  # the coarser layer's number of clusters, of the primary's
        "fine": 2.0,
    },
    "project": {
        "methods": ["tsne", "umap"],
        "perplexity": 30,
        "iterations": 750,
        "sample": 10_000,  # crops; above it the rest is placed among a sample
        "umap_neighbours": 15,
        "umap_min_dist": 0.1,
    },
    "represent": {"nearest": 12, "spread": 12, "outliers": 6},
}


def fill(section: str, params: dict | None) -> dict:
    """Return the section's settings, the defaults where ``params`` has none.

    Raises
    ------
    ValueError
        On a key that the section does not know.
    """
    params = dict(params or {})
    unknown = sorted(set(params) - set(DEFAULTS[section]))
    if unknown:
        raise ValueError(f"cluster.{section}: unknown setting {unknown[0]!r} (known: {', '.join(DEFAULTS[section])})")
    return {**DEFAULTS[section], **params}
