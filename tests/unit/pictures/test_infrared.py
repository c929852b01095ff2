"""Whether a picture was taken in infrared light: on made and on real pictures."""

import numpy as np
from realdata import REAL, real

from camtrap.pictures import decode
from camtrap.pictures.infrared import _near_median, is_infrared


def test_infrared_despite_tint_strip_and_noise():
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (120, 160, 1)).repeat(3, axis=2).astype(float)
    assert is_infrared(grey.astype(np.uint8))
    tinted = np.clip(grey * [1.0, 0.8, 0.9], 0, 255).astype(np.uint8)
    assert is_infrared(tinted)
    strip = tinted.copy()
    strip[:12] = rng.integers(0, 256, (12, 160, 3))
    assert is_infrared(strip)
    coloured = grey + rng.normal(0, 8, (120, 160, 3))
    assert not is_infrared(np.clip(coloured, 0, 255).astype(np.uint8))


@real
def test_infrared_on_real_pictures():
    """Labels by eye. 104, 226, 69, 119 are colour pictures of snow at dusk: the dullest there are."""
    images = REAL / "northwest" / "images"
    night = {f"MDF{n}.jpg" for n in (110, 112, 117, 12, 125, 137, 154, 174, 210, 80)}
    day = {f"MDF{n}.jpg" for n in (104, 226, 69, 119, 220, 102)}
    found = {name for name in night | day if is_infrared(decode.decode((images / name).read_bytes()))}
    assert found == night


def test_the_median_of_a_level_is_numpys():
    random = np.random.default_rng(0)
    for largest in (255, 8):
        values = random.integers(-largest, largest + 1, 999).astype(np.int16)
        level = random.integers(0, 16, 999).astype(np.int16)
        found = _near_median(values, level)
        for one in range(16):
            own = values[level == one]
            np.testing.assert_array_equal(found[level == one], np.abs(own - np.median(own)) <= 3)
