"""Where each figure stands in the page, and what is said below it (``report/figure.rst`` says the same to Snakemake)."""

import re
from pathlib import Path

from camtrap.report import thumbnails

# Words in the file's name, section (None: not in the page), caption; the first that fits.
KINDS = [
    (
        ("sweep",),
        "choice",
        "Scores over the number of clusters. The arrows say which direction is better; the mark shows what was chosen.",
    ),
    (
        ("stability", "average"),
        "choice",
        "Each cut of the tree: its silhouette, and how well trees of resampled bursts agree. The mark shows the cut that was taken.",
    ),
    (
        ("stability", "consensus"),
        "choice",
        "Each cut of the tree: its silhouette, and how well trees of resampled bursts agree. The mark shows the cut that was taken.",
    ),
    (
        ("stability",),
        "choice",
        "How well fits on resampled bursts agree, over the resolutions. A plateau is a good sign.",
    ),
    (
        ("silhouette",),
        "choice",
        "Silhouette of each crop, by cluster. A crop with a long bar fits; one below zero is nearer to another cluster.",
    ),
    (("hours",), None, "The hours of each cluster are shown beside its pictures."),
    (
        ("tsne", "cluster"),
        "maps",
        "t-SNE: points that are near each other look alike to the network. The numbers are the clusters.",
    ),
    (("umap", "cluster"), "maps", "UMAP, another view of the same crops. The numbers are the clusters."),
    (("tsne", "station"), "maps", "t-SNE by station: a patch of one colour may be a background, not a species."),
    (("umap", "station"), "maps", "UMAP by station."),
    (("tsne", "night"), "maps", "t-SNE by night (infrared) and day (colour)."),
    (("umap", "night"), "maps", "UMAP by night (infrared) and day (colour)."),
    (("tsne",), "maps", "t-SNE: points that are near each other look alike to the network."),
    (("umap",), "maps", "UMAP: points that are near each other look alike to the network."),
    ((), "choice", ""),
]


def arrange(paths: list[Path]) -> dict[str, list[dict]]:
    """Figures by section (``choice``, ``maps``), each with uri, width, height, caption, id; in the order of :data:`KINDS`."""
    found: dict[str, list[dict]] = {"choice": [], "maps": []}
    for path in sorted(paths, key=lambda path: (_kind(path), path.name)):
        _, section, caption = KINDS[_kind(path)]
        if section:
            text = caption or path.stem.replace("_", " ").capitalize() + "."
            found[section].append(
                {**thumbnails.figure(path), "caption": text, "id": f"figure-{len(found[section])}-{section}"}
            )
    return found


def _kind(path: Path) -> int:
    words = re.split(r"[^a-z]+", path.stem.lower().replace("t-sne", "tsne"))
    return next(i for i, (needed, *_) in enumerate(KINDS) if set(needed) <= set(words))
