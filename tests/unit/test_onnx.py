"""Networks in ONNX Runtime: exported once, compared with torch, refused where they differ."""

import numpy as np
import pytest
import torch

from camtrap import onnx_model


def probes(*rows, side=8):
    random = np.random.default_rng(0)
    return [random.standard_normal((n, 3, side, side), dtype=np.float32) for n in rows]


class Flatten(torch.nn.Module):
    def forward(self, inputs):
        return inputs.flatten(1) * 2


class Fixed(torch.nn.Module):
    """What a trace does not carry over: it depends on the batch."""

    def forward(self, inputs):
        return inputs.flatten(1) * float(inputs.shape[0])


class Unknown(torch.nn.Module):
    def forward(self, inputs):
        return torch.linalg.eigvals(inputs).abs().flatten(1)


def test_an_exported_network_is_built_once(tmp_path):
    built = []

    def build():
        built.append(True)
        return Flatten()

    target = tmp_path / "cache" / "flat.onnx"
    for _ in range(2):
        opened = onnx_model.exported(target, build, probes(2, 3))
        for inputs in probes(1, 4):
            np.testing.assert_array_equal(onnx_model.run(opened, inputs), inputs.reshape(len(inputs), -1) * 2)
    assert len(built) == 1
    assert [path.name for path in target.parent.iterdir()] == ["flat.onnx"]


@pytest.mark.parametrize("network", [Fixed, Unknown])
def test_a_network_that_comes_out_different_is_left_to_torch(tmp_path, network, caplog):
    assert onnx_model.exported(tmp_path / "x.onnx", network, probes(2, 3)) is None
    assert "torch computes it" in caplog.text
    assert list(tmp_path.iterdir()) == []


class Chaotic(torch.nn.Module):
    """So ill-conditioned that torch differs from itself when it computes in another order."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Conv2d(3, 64, 3, padding=1)
        self.last = torch.nn.Conv2d(64, 8, 3, padding=1)

    def forward(self, inputs):
        hidden = self.last(self.layer(inputs)).mean(1)
        return torch.sin((1e6 * hidden).flatten(1))


def test_an_ill_conditioned_network_is_measured_by_torchs_own_differences(tmp_path, caplog):
    opened = onnx_model.exported(tmp_path / "x.onnx", Chaotic, probes(2, 1, side=32))
    inputs = probes(1, side=32)[0]
    with torch.inference_mode():
        wanted = Chaotic()(torch.from_numpy(inputs)).numpy()
    assert np.abs(onnx_model.run(opened, inputs) - wanted).max() > onnx_model.TOLERANCE
    assert "torch computes it" not in caplog.text


def test_a_cache_that_cannot_be_written_costs_only_the_next_job(tmp_path):
    (tmp_path / "file").write_text("no folder")
    opened = onnx_model.exported(tmp_path / "file" / "x.onnx", Flatten, probes(2))
    inputs = probes(1)[0]
    np.testing.assert_array_equal(onnx_model.run(opened, inputs), inputs.reshape(1, -1) * 2)


def test_another_version_of_a_library_is_another_file(monkeypatch):
    before = onnx_model.cached("resnet50", "cache")
    monkeypatch.setattr(onnx_model, "version", lambda package: "0.0")
    assert onnx_model.cached("resnet50", "cache") != before
