"""torch.compile in the embed stage, on the CPU: the eager numbers, one compilation, and none while threads compute."""

import shutil
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from camtrap.core.errors import UserError
from camtrap.embed.compiled import compile_now
from camtrap.embed.engines import make_engine
from camtrap.embed.models import resolve

OPTIONS = {
    "model": "test_resnet",
    "weights": "random",
    "weights_sha256": None,
    "image_size": 32,
    "storage": "float32",
    "runtime": "torch",
    "precision": "float32",
    "compile": True,
    "decode": "cpu",
    "flip": False,
}
EXAMPLE = np.zeros((3, 32, 32), np.float32)


@pytest.fixture
def torch(tmp_path, monkeypatch):
    """torch with its kernels in a folder of their own, and as ready to compile afterwards as before."""
    import torch
    import torch._dynamo.utils

    torch._dynamo.utils.counters.clear()

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    yield torch
    torch.compiler.set_stance("default")
    torch.compiler.reset()
    torch._dynamo.utils.counters.clear()


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler on a CPU: no g++ here")
@pytest.mark.skipif(
    not (Path(sysconfig.get_paths()["include"]) / "Python.h").exists(),
    reason="torch.compile needs Python's headers on a CPU: no Python.h here",
)
@pytest.mark.long
def test_a_compiled_network_gives_the_eager_outputs_whatever_the_batch_and_the_thread(torch):
    embedder = resolve(OPTIONS)
    eager = make_engine(embedder, OPTIONS | {"compile": False}, None, "cpu", 1, 8).forward
    engine = make_engine(embedder, OPTIONS, None, "cpu", 1, 8)
    graphs = torch._dynamo.utils.counters["stats"]
    assert graphs["unique_graphs"] == 1
    inputs = np.random.default_rng(1).standard_normal((11, 3, 32, 32), dtype=np.float32)
    wanted = eager(inputs)

    def agrees(rows):
        assert np.abs(engine.forward(inputs[:rows]) - wanted[:rows]).max() <= 1e-4 * np.abs(wanted).max()

    agrees(1)  # one row is not compiled, and computed all the same
    assert graphs["unique_graphs"] == 1
    torch.compiler.set_stance("fail_on_recompile")  # what was compiled must do for all others
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(agrees, [8, 5, 11, 2, 11, 3]))


def test_a_network_that_cannot_be_compiled_is_one_clear_line(torch):
    def forward(inputs):
        raise RuntimeError("Failed to find\nC compiler")

    with pytest.raises(UserError, match=r"embed\.compile: .*Failed to find C compiler.*set it to false"):
        compile_now(forward, EXAMPLE, 8)


@pytest.mark.parametrize(("rows", "first"), [(1, 2), (8, 8)])
def test_the_first_batch_has_rows_enough_to_stand_for_any(torch, rows, first):
    sizes = []
    compile_now(lambda inputs: sizes.append(len(inputs)), EXAMPLE, rows)
    assert sizes == [first]
