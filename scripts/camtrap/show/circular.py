"""Times of the day are on a circle: midnight lies between 23:59 and 0:01. A smooth curve over them, as ecologists draw activity."""

import numpy as np
from scipy import optimize, special

__all__ = ["bandwidth", "density"]


def bandwidth(times: np.ndarray, moments: int = 3) -> float:
    """Concentration of the von Mises kernel that suits these times.

    Parameters
    ----------
    times : (n,) float
        Radians; 2 pi is a day.
    moments : int
        The largest concentration that one of the first moments gives is taken.

    Returns
    -------
    float
        Above 0. Zero where the times are spread evenly, so that any curve is flat.

    References
    ----------
    Ridout and Linkie 2009, "Estimating overlap of daily activity patterns from camera trap data", J. Agric. Biol. Environ.
    Stat. 14: 322-337 (``overlap::getBandWidth`` in R); the rule of Taylor 2008, Comput. Stat. Data Anal. 52: 3493-3500.
    """
    times = np.asarray(times, float)
    if not len(times):
        return 0.0
    kappa = max(_concentration(float(abs(np.exp(1j * k * times).mean())), k) for k in range(1, moments + 1))
    if kappa <= 0:
        return 0.0
    # exponentially scaled Bessel functions: the scales of numerator and denominator are equal
    ratio = special.ive(2, 2 * kappa) / special.ive(0, kappa) ** 2
    return float((3 * len(times) * kappa**2 * ratio / (4 * np.sqrt(np.pi))) ** 0.4)


def _concentration(moment: float, order: int, largest: float = 500.0) -> float:
    """The concentration of a von Mises distribution whose trigonometric moment of that order is this one."""
    if moment < 1e-9:
        return 0.0

    def beyond(kappa: float) -> float:
        return float(special.ive(order, kappa) / special.ive(0, kappa)) - moment

    return largest if beyond(largest) <= 0 else float(optimize.brentq(beyond, 0.0, largest))


def density(times: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Kernel density of times on the circle.

    Parameters
    ----------
    times : (n,) float
        Radians; n is 1 or more.
    at : (m,) float
        Where, in radians.

    Returns
    -------
    (m,) float
        Density per radian: its integral over the circle is 1.
    """
    times, at = np.asarray(times, float), np.asarray(at, float)
    kappa = bandwidth(times)
    total = np.zeros(len(at))
    for part in np.array_split(times, -(-len(times) // 10_000)):
        total += np.exp(kappa * (np.cos(at[:, None] - part) - 1)).sum(axis=1)
    return total / (len(times) * 2 * np.pi * special.ive(0, kappa))
