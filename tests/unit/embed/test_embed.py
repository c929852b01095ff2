"""The embed stage: order, workers, int8, and that nothing imports torch for nothing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camtrap.core.errors import UserError
from camtrap.core.files import write_json
from camtrap.crop.run import CROP_SCHEMA
from camtrap.embed import int8
from camtrap.embed.engines import Engine
from camtrap.embed.models import load, preprocess, resolve
from camtrap.embed.run import described, embed_shard, even
from camtrap.pictures.decode import decode
from camtrap.pictures.encode import encode

OPTIONS = {
    "model": "test_resnet",
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


def write_crops(path, count, first=0):
    random = np.random.default_rng(first)
    images = [random.integers(0, 256, (40, 40, 3), dtype=np.uint8) for _ in range(count)]
    empty = dict.fromkeys(CROP_SCHEMA.names)
    rows = [
        empty | {"crop_id": f"{first + i:04d}", "image": encode(image, "png", 95)} for i, image in enumerate(images)
    ]
    pq.write_table(pa.Table.from_pylist(rows, CROP_SCHEMA), path, row_group_size=7)
    return images


@pytest.fixture
def survey(tmp_path):
    embedder = resolve(OPTIONS)
    write_json(tmp_path / "embedder.json", embedder.as_dict())
    return tmp_path, embedder


def embed(folder, name, options=OPTIONS, **speed):
    out = folder / f"{name}.parquet"
    embed_shard(folder / "crops.parquet", folder / "embedder.json", out, options, str(folder / "cache"), **speed)
    table = pq.read_table(out)
    return table["crop_id"].to_pylist(), np.array(table["embedding"].to_pylist(), dtype=np.float32)


def test_each_crop_gets_its_own_vector_whatever_the_threads_and_the_batch(survey):
    folder, embedder = survey
    import torch

    images = write_crops(folder / "crops.parquet", 23)
    network = load(embedder, OPTIONS)
    with torch.inference_mode():
        wanted = [network(torch.from_numpy(preprocess(image, embedder)[None])).numpy().ravel() for image in images]
    ids, first = embed(folder, "a", threads=1, batch_size=1)
    assert ids == [f"{i:04d}" for i in range(23)]
    np.testing.assert_allclose(first, wanted, atol=1e-4 * np.abs(wanted).max())
    for name, threads, batch in [("b", 2, 5), ("c", 3, 100)]:
        ids, again = embed(folder, name, threads=threads, batch_size=batch)
        assert ids == [f"{i:04d}" for i in range(23)]
        np.testing.assert_array_equal(again, first)
    _, by_torch = embed(folder, "d", OPTIONS | {"runtime": "torch"}, threads=2, batch_size=5)
    np.testing.assert_allclose(by_torch, wanted, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize(("threads", "batch"), [(4, 70), (1, 33), (3, 5)])
def test_large_batches_are_decoded_in_pieces_by_all_threads(survey, threads, batch, encoded):
    """The way of a GPU, whose engine does not decode."""
    folder, embedder = survey
    images = write_crops(folder / "crops.parquet", 150)
    sizes = []

    def forward(inputs):
        sizes.append(len(inputs))
        return np.stack([preprocess(decode(one), embedder) if encoded else one for one in inputs])[:, :, 3, 5]

    file = pq.ParquetFile(folder / "crops.parquet")
    found = list(described(file, embedder, Engine(forward, 2, batch, False, encoded), threads))
    assert [name for names, _ in found for name in names] == [f"{i:04d}" for i in range(150)]
    wanted = [preprocess(image, embedder)[:, 3, 5] for image in images]
    np.testing.assert_array_equal(np.concatenate([vectors for _, vectors in found]), wanted)
    assert sum(sizes) == 150
    assert max(sizes) >= batch
    assert len(sizes) <= -(-150 // batch)


@pytest.mark.parametrize(
    ("n", "workers", "batch"), [(12, 2, 6), (3, 2, 2), (1000, 2, 8), (17, 4, 5), (33, 4, 5), (1, 2, 1)]
)
def test_workers_that_take_batches_by_turns_end_together(n, workers, batch):
    assert even(n, 8, workers) == batch


def test_int8_is_calibrated_the_same_each_time_and_close_to_float32(survey):
    folder, _ = survey
    write_crops(folder / "crops.parquet", 20)
    write_crops(folder / "more.parquet", 12, first=100)
    shards = [folder / "crops.parquet", folder / "more.parquet"]
    for name in ("one", "two"):
        int8.calibrate(shards, folder / "embedder.json", folder / f"{name}.onnx", OPTIONS, count=10)
    assert (folder / "one.onnx").read_bytes() == (folder / "two.onnx").read_bytes()
    _, exact = embed(folder, "exact")
    options = OPTIONS | {"precision": "int8"}
    _, rounded = embed(folder, "int8", options, threads=2, batch_size=3, quantised=folder / "one.onnx")
    _, again = embed(folder, "again", options, threads=1, batch_size=8, quantised=folder / "one.onnx")
    np.testing.assert_array_equal(rounded, again)
    cosine = (exact * rounded).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(rounded, axis=1)
    assert 0.9 < cosine.min() < 1 - 1e-6  # close, and really another network


def test_crops_to_calibrate_on_are_spread_over_all_files(tmp_path):
    paths = []
    for number, count in enumerate([4, 0, 6]):
        path = tmp_path / f"{number}.parquet"
        images = write_crops(path, count, first=100 * number)
        paths.append((path, images))
    chosen = int8.spread([path for path, _ in paths], 4)
    rows = [*paths[0][1], *paths[2][1]]
    for given, row in zip(chosen, [0, 3, 6, 9], strict=True):
        np.testing.assert_array_equal(decode(given), rows[row])


def test_int8_waits_for_the_first_shard_that_has_crops(tmp_path):
    for name, count in (("a", 0), ("b", 0), ("c", 2), ("d", 3)):
        write_crops(tmp_path / name, count)
    paths = {name: str(tmp_path / name) for name in "abcdx"}  # x is not cropped yet
    network = tmp_path / "int8.onnx"

    def first(names):
        wanted = int8.to_look_in([paths[name] for name in names], str(network))
        return "".join(name for name in names if paths[name] in wanted)

    assert [first(names) for names in ("cd", "abcd", "axd", "xab", "ab")] == ["c", "abc", "axd", "xab", "ab"]
    network.touch()  # by an older version
    assert [first(names) for names in ("abcd", "axd")] == ["abc", "ax"]


def test_int8_with_an_empty_first_shard_is_calibrated_at_once_and_never_again(survey):
    """Snakemake calibrates again, and all shards are embedded again, as soon as the list of inputs is another one."""
    folder, _ = survey
    for name, count in (("a", 0), ("b", 3), ("c", 2)):
        write_crops(folder / name, count)
    paths = [folder / name for name in "abc"]
    int8.calibrate([folder / "b"], folder / "embedder.json", folder / "b.onnx", OPTIONS)
    int8.calibrate(paths, folder / "embedder.json", folder / "int8.onnx", OPTIONS)
    assert (folder / "int8.onnx").read_bytes() == (folder / "b.onnx").read_bytes()
    write_crops(folder / "d", 5)  # another card
    assert int8.to_look_in([str(folder / name) for name in "abcd"], str(folder / "int8.onnx")) == list(map(str, paths))


def test_int8_without_any_crop_says_what_to_do(survey):
    folder, _ = survey
    write_crops(folder / "crops.parquet", 0)
    with pytest.raises(UserError, match=r"lower crop\.threshold"):
        int8.calibrate([folder / "crops.parquet"], folder / "embedder.json", folder / "x.onnx", OPTIONS)
    assert not list(folder.glob("x.*"))


def test_an_empty_shard_imports_no_network_library(survey):
    folder, _ = survey
    write_crops(folder / "crops.parquet", 0)
    code = (
        "import sys; from camtrap.embed.run import embed_shard, even; "
        f"embed_shard({str(folder / 'crops.parquet')!r}, {str(folder / 'embedder.json')!r}, "
        f"{str(folder / 'out.parquet')!r}, {OPTIONS!r}); "
        "print(sorted({'torch', 'torchvision', 'timm', 'onnxruntime'} & set(sys.modules)))"
    )
    scripts = Path(__file__).resolve().parents[3] / "scripts"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=scripts, check=True)
    assert done.stdout.strip() == "[]"
    assert pq.read_metadata(folder / "out.parquet").num_rows == 0
