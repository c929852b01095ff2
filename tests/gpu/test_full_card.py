"""A card without room halves the batch; by itself, since it leaves none to anybody."""

import logging
from contextlib import contextmanager

import gpu_material
import numpy as np
from ways import agreement

from camtrap.embed.engines import torch_engine


@contextmanager
def filled(device, free):
    """Leave so many bytes of the card free."""
    if device == "cpu":
        yield
        return
    import torch

    torch.cuda.empty_cache()
    blocks = []
    while (rest := torch.cuda.mem_get_info(device)[0] - free) > 64 * 2**20:
        try:
            blocks.append(torch.empty(min(rest, 2**32), dtype=torch.uint8, device=device))
        except torch.OutOfMemoryError:
            break
    try:
        yield
    finally:
        blocks.clear()
        torch.cuda.empty_cache()


def test_a_full_card_halves_the_batch_and_loses_nothing(network_of, crops, device, measured, caplog):
    embedder, network = network_of("resnet50")
    inputs = gpu_material.inputs_of(crops, embedder)
    many = np.concatenate([inputs] * (8 if device != "cpu" else 1))
    one = torch_engine(network, device, gpu_material.cores(), False, 8)
    wanted = one.forward(inputs)
    with filled(device, 700 * 2**20), caplog.at_level(logging.WARNING):
        given = one.forward(many)
    said = [record.getMessage() for record in caplog.records if "out of GPU memory" in record.getMessage()]
    measured("a full card", said)
    assert bool(said) == (device != "cpu")
    found = agreement(np.concatenate([wanted] * (len(many) // len(inputs))), given)
    assert found["least cosine"] >= 0.99999
