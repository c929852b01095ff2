"""The embed stage's engine on a GPU gives the CPU's vectors."""

import threading

import gpu_material
import numpy as np
import pytest
from ways import agreement

from camtrap.core.errors import UserError
from camtrap.core.parallel import ordered
from camtrap.embed import on_device
from camtrap.embed.compiled import compile_now
from camtrap.embed.engines import torch_engine

MODELS = ["resnet152", "resnet50", "efficientnet_lite0", "tf_efficientnet_lite2"]


def engine(network, device, **options):
    return torch_engine(network, device, gpu_material.cores(), options.pop("mixed", False), 8, **options)


@pytest.mark.parametrize("name", MODELS)
def test_float32_is_the_cpus(name, network_of, crops, device, measured):
    embedder, network = network_of(name)
    inputs = gpu_material.inputs_of(crops, embedder)
    wanted = engine(gpu_material.copied(network), "cpu").forward(inputs)
    given = engine(network, device).forward(inputs)
    found = agreement(wanted, given)
    measured(f"embed {name} float32 against the CPU", found)
    assert given.dtype == np.float32
    assert found["least cosine"] >= 0.99999


@pytest.mark.parametrize("name", ["resnet152", "efficientnet_lite0"])
def test_how_far_tf32_and_mixed_are(name, network_of, crops, device, measured):
    import torch

    embedder, network = network_of(name)
    inputs = gpu_material.inputs_of(crops, embedder)
    wanted = engine(gpu_material.copied(network), "cpu").forward(inputs)
    mixed = agreement(wanted, engine(gpu_material.copied(network), device, mixed=True).forward(inputs))
    measured(f"embed {name} mixed", mixed)
    loose = engine(network, device)
    torch.backends.cudnn.allow_tf32 = True  # torch's default, which the engine has turned off
    tf32 = agreement(wanted, loose.forward(inputs))
    torch.backends.cudnn.allow_tf32 = False
    measured(f"embed {name} tf32", tf32)
    assert mixed["least cosine"] > 0.99
    assert tf32["least cosine"] > 0.999


def test_decoding_on_the_device_is_near(network_of, crops, device, measured):
    import torch

    embedder, network = network_of("resnet50")
    try:
        on_device.check(embedder, device)
    except UserError as error:
        if device == "cpu":  # torchvision for CUDA beside torch for CPUs
            pytest.skip(str(error))
        raise
    inputs = gpu_material.inputs_of(crops, embedder)
    given = on_device.prepare(crops, embedder, device).cpu().numpy()
    levels = 255 * np.abs(given - inputs) * np.float32(embedder.std)[:, None, None]
    measured("decode on the device, levels of 255", {"largest": float(levels.max()), "mean": float(levels.mean())})
    assert levels.mean() < 1
    wanted = engine(gpu_material.copied(network), "cpu").forward(inputs)
    if device == "cpu":
        with torch.inference_mode():
            vectors = network(torch.from_numpy(given)).flatten(1).numpy()
    else:
        vectors = engine(network, device, encoded=embedder).forward(crops)
    found = agreement(wanted, vectors)
    measured("embed resnet50 decode: gpu against the CPU", found)
    assert found["least cosine"] > 0.99


def test_decoding_beside_another_thread_changes_no_pixel(network_of, crops, device):
    """torchvision's decoder writes in a stream of its own; two threads decode and compute at once, as the stage does."""
    import torch

    embedder, network = network_of("resnet50")
    busy = engine(network, device, encoded=embedder)
    batches = [crops[k:] + crops[:k] for k in range(len(crops))] if device != "cpu" else [crops, crops[1:]]
    local = threading.local()

    def prepared(batch):
        if device == "cpu":
            return on_device.prepare(batch, embedder, device).numpy()
        if not hasattr(local, "stream"):
            local.stream = torch.cuda.Stream(device)
        busy.forward(batch)  # leaves freed memory that the decoder is given
        with torch.inference_mode(), torch.cuda.stream(local.stream):
            return on_device.prepare(batch, embedder, device).cpu().numpy()

    alone = [prepared(batch) for batch in batches]
    for _ in range(3 if device != "cpu" else 1):
        for one, other in zip(alone, ordered(prepared, batches, 2), strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_batch_changes_no_more_than_rounding(network_of, crops, device, measured):
    embedder, network = network_of("resnet152")
    inputs = gpu_material.inputs_of(crops, embedder)
    one = engine(network, device)
    wanted = one.forward(inputs)
    for size in (1, 3, 16):
        parts = [inputs[k : k + size] for k in range(0, len(inputs), size)]
        found = agreement(wanted, np.concatenate(list(ordered(one.forward, parts, 2))))
        measured(f"embed resnet152 in batches of {size} against {len(inputs)}", found)
        assert found["least cosine"] >= 0.99999
        assert found["largest relative difference"] < 1e-4


def test_memory_does_not_grow_with_the_number_of_batches(network_of, crops, device, measured):
    import torch

    embedder, network = network_of("resnet50")
    inputs = gpu_material.inputs_of(crops, embedder)
    one = engine(network, device)

    def reserved(batches):
        if device != "cpu":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)
        for _ in ordered(one.forward, [inputs] * batches, 2):
            pass
        return torch.cuda.max_memory_reserved(device) if device != "cpu" else 0

    few, many = reserved(4), reserved(40 if device != "cpu" else 4)
    measured("memory reserved for 4 batches and for 40, MB", [few / 1e6, many / 1e6])
    assert many <= 1.5 * few


# last: compiling may take half a minute
@pytest.mark.parametrize("mixed", [False, True])
def test_compiled_is_near_and_takes_every_batch(mixed, network_of, crops, device, measured):
    embedder, network = network_of("resnet50")
    inputs = gpu_material.inputs_of(crops, embedder)
    wanted = engine(gpu_material.copied(network), device, mixed=mixed).forward(inputs)
    compiled = engine(network, device, mixed=mixed, compiles=True)
    compile_now(compiled.forward, inputs[0], 8)
    sizes = (1, 2, 7, len(inputs) - 10)
    parts = np.split(inputs, np.cumsum(sizes)[:-1])
    given = np.concatenate(list(ordered(compiled.forward, parts, 2)))
    found = agreement(wanted, given)
    measured(f"embed resnet50 compiled{' mixed' if mixed else ''} against not compiled", found)
    assert found["least cosine"] >= (0.999 if mixed else 0.99999)
