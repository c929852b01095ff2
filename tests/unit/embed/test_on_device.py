"""Decoding on the device, on its CPU twin: the same function with the device "cpu".

Where torchvision's own decoder does not load (beside a CPU build of torch) all crops take the way of those that the
device cannot decode, which the tests of the pixels then cover.
"""

import threading
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from sklearn.datasets import load_sample_images

from camtrap.core.errors import UserError
from camtrap.core.files import write_json
from camtrap.crop.geometry import cut
from camtrap.crop.run import CROP_SCHEMA
from camtrap.embed import on_device, run
from camtrap.embed.engines import Engine
from camtrap.embed.models import load, preprocess, resolve
from camtrap.networks.halving import halving
from camtrap.pictures import decode
from camtrap.pictures.encode import encode

OPTIONS = {
    "model": "test_resnet",
    "weights": "random",
    "weights_sha256": None,
    "image_size": 64,
    "storage": "float32",
    "runtime": "torch",
    "precision": "float32",
    "compile": False,
    "decode": "gpu",
    "flip": False,
}
BOXES = [(0.1, 0.2, 0.3, 0.4), (0.5, 0.1, 0.45, 0.5), (0.3, 0.5, 0.1, 0.1), (0.0, 0.0, 1.0, 1.0)]


@pytest.fixture(scope="module")
def crops():
    """JPEGs as the crop stage makes them, of two photographs."""
    found = [cut(picture, box) for picture in load_sample_images().images for box in BOXES]
    return [encode(pixels, "jpeg", 95) for pixels in found]


@pytest.fixture
def embedder():
    return resolve(OPTIONS)


def by_cpu(crops, embedder):
    return np.stack([preprocess(decode.decode(data), embedder) for data in crops])


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("side", [64, 224, 256, 384])
def test_the_pixels_are_those_of_the_cpu(crops, embedder, side, interpolation):
    """Levels of 255: one for each of two passes that round, where a value lies halfway; seldom, so the mean is small."""
    embedder = replace(embedder, image_size=side, interpolation=interpolation)
    given = on_device.prepare(crops, embedder, "cpu")
    assert given.dtype == torch.float32
    assert given.shape == (len(crops), 3, side, side)
    levels = 255 * np.abs(given.numpy() - by_cpu(crops, embedder)) * np.float32(embedder.std)[:, None, None]
    assert levels.max() < 2.01
    assert levels.mean() < 0.1


def test_crops_of_different_sizes_keep_their_order(embedder):
    random = np.random.default_rng(0)
    sides = [(40, 40), (90, 50), (64, 64), (40, 40)]
    crops = [encode(random.integers(0, 256, (*side, 3), dtype=np.uint8), "jpeg", 95) for side in sides]
    given = on_device.prepare(crops, embedder, "cpu").numpy()
    levels = 255 * np.abs(given - by_cpu(crops, embedder)) * np.float32(embedder.std)[:, None, None]
    assert levels.max() < 2.01


@pytest.fixture
def decoder(monkeypatch):
    """A decoder that fails as torchvision's: a crop it cannot decode takes the whole batch with it."""
    calls, bad = [], set()

    def fake(crops, device):
        calls.append(len(crops))
        if bad & set(crops):
            raise RuntimeError("Error while decoding JPEG images")
        return [torch.from_numpy(255 - decode.decode(data)).permute(2, 0, 1) for data in crops]

    monkeypatch.setattr(on_device, "_by_torchvision", fake)
    return calls, bad


def test_a_crop_that_the_device_cannot_decode_comes_from_the_cpu(crops, decoder, caplog):
    calls, bad = decoder
    bad.add(crops[2])
    images = on_device.decode_crops(crops[:4], "cpu")
    assert calls == [4, 1, 1, 1, 1]
    assert caplog.text.count("decoded on the CPU") == 1
    for number, (image, data) in enumerate(zip(images, crops[:4], strict=True)):
        pixels = decode.decode(data)  # the stand-in gives negatives
        np.testing.assert_array_equal(image.permute(1, 2, 0).numpy(), pixels if number == 2 else 255 - pixels)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("full"), RuntimeError("nvjpeg: CUDA out of memory")])
def test_memory_that_runs_out_halves_the_batch_and_decodes_nothing_on_the_cpu(crops, monkeypatch, error):
    def fake(part, device):
        if len(part) > 3:
            raise error
        return [torch.from_numpy(decode.decode(data)).permute(2, 0, 1) for data in part]

    monkeypatch.setattr(on_device, "_by_torchvision", fake)
    limit = [8]
    images = halving(
        lambda part: on_device.decode_crops(part, "cpu"),
        crops,
        limit,
        lambda: None,
        join=sum_lists,
    )
    assert limit == [2]
    for image, data in zip(images, crops, strict=True):
        np.testing.assert_array_equal(image.permute(1, 2, 0).numpy(), decode.decode(data))


def sum_lists(parts):
    return [item for part in parts for item in part]


def test_a_device_that_cannot_decode_is_one_clear_line(embedder, monkeypatch):
    def fake(crops, device):
        raise RuntimeError("torchvision not compiled with nvJPEG support")

    monkeypatch.setattr(on_device, "_by_torchvision", fake)
    with pytest.raises(UserError, match=r"not compiled with nvJPEG support.*: set embed\.decode: cpu"):
        on_device.check(embedder, "cuda:0")


def test_a_filter_that_there_is_not_is_one_clear_line(embedder, decoder):
    on_device.check(embedder, "cuda:0")
    with pytest.raises(UserError, match="cannot resize by lanczos"):
        on_device.check(replace(embedder, interpolation="lanczos"), "cuda:0")


def write_crops(path, images):
    empty = dict.fromkeys(CROP_SCHEMA.names)
    rows = [empty | {"crop_id": f"{number:04d}", "image": image} for number, image in enumerate(images)]
    pq.write_table(pa.Table.from_pylist(rows, CROP_SCHEMA), path, row_group_size=3)


def test_the_stage_hands_jpegs_to_an_engine_that_takes_them(tmp_path, crops, embedder, monkeypatch):
    network = load(embedder, OPTIONS)

    def forward(inputs):
        assert isinstance(inputs, list)
        with torch.inference_mode():
            return network(on_device.prepare(inputs, embedder, "cpu")).numpy()

    monkeypatch.setattr(run, "make_engine", lambda *given: Engine(forward, 2, 3, False, True))
    write_crops(tmp_path / "crops.parquet", crops)
    write_json(tmp_path / "embedder.json", embedder.as_dict())
    run.embed_shard(
        tmp_path / "crops.parquet", tmp_path / "embedder.json", tmp_path / "out.parquet", OPTIONS, device="cuda:0"
    )
    table = pq.read_table(tmp_path / "out.parquet")
    assert table["crop_id"].to_pylist() == [f"{number:04d}" for number in range(len(crops))]
    assert table.schema.metadata[b"decode"] == b"gpu"
    with torch.inference_mode():
        wanted = network(torch.from_numpy(by_cpu(crops, embedder))).numpy()
    given = np.array(table["embedding"].to_pylist(), np.float32)
    cosine = (given * wanted).sum(1) / np.linalg.norm(given, axis=1) / np.linalg.norm(wanted, axis=1)
    assert cosine.min() > 0.999


@pytest.mark.parametrize(("encoded", "threads"), [(False, 4), (False, 1), (True, 4)])
def test_a_small_shard_gives_all_threads_of_a_gpu_work(tmp_path, crops, embedder, monkeypatch, encoded, threads):
    """Two compute half of the crops each; four decode a quarter each."""
    called, together = [], threading.Barrier(threads, timeout=20)

    def forward(inputs):
        called.append(len(inputs))
        return np.ones((len(inputs), 2), np.float32)

    def seen(image, embedder):
        together.wait()  # fails where fewer threads decode
        return preprocess(image, embedder)

    monkeypatch.setattr(run, "make_engine", lambda *given: Engine(forward, 2, 512, False, encoded))
    monkeypatch.setattr(run, "preprocess", seen)
    write_crops(tmp_path / "crops.parquet", crops)
    write_json(tmp_path / "embedder.json", embedder.as_dict())
    files = (tmp_path / "crops.parquet", tmp_path / "embedder.json", tmp_path / "out.parquet")
    run.embed_shard(*files, OPTIONS, device="cuda:0", threads=threads)
    assert called == [4, 4]
    assert pq.read_table(tmp_path / "out.parquet").num_rows == len(crops)


def test_an_allocator_that_the_decoder_does_not_wait_for_is_refused(embedder, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_allocator_backend", lambda: "cudaMallocAsync")
    with pytest.raises(UserError, match=r"embed\.decode: gpu needs torch's own allocator"):
        on_device.check(embedder, "cuda:0")


def test_png_crops_are_refused_before_a_network_is_loaded(tmp_path, embedder):
    write_crops(tmp_path / "crops.parquet", [encode(np.zeros((8, 8, 3), np.uint8), "png", 95)])
    write_json(tmp_path / "embedder.json", embedder.as_dict())
    with pytest.raises(UserError, match=r"decode: gpu needs JPEG crops: set crop\.format: jpeg"):
        run.embed_shard(
            tmp_path / "crops.parquet", tmp_path / "embedder.json", tmp_path / "out.parquet", OPTIONS, device="cuda:0"
        )
