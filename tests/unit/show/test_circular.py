"""The curve of activity against figures worked out in another way."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from camtrap.show.circular import bandwidth, density

DAY = 2 * np.pi


def test_the_density_is_that_of_von_mises_kernels_and_its_integral_is_one():
    times = np.random.default_rng(1).vonmises(1.0, 2.0, 60) % DAY
    at = np.linspace(0, DAY, 721)
    found = density(times, at)
    kernels = [stats.vonmises.pdf(at, bandwidth(times), loc=time) for time in times]
    np.testing.assert_allclose(found, np.mean(kernels, axis=0), rtol=1e-9)
    assert integrate.trapezoid(found, at) == pytest.approx(1, abs=1e-6)
    assert found[0] == pytest.approx(found[-1])  # midnight is one time


def test_the_bandwidth_is_the_rule_of_taylor_with_the_largest_of_three_estimates():
    times = np.random.default_rng(2).vonmises(0.5, 3.0, 40) % DAY
    kappas = []
    for order in (1, 2, 3):
        moment = abs(np.mean(np.exp(1j * order * times)))
        grid = np.linspace(1e-3, 60, 600_000)
        kappas.append(grid[np.argmin(abs(special.iv(order, grid) / special.iv(0, grid) - moment))])
    kappa = max(kappas)
    rule = 3 * 40 * kappa**2 * special.iv(2, 2 * kappa) / (4 * np.sqrt(np.pi) * special.iv(0, kappa) ** 2)
    assert bandwidth(times) == pytest.approx(rule**0.4, rel=1e-3)


@pytest.mark.parametrize("times", [[], [1.0], [1.0, 1.0, 1.0], np.arange(24) * np.pi / 12, [0.0, np.pi] * 50])
def test_odd_sets_of_times_have_a_curve(times):
    assert np.isfinite(bandwidth(times))
    if len(times):
        at = np.linspace(0, DAY, 7201)
        assert integrate.trapezoid(density(times, at), at) == pytest.approx(1, abs=1e-3)


def test_two_peaks_half_a_day_apart_are_two_peaks():
    random = np.random.default_rng(3)
    times = np.r_[random.normal(6, 0.7, 80), random.normal(18, 0.7, 80)] * np.pi / 12
    dawn, noon, dusk = density(times, np.array([6, 12, 18]) * np.pi / 12)
    assert min(dawn, dusk) > 5 * noon
