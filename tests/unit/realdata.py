"""Where the real pictures and weights are, if they are on this machine; a public clone has none, and skips what needs them."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
WEIGHTS = SHARED / "weights" / "yolov5n.pt"
# which of its COCO classes are MegaDetector's
COCO = {"animal": list(range(14, 24)), "person": [0], "vehicle": [1, 2, 3, 5, 6, 7]}
REAL = SHARED / "camera-traps"
real = pytest.mark.skipif(not REAL.is_dir(), reason="the real pictures (shared/data) are not on this machine")
real_weights = pytest.mark.skipif(not WEIGHTS.exists(), reason="the real weights (shared/data) are not on this machine")
