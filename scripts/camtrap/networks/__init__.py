"""Weights, devices and the engines that compute a network; each stage brings its own network."""
