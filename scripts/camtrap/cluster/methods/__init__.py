"""Methods that need no number of clusters: a file each, a line each in the registry."""
