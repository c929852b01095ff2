"""Clustering: reduce, neighbours, sweep over k, methods that need no k, choice, nuisance.

Steps, each one function with paths in, one result out, a settings dict and a seed:

========================================  ==================================================================
`reduce.reduce`                           embeddings → L2, PCA, L2; bursts → units
`neighbours.neighbours`                   the kNN graph of the units
`sweep.fit_kmeans`, `sweep.fit_gmm`       one k of a sweep
`methods.registry.fit_primary`            one method of the registry (Leiden, HDBSCAN, Ward, …)
`choose.choose`                           all of them → choice.json, clusters.parquet
`nuisance.nuisance`                       how much of the clustering is station, infrared, camera, card
========================================  ==================================================================

The labels are of *units* (bursts whose crops agree, or crops) until `choose` carries them to the crops.
"""
