"""What the speed bench runs on: real pictures at set sizes, crops of them, networks with random weights."""

import os
from pathlib import Path

import numpy as np

from camtrap.networks import torchvision_ops

PICTURES = Path(__file__).resolve().parents[3] / "shared" / "data" / "camera-traps"
# The section `embed` of the configuration, without the model and its weights.
OPTIONS = {
    "weights_sha256": None,
    "image_size": None,
    "storage": "float32",
    "runtime": "auto",
    "precision": "float32",
    "compile": False,
    "decode": "cpu",
    "flip": False,
}
MEGAPIXELS = {2: (1632, 1224), 3: (2048, 1536), 12: (4000, 3000)}


def sources(count: int) -> list[np.ndarray]:
    """Real camera-trap pictures (uint8 RGB), or simulated ones where there are none."""
    from camtrap.core.errors import PictureError
    from camtrap.pictures.decode import decode

    found = []
    for path in sorted(PICTURES.glob("*/images/**/*.[jJ][pP]*")):
        if path.stat().st_size > 500_000 and "edge" not in str(path):
            try:
                found.append(decode(path.read_bytes()))
            except PictureError:
                continue
        if len(found) == count:
            return found
    return found or [_noise(seed) for seed in range(count)]


def _noise(seed: int) -> np.ndarray:
    """A stand-in with detail at all scales, so that a JPEG of it is as heavy as a real one."""
    from PIL import Image

    random, total = np.random.default_rng(seed), np.zeros((1536, 2048, 3))
    for level in range(3, 11):
        small = random.integers(0, 256, (3 * 2**level // 4, 2**level, 3), dtype=np.uint8)
        total += np.asarray(Image.fromarray(small).resize((2048, 1536)), np.float64) / 2 ** (level - 2)
    return np.clip(total / 2, 0, 255).astype(np.uint8)


def pictures(folder: Path, megapixels: int, count: int) -> list[Path]:
    """Write ``count`` JPEGs (quality 90, 4:2:0) of one size, made from the sources by turns."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    width, height = MEGAPIXELS[megapixels]
    ways, paths = sources(min(count, 24)), []
    for number in range(count):
        path = folder / f"{megapixels:02d}mp_{number:03d}.jpg"
        image = Image.fromarray(ways[number % len(ways)])
        if image.height > image.width:
            image = image.transpose(Image.Transpose.ROTATE_90)
        if number >= len(ways):
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        image.resize((width, height), Image.Resampling.BICUBIC).save(path, quality=90)
        paths.append(path)
    return paths


def resnet(path: Path, name: str, images: list[Path]) -> Path:
    """A torchvision ResNet with random weights whose activations keep their scale: statistics taken on real pictures."""
    torchvision_ops.ensure()
    import torch
    import torchvision

    torch.manual_seed(0)
    network = torchvision.models.get_model(name, weights=None)
    _settle(network, images, (224, 224))
    torch.save(network.state_dict(), path)
    return path


def yolo(path: Path, name: str, images: list[Path], centred: bool = True, device: str = "cpu") -> Path:
    """A YOLOv5 with random weights that finds some boxes, as a checkpoint that the `megadetector` package loads.

    Where its batch normalisation is ``centred``, each layer magnifies what is left when the mean is taken away, and rounding
    with it: a deep random network gives other boxes in float64. If it is not, it only scales, and each convolution hands its
    inputs on with little added (:func:`_hand_on`): rounding stays rounding. The statistics are taken on ``device``.
    """
    os.environ.setdefault("YOLOv5_AUTOINSTALL", "false")
    torchvision_ops.ensure()
    import torch
    import yolov5
    from yolov5.models.yolo import DetectionModel

    models = Path(yolov5.__file__).parent / "models"
    config = next(file for file in (models / f"{name}.yaml", models / "hub" / f"{name}.yaml") if file.exists())
    torch.manual_seed(0)
    network = DetectionModel(str(config), nc=3).eval().to(device)
    network.names = {0: "animal", 1: "person", 2: "vehicle"}
    if not centred:
        _hand_on(network)
    (_settle if centred else _scale)(network, images, (448, 320))
    head = network.model[-1]
    with torch.inference_mode():
        found = network(_tensor(images[:2], (1280, 960), device))[0][..., 4].double().cpu().clamp(1e-12, 1 - 1e-12)
    # Objectness is spread, and set so that about forty anchors a picture pass 0.2, as many as a busy picture has.
    logit = torch.logit(found)
    spread = 8 / float(logit.std())
    level = float(logit.flatten().sort().values[-80]) * spread
    with torch.no_grad():
        for layer in head.m:
            weight, bias = layer.weight.view(head.na, head.no, -1), layer.bias.view(head.na, -1)
            weight[:, 4] *= spread
            bias[:, 4] = bias[:, 4] * spread - level - 1.4
            if centred:
                bias[:, 5:] += 3
            else:  # features that are not centred would give all anchors one class, at 0 or at 1
                weight[:, 5:], bias[:, 5:] = 0, 3 - torch.arange(3.0, device=device)
    torch.save({"model": network.cpu()}, path)
    return path


def yolo11(path: Path, name: str) -> Path:
    """A YOLO11 with random weights, as a checkpoint of `ultralytics`; for speed alone."""
    torchvision_ops.ensure()
    import torch
    from ultralytics import YOLO

    torch.manual_seed(0)
    model = YOLO(f"{name}.yaml")
    model.model.names = {0: "animal", 1: "person", 2: "vehicle"}
    model.save(path)
    return path


def _settle(network, images: list[Path], size: tuple[int, int]) -> None:
    """Take batch normalisation's statistics from real pictures: else activations of random networks explode or vanish."""
    import torch

    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
            module.reset_running_stats()
    network.train()
    with torch.no_grad():
        network(_tensor(images[:8], size, next(network.parameters()).device))
    network.eval()


def _hand_on(network) -> None:
    """Let each output of a convolution be one of its inputs and some noise: YOLOv5x6 with noise alone changes boxes by 130 pixels
    from float64 to float32, since 100 layers magnify rounding."""
    import torch

    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d) and module.bias is None:
                outputs, inputs, height, width = module.weight.shape
                module.weight.normal_(0, 0.3 / (inputs * height * width) ** 0.5)
                own = torch.arange(outputs, device=module.weight.device)
                module.weight[own, own % inputs, height // 2, width // 2] += 1


def _scale(network, images: list[Path], size: tuple[int, int]) -> None:
    """Let batch normalisation only scale, to a mean square of 1 on these pictures, layer after layer."""
    import torch

    def measure(module, inputs) -> None:
        module.running_mean.zero_()
        module.running_var.copy_(inputs[0].square().mean((0, 2, 3)))

    found = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    hooks = [module.register_forward_pre_hook(measure) for module in found]
    with torch.no_grad():
        network.eval()(_tensor(images[:8], size, next(network.parameters()).device))
    for hook in hooks:
        hook.remove()


def _tensor(images: list[Path], size: tuple[int, int], device="cpu"):
    import torch
    from PIL import Image

    stack = [np.asarray(Image.open(path).convert("RGB").resize(size)) for path in images]
    return torch.from_numpy(np.stack(stack)).to(device).permute(0, 3, 1, 2).float() / 255
