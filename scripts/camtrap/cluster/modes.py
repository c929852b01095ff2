"""Whether infrared and colour are what a survey's crops differ in most: then their means are subtracted apart."""

import numpy as np

from camtrap.cluster.kmeans import every, kmeans
from camtrap.cluster.nuisance import ami
from camtrap.cluster.settings import fill

NIGHT_AND_DAY = 0.5  # from this on the two largest groups are infrared and colour, not animals


def night_and_day(vectors: np.ndarray, infrared: np.ndarray) -> float:
    """Return how far the two largest groups are infrared and colour: their adjusted mutual information, 0 to 1.

    The groups are those of K-Means with two centres. 0 where all crops are of one sort, or there are fewer than four.

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
    infrared : int array of shape (n,)
        0 or 1.
    """
    if len(vectors) < 4 or len(np.unique(infrared)) < 2:
        return 0.0
    rows = every(len(vectors), 10_000)
    pair = kmeans(vectors[rows], 2, fill("kmeans", {}), 0)[0]
    return max(ami(infrared[rows], pair)["ami"] or 0.0, 0.0)
