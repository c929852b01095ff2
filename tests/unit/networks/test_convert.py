"""Networks in ONNX Runtime and ncnn: converted once, compared with torch, refused where they differ."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from camtrap.core.errors import UserError
from camtrap.networks import convert, ncnn, onnx


def probes(*rows, side=8):
    random = np.random.default_rng(0)
    return [random.standard_normal((n, 3, side, side), dtype=np.float32) for n in rows]


class Double(torch.nn.Module):
    def forward(self, inputs):
        return inputs * 2


class Fixed(torch.nn.Module):
    """What a trace does not carry over: it depends on the batch."""

    def forward(self, inputs):
        return inputs * float(1 + inputs.shape[0])


class Unknown(torch.nn.Module):
    def forward(self, inputs):
        return torch.linalg.eigvals(inputs).abs().flatten(1)


ENGINES = {"onnx": onnx.exported, "ncnn": ncnn.network}


def first(outputs):
    return outputs[0] if isinstance(outputs, tuple) else outputs


@pytest.mark.parametrize("kind", ENGINES)
def test_a_converted_network_is_built_once(tmp_path, kind):
    built = []

    def build():
        built.append(True)
        return Double()

    for _ in range(2):
        opened = ENGINES[kind]("double", str(tmp_path), build, probes(2, 3))
        for inputs in probes(1, 4):
            np.testing.assert_array_equal(first(opened(inputs)), inputs * 2)
    assert len(built) == 1
    kept = sorted(path.name.partition("-")[0] for path in (tmp_path / kind).iterdir())
    assert kept == ["double"] * {"onnx": 2, "ncnn": 3}[kind]


@pytest.mark.parametrize("kind", ENGINES)
def test_a_damaged_file_in_the_cache_costs_a_conversion(tmp_path, kind, caplog):
    ENGINES[kind]("double", str(tmp_path), Double, probes(2, 3))
    for damaged in sorted((tmp_path / kind).iterdir()):
        damaged.write_bytes(b"{}"[: damaged.stat().st_size - 1])
        opened = ENGINES[kind]("double", str(tmp_path), Double, probes(2, 3))
        assert "is damaged" in caplog.text
        caplog.clear()
        np.testing.assert_array_equal(first(opened(probes(1)[0])), probes(1)[0] * 2)
        ENGINES[kind]("double", str(tmp_path), Double, probes(2, 3))
        assert "is damaged" not in caplog.text  # it was kept whole


@pytest.mark.parametrize("kind", ENGINES)
def test_what_an_earlier_version_kept_is_converted_again(tmp_path, kind, caplog):
    ENGINES[kind]("double", str(tmp_path), Double, probes(2, 3))
    (hashes,) = (tmp_path / kind).glob("*.json")
    hashes.unlink()
    ENGINES[kind]("double", str(tmp_path), Double, probes(2, 3))
    assert "is not whole or of an earlier version" in caplog.text
    assert hashes.exists()


def test_the_module_is_let_go_before_the_cache_is_opened_and_only_then(tmp_path):
    def write(path, module, example):
        path.write_bytes(b"network")

    events = []

    def load(path):
        events.append("load")
        return lambda inputs: inputs * 2

    for _ in range(2):
        convert.converted(tmp_path / "x.onnx", Double, probes(2), write, load, lambda: events.append("let go"))
    assert events == ["load", "let go", "load"]


def test_a_whole_network_that_cannot_be_opened_is_one_line(tmp_path):
    def broken(path):
        raise ValueError("cannot read the network")

    convert.converted(tmp_path / "x.onnx", Double, probes(2), onnx.export, onnx.Session)
    with pytest.raises(
        UserError, match=r"x\.onnx cannot be opened \(cannot read the network\): delete it and run again"
    ):
        convert.converted(tmp_path / "x.onnx", Double, probes(2), onnx.export, broken)


def test_no_output_may_be_what_is_no_number(tmp_path, caplog):
    class Two(torch.nn.Module):
        def forward(self, inputs):
            return inputs, inputs + 1

    class Broken:
        def __init__(self, path):
            pass

        def __call__(self, inputs):
            return inputs, inputs * np.nan

    assert convert.converted(tmp_path / "x.onnx", Two, probes(2), lambda path, *_: path.touch(), Broken) is None
    assert "differs by nan" in caplog.text


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("network", [Fixed, Unknown])
def test_a_network_that_comes_out_different_is_left_to_another_engine(tmp_path, network, kind, caplog):
    assert ENGINES[kind]("x", str(tmp_path), network, probes(2, 3)) is None
    assert f"{kind} cannot compute this network" in caplog.text
    assert list(tmp_path.iterdir()) == []


class Branches(torch.nn.Module):
    """Two outputs of different shapes; its middle depends on the size of what comes in."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.wide = torch.nn.Conv2d(3, 32, 3, padding=1)
        self.next = torch.nn.Conv2d(32, 32, 3, padding=1)
        self.smaller = torch.nn.Conv2d(32, 8, 3, stride=2, padding=1)
        self.up = torch.nn.Upsample(scale_factor=2)

    def forward(self, inputs):
        first = torch.nn.functional.silu(self.next(self.wide(inputs)))
        second = self.smaller(first)
        return second, torch.cat([first, self.up(second)], 1)


@pytest.mark.parametrize("keeps", [False, True])
def test_ncnn_computes_all_outputs_for_pictures_of_any_shape_in_several_threads(tmp_path, keeps):
    random = np.random.default_rng(1)
    shapes = [(64, 96), (96, 64), (32, 32), (160, 128)]
    pictures = [random.standard_normal((2, 3, *shape), dtype=np.float32) for shape in shapes] * 4
    module = Branches().eval()
    opened = ncnn.network("branches", str(tmp_path), lambda: module, pictures[:2], keeps)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(opened, pictures))
    for inputs, given in zip(pictures, found, strict=True):
        with torch.inference_mode():
            wanted = module(torch.from_numpy(inputs))
        for one, two in zip(given, wanted, strict=True):
            assert one.shape == two.shape
            np.testing.assert_allclose(one, two.numpy(), atol=1e-4)
    for given, again in zip(opened(pictures[0]), opened(pictures[0][:1]), strict=True):
        np.testing.assert_array_equal(given[:1], again)  # whatever is computed beside it


def test_a_network_with_other_outputs_is_refused(tmp_path, caplog):
    class Short(onnx.Session):
        def __call__(self, inputs):
            return super().__call__(inputs)[:, :-1]

    found = convert.converted(tmp_path / "x.onnx", Double, probes(2), onnx.export, Short)
    assert found is None
    assert "its outputs have the shapes" in caplog.text


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
    opened = onnx.exported("x", str(tmp_path), Chaotic, probes(2, 1, side=32))
    inputs = probes(1, side=32)[0]
    with torch.inference_mode():
        wanted = Chaotic()(torch.from_numpy(inputs)).numpy()
    assert np.abs(opened(inputs) - wanted).max() > convert.TOLERANCE
    assert "cannot compute" not in caplog.text


@pytest.mark.parametrize("kind", ENGINES)
def test_without_room_nothing_is_converted(tmp_path, monkeypatch, kind, caplog):
    monkeypatch.setattr(convert, "ROOM", 10**15)
    assert ENGINES[kind]("x", str(tmp_path), lambda: torch.nn.Conv2d(3, 3, 3), probes(2)) is None
    assert "(TMPDIR) has room for" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_the_engines_cannot_open_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"cache: b'.*caf\\xe9.* is not UTF-8"):
        onnx.exported("x", os.fsdecode(b"/tmp/caf\xe9"), Double, probes(2))


@pytest.mark.parametrize("kind", ENGINES)
def test_a_cache_that_cannot_be_written_costs_only_the_next_job(tmp_path, kind):
    (tmp_path / kind).write_text("no folder")
    opened = ENGINES[kind]("x", str(tmp_path), Double, probes(2))
    inputs = probes(1)[0]
    np.testing.assert_array_equal(first(opened(inputs)), inputs * 2)


def test_another_version_of_a_library_is_another_file(monkeypatch):
    before = convert.cached("onnx", "resnet50", "cache", ("onnxruntime",))
    monkeypatch.setattr("importlib.metadata.version", lambda package: "0.0")
    assert convert.cached("onnx", "resnet50", "cache", ("onnxruntime",)) != before
