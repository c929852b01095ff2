"""Engines of the embed stage: which one is taken, how a batch is found."""

import numpy as np
import pytest

from camtrap.core.errors import UserError
from camtrap.embed import engines
from camtrap.embed.engines import best_batch, make_engine
from camtrap.embed.models import resolve

OPTIONS = {
    "model": "resnet18",
    "weights": "random",
    "weights_sha256": None,
    "image_size": 32,
    "storage": "float32",
    "runtime": "auto",
    "precision": "float32",
    "compile": False,
    "decode": "cpu",
    "flip": False,
}


@pytest.mark.parametrize(
    ("seconds_of_batch", "best"),
    [
        (lambda n: 1.0 + 0.001 * n, 512),  # a fixed cost a call: the larger the better
        (lambda n: 1.0 * n, 8),  # nothing to gain
        (lambda n: 1.0 * max(n, 64), 64),  # full at 64
    ],
)
def test_the_batch_grows_while_a_row_gets_cheaper(seconds_of_batch, best):
    now = [0.0]

    def forward(inputs):
        now[0] += seconds_of_batch(len(inputs))
        return inputs

    assert best_batch(forward, np.zeros((3, 2, 2), np.float32), 8, clock=lambda: now[0]) == best


@pytest.mark.parametrize(
    ("changes", "device", "message"),
    [
        ({"precision": "mixed", "runtime": "onnxruntime"}, "cuda:0", "mixed is computed by torch"),
        ({"precision": "int8"}, "cuda:0", "gpu=0"),
        ({"precision": "int8", "runtime": "torch"}, "cpu", "int8 is for ONNX Runtime"),
        ({"precision": "int8", "runtime": "ncnn"}, "cpu", "int8 is for ONNX Runtime"),
        ({"runtime": "onnxruntime"}, "cuda:0", "onnxruntime is for the CPU"),
        ({"runtime": "ncnn"}, "cuda:0", "ncnn is for the CPU"),
        ({"compile": True}, "cpu", "compile: true is for torch"),
        ({"compile": True, "runtime": "ncnn"}, "cpu", "compile: true is for torch"),
        ({"decode": "gpu"}, "cpu", "decode: gpu needs a GPU"),
        ({"decode": "gpu", "runtime": "torch"}, "cpu", "decode: gpu needs a GPU"),
    ],
)
def test_combinations_that_do_not_exist_are_refused(changes, device, message):
    with pytest.raises(UserError, match=message):
        make_engine(resolve(OPTIONS), OPTIONS | changes, None, device, 1, 8)


def test_half_precision_is_refused_on_a_cpu_that_emulates_it(monkeypatch):
    monkeypatch.setattr(engines, "has_bfloat16", lambda: False)
    with pytest.raises(UserError, match="mixed needs a GPU, or a CPU that computes in bfloat16"):
        make_engine(resolve(OPTIONS), OPTIONS | {"precision": "mixed"}, None, "cpu", 1, 8)


def test_half_precision_on_a_cpu_is_near_single(monkeypatch):
    monkeypatch.setattr(engines, "has_bfloat16", lambda: True)  # an emulating CPU computes the same, later
    inputs = np.random.default_rng(1).standard_normal((5, 3, 32, 32), dtype=np.float32)
    wanted = make_engine(resolve(OPTIONS), OPTIONS | {"runtime": "torch"}, None, "cpu", 1, 8).forward(inputs)
    engine = make_engine(resolve(OPTIONS), OPTIONS | {"precision": "mixed"}, None, "cpu", 3, 8)
    assert (engine.workers, engine.batch, engine.decodes) == (3, 8, True)
    given = engine.forward(inputs)
    assert given.dtype == np.float32
    difference = np.abs(given - wanted).max() / np.abs(wanted).max()
    assert 1e-5 < difference < 2e-2  # eight bits of mantissa, not 24


@pytest.mark.parametrize("runtime", ["torch", "onnxruntime", "ncnn"])
def test_a_crop_and_its_mirror_image_have_one_vector(tmp_path, runtime):
    options = OPTIONS | {"model": "resnet18", "runtime": runtime}
    inputs = np.random.default_rng(1).standard_normal((3, 3, 32, 32), dtype=np.float32)
    mirrored = np.ascontiguousarray(inputs[:, :, :, ::-1])
    alone, both = (
        make_engine(resolve(options), options | {"flip": flip}, str(tmp_path), "cpu", 1, 8).forward
        for flip in (False, True)
    )
    near = 1e-4 * np.abs(alone(inputs)).max()
    assert np.abs(alone(inputs) - alone(mirrored)).max() > 10 * near
    np.testing.assert_allclose(both(inputs), (alone(inputs) + alone(mirrored)) / 2, atol=near)
    np.testing.assert_allclose(both(mirrored), both(inputs), atol=near)


@pytest.mark.parametrize(
    ("model", "runtime", "kind"),
    [("resnet18", "auto", "onnx"), ("resnet18", "ncnn", "ncnn"), ("resnet50", "auto", "ncnn")],
)
def test_engines_of_the_cpu_compute_what_torch_computes(tmp_path, model, runtime, kind):
    options = OPTIONS | {"model": model}
    embedder = resolve(options)
    inputs = np.random.default_rng(1).standard_normal((5, 3, 32, 32), dtype=np.float32)
    wanted = make_engine(embedder, options | {"runtime": "torch"}, str(tmp_path), "cpu", 1, 8).forward(inputs)
    engine = make_engine(embedder, options | {"runtime": runtime}, str(tmp_path), "cpu", 3, 8)
    assert (engine.workers, engine.batch, engine.decodes) == (3, 8, True)
    given = engine.forward(inputs)
    assert given.shape == wanted.shape == (5, {"resnet18": 512, "resnet50": 2048}[model])
    assert np.abs(given - wanted).max() <= 1e-4 * np.abs(wanted).max()
    np.testing.assert_array_equal(given[2:3], engine.forward(inputs[2:3]))
    assert [path.name for path in tmp_path.iterdir()] == [kind]
