"""JPEG crops decoded, resized and normalised where the network computes (``embed.decode: gpu``)."""

import logging
from typing import TYPE_CHECKING

import numpy as np

from camtrap.core.errors import UserError
from camtrap.embed.models import Embedder
from camtrap.networks import torchvision_ops
from camtrap.networks.halving import out_of_memory
from camtrap.pictures import decode
from camtrap.pictures.encode import encode

if TYPE_CHECKING:
    import torch

JPEG = b"\xff\xd8"


def check_crop(data: bytes) -> None:
    """Refuse crops that no device decodes, by one of them.

    Raises
    ------
    UserError
        It is not a JPEG.
    """
    if not data.startswith(JPEG):
        raise UserError("embed.decode: gpu needs JPEG crops: set crop.format: jpeg, or embed.decode: cpu")


def check(embedder: Embedder, device: str) -> None:
    """Try the decoder, so that crops do not silently fall back to the CPU one by one.

    Raises
    ------
    UserError
        The embedder wants a filter that there is not, torchvision cannot decode on this device, or would decode into memory
        that is not there yet.
    """
    import torch

    if torch.cuda.is_available() and torch.cuda.get_allocator_backend() != "native":
        # compute-sanitizer saw the decoder write, in a stream of its own, to memory that CUDA's allocator by streams had not
        # given out yet (torchvision 0.26)
        raise UserError(
            "embed.decode: gpu needs torch's own allocator: take backend:cudaMallocAsync out of PYTORCH_ALLOC_CONF, or set "
            "embed.decode: cpu"
        )
    if embedder.interpolation not in ("bilinear", "bicubic"):
        raise UserError(f"embed.decode: gpu cannot resize by {embedder.interpolation}: set embed.decode: cpu")
    try:
        _by_torchvision([encode(np.zeros((64, 64, 3), np.uint8), "jpeg", 95)], device)
    except RuntimeError as error:
        raise UserError(
            f"embed.decode: gpu: torchvision cannot decode on this GPU ({decode.one_line(error)}): set embed.decode: cpu"
        ) from None


def prepare(crops: list[bytes], embedder: Embedder, device: str) -> "torch.Tensor":
    """JPEG crops as the network's input, on the device: what ``models.preprocess`` does.

    Call it in the stream that computes, and in inference mode. The filters are Pillow's, and values are rounded to
    8 bits where it rounds them: after each of its two passes. Where a value lies halfway between two levels each pass
    may take the other one. What else differs is the decoder's.

    Parameters
    ----------
    crops : list of bytes
        At least one.
    device : str
        "cuda:N", or "cpu" in tests.

    Returns
    -------
    float32 tensor, shape (n, 3, image_size, image_size)

    Raises
    ------
    torch.OutOfMemoryError
        The device does not hold so many.
    camtrap.core.errors.PictureError
        A crop that neither decoder can decode.
    """
    import torch

    images = decode_crops(crops, device)
    # all crops of a survey have one size and are resized at once; any other picture by itself
    alike = len({image.shape for image in images}) == 1
    stacks = [torch.stack(images)] if alike else [image[None] for image in images]
    pixels = torch.cat([_resized(stack.float(), embedder) for stack in stacks])
    mean, std = (torch.tensor(values, device=device)[:, None, None] for values in (embedder.mean, embedder.std))
    return (pixels / 255 - mean) / std


def decode_crops(crops: list[bytes], device: str) -> list:
    """Decode JPEGs on the device, as one batch; what it cannot decode comes from the CPU's decoder.

    Returns
    -------
    list of uint8 tensors, shape (3, height, width)
        On the device, in the crops' order.
    """
    import torch

    try:
        return _by_torchvision(crops, device)
    except RuntimeError as error:
        if out_of_memory(error):
            raise
        reason = decode.one_line(error)
    if len(crops) > 1:  # one that fails takes the whole batch with it
        return [decode_crops([data], device)[0] for data in crops]
    logging.warning("a crop is decoded on the CPU (%s)", reason)
    if device != "cpu":
        torch.cuda.synchronize(device)  # the decoder may still write to memory that it gave back
    return [torch.from_numpy(decode.decode(crops[0])).permute(2, 0, 1).to(device)]


def _by_torchvision(crops: list[bytes], device: str) -> list:
    torchvision_ops.ensure()
    import torch
    from torchvision import io

    if device != "cpu":
        # The decoder writes in a stream of its own and does not wait for ours, whose freed memory it is handed
        # (torchvision 0.28, pytorch/vision#9606): nothing of ours may be under way.
        torch.cuda.current_stream(device).synchronize()
    encoded = [torch.frombuffer(bytearray(data), dtype=torch.uint8) for data in crops]
    return io.decode_jpeg(encoded, io.ImageReadMode.RGB, device)


def _resized(pixels: "torch.Tensor", embedder: Embedder) -> "torch.Tensor":
    """Float tensor (n, 3, height, width), whole numbers 0 to 255, at the embedder's size; across, then down, as Pillow does."""
    from torch.nn.functional import interpolate

    side, mode = embedder.image_size, embedder.interpolation
    for size in ((pixels.shape[2], side), (side, side)):
        if pixels.shape[2:] != size:
            pixels = interpolate(pixels, size=size, mode=mode, antialias=True)
            pixels = (pixels + 0.5).floor().clamp(0, 255)
    return pixels
