"""Clustering: reduce, neighbours, sweep over k, methods that need no k, choice, nuisance.

Steps. Each is one function: paths in, one result out, a settings dict, and a seed where there is chance.

========================================  ==================================================================
`reduce.reduce`                           embeddings → L2, PCA, L2; bursts → units (`reduced` reads them)
`neighbours.neighbours`                   the kNN graph of the units
`fit.fit_sweep`                           one k of a sweep (K-Means, Gaussian mixture)
`fit.fit_method`                          one method that needs no k (Leiden, HDBSCAN, Ward, …)
`choose.choose`                           all of them → choice.json, clusters.parquet
`nuisance.nuisance`                       how much of the clustering is station, infrared, camera, card
========================================  ==================================================================

`methods.registry` lists the clusterers. The labels are of *units* (bursts whose crops agree, or crops) until `choose` carries
them to the crops.
"""
