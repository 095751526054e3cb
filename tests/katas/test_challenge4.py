"""challenge4's supplied modules: photos, backbones and progress."""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.machinery
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import types
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from graders import datasets
from graders.datasets import photos as rendered
from graders.datasets import shapes32
from tests.kata_modules import importable
from tests.late import torch
from tests.workshop import ROOT, write

KATA = ROOT / "katas" / "challenge4"
WAIT_S = 120  # for another process on a busy machine


@pytest.fixture
def supplied() -> Iterator[Any]:
    """Yield a function that imports a module from the kata's folder."""
    with importable(KATA) as imported:
        yield imported


def told_apart(features: np.ndarray, labels: np.ndarray, n_train: int) -> float:
    """Train a logistic regression on the first `n_train` rows and return its accuracy on the rest."""
    X, y = torch.tensor(features, dtype=torch.float64), torch.tensor(labels)
    model = torch.nn.Linear(X.shape[1], int(y.max()) + 1, dtype=torch.float64)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=1000, line_search_fn="strong_wolfe")

    def loss() -> Any:
        optimizer.zero_grad()
        wrong = torch.nn.functional.cross_entropy(model(X[:n_train]), y[:n_train], reduction="sum")
        value = wrong + model.weight.square().sum() / 2
        value.backward()
        return value

    optimizer.step(loss)
    return float((model(X[n_train:]).argmax(dim=1) == y[n_train:]).double().mean())


# The rendered photos


def test_a_seed_decides_the_rendered_photos() -> None:
    images, labels = rendered.render(13, seed=3)
    again, other = rendered.render(13, seed=3)[0], rendered.render(13, seed=4)[0]
    assert images.shape == (13, 64, 64, 3)
    assert images.dtype == np.uint8
    assert np.array_equal(images, again)
    assert not np.array_equal(images, other)
    assert sorted(np.bincount(labels)) == [2, 2, 2, 2, 2, 3]


@pytest.mark.deep
def test_no_photo_is_both_shown_and_kept_back() -> None:
    shown, (kept, classes) = np.load(datasets.folder("photos") / "images.npy"), datasets.kept_back("photos")
    assert shown.shape == (700, 64, 64, 3)
    assert kept.shape == (600, 64, 64, 3)
    assert np.bincount(classes).tolist() == [100] * 6
    assert not {image.tobytes() for image in shown} & {image.tobytes() for image in kept}


def test_the_colours_of_a_rendered_photo_do_not_tell_its_class() -> None:
    images, labels = datasets.kept_back("photos")
    colours = np.concatenate([images.mean(axis=(1, 2)), images.std(axis=(1, 2))], axis=1) / 255
    assert (
        told_apart(colours, labels, n_train=400) < 0.4
    )  # chance is 1/6; the spread of the colours reveals an object's size


def test_the_seed_picks_training_but_not_validation_photos(supplied: Any) -> None:
    load_photos = supplied("photos").load_photos
    one, again, other = load_photos(30, seed=1), load_photos(30, seed=1), load_photos(30, seed=2)
    assert one.train_images.shape == (30, 3, 32, 32)
    assert one.validation_images.shape == (200, 3, 32, 32)
    assert 0 <= one.train_images.min() < one.train_images.max() <= 1
    assert torch.equal(one.train_images, again.train_images)
    assert not torch.equal(one.train_images, other.train_images)
    assert torch.equal(one.validation_images, other.validation_images)
    with pytest.raises(ValueError, match="500 images"):
        load_photos(501)


def test_no_text_calls_a_rendered_image_a_photo() -> None:
    folders = [ROOT / place / "challenge4" for place in ("katas", "solutions", "graders/hidden")]
    paths = [path for folder in folders for path in folder.iterdir() if path.suffix in (".md", ".py", ".toml", ".svg")]
    paths += [ROOT / "docs/data.md", ROOT / "graders/datasets/data.toml"]
    called = re.compile(r"\b(rendered|public|unseen|training|validation|held-out|hundred|[136]00) photos?\b")
    found = {f"{path.name}: {each[0]}" for path in paths for each in called.finditer(path.read_text(encoding="utf-8"))}
    assert found == set()


# A learner's own folder of photos


def picture(path: Path, colour: tuple[int, int, int], mode: str = "RGB", size: tuple[int, int] = (50, 40)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).convert(mode).save(path)


def own_folder(root: Path) -> Path:
    """Write two classes of four pictures each, in many formats and sizes. Return `root`."""
    for name, mode, size in (
        ("a.png", "RGB", (300, 20)),
        ("b.jpg", "RGB", (33, 64)),
        ("c.gif", "P", (8, 8)),
        ("d.bmp", "RGB", (32, 32)),
    ):
        picture(root / "reds" / name, (250, 0, 0), mode, size)
    for name, mode in (("a.png", "RGBA"), ("b.tiff", "RGB"), ("c.webp", "RGB"), ("d.jpg", "CMYK")):
        picture(root / "blues" / name, (0, 0, 250), mode)
    return root


def test_a_folder_of_any_formats_and_sizes_is_read(tmp_path: Path, supplied: Any) -> None:
    data = supplied("photos").load_folder(own_folder(tmp_path), side=24)
    assert data.classes == ("blues", "reds")
    assert data.train_images.shape == (6, 3, 24, 24)
    assert data.validation_labels.tolist() == [0, 1]
    for images, labels in ((data.train_images, data.train_labels), (data.validation_images, data.validation_labels)):
        assert torch.equal(images[:, 0].mean(dim=(1, 2)) > 0.5, labels == 1)
        assert torch.equal(images[:, 2].mean(dim=(1, 2)) > 0.5, labels == 0)


def test_what_cannot_be_read_is_named_and_skipped(tmp_path: Path, supplied: Any) -> None:
    folder = own_folder(tmp_path)
    write(folder / "reds" / "notes.txt", "no photo")
    (folder / "reds" / "cut.jpg").write_bytes((folder / "reds" / "b.jpg").read_bytes()[:150])
    with pytest.warns(UserWarning, match="skipped") as told:
        data = supplied("photos").load_folder(folder)
    assert len(data.train_labels) + len(data.validation_labels) == 8
    assert [Path(str(each.message).split(": ")[0]).name for each in told] == ["cut.jpg", "notes.txt"]


def test_a_photo_is_rotated_by_its_exif_tag_and_keeps_16_bits(tmp_path: Path, supplied: Any) -> None:
    own_folder(tmp_path)
    half = Image.new("RGB", (40, 40), (250, 0, 0))
    half.paste((0, 250, 0), (0, 20, 40, 40))  # green at the bottom; the EXIF tag says that the camera was upside down
    exif = Image.Exif()
    exif[0x0112] = 3
    half.save(tmp_path / "reds" / "e.png", exif=exif)
    grey = np.full((20, 20), 20_000, np.uint16)
    grey[:10] = 60_000
    Image.fromarray(grey).save(tmp_path / "reds" / "f.png")
    read = supplied("photos").tensor_of
    with Image.open(tmp_path / "reds" / "e.png") as photo:
        upright = read(photo, 8)
    assert upright[1, 0, 4] > 0.9 > 0.1 > upright[1, 7, 4]
    with Image.open(tmp_path / "reds" / "f.png") as photo:
        deep = read(photo, 8)
    assert deep[0, 0, 0] > deep[0, 7, 0] + 0.5


def test_an_unsuitable_folder_is_rejected_with_the_reason(tmp_path: Path, supplied: Any) -> None:
    load_folder = supplied("photos").load_folder
    with pytest.raises(ValueError, match="no such folder"):
        load_folder(tmp_path / "nowhere")
    picture(tmp_path / "reds" / "a.png", (250, 0, 0))
    with pytest.raises(ValueError, match="found 1 sub-folder, need at least 2"):
        load_folder(tmp_path)
    picture(tmp_path / "blues" / "a.png", (0, 0, 250))
    with pytest.raises(ValueError, match="blues: found 1 readable photo, need at least 4"):
        load_folder(tmp_path)


# The small backbone


def test_the_small_backbone_knows_the_shapes_that_it_was_trained_on(supplied: Any) -> None:
    backbones = supplied("backbones")
    network = backbones.tiny()
    network.load_state_dict(backbones.tiny_weights())
    images, labels = shapes32.render(750, seed=99)
    with torch.no_grad():
        features = network.eval()(torch.tensor(images).permute(0, 3, 1, 2).float() / 255).numpy()
    assert told_apart(features, labels, n_train=500) > 0.9


def test_the_weights_are_small_and_say_how_they_were_made() -> None:
    path = KATA / "tiny.safetensors"
    assert path.stat().st_size <= 2_000_000
    with safe_open(path, "numpy") as file:
        told = json.loads(file.metadata()["made"])
    assert told["seed"] == 0
    assert told["accuracy"] > 0.95


def test_the_training_script_is_reproducible(tmp_path: Path, supplied: Any) -> None:
    script = supplied("train_tiny")
    script.N_TRAIN, script.N_TEST, script.EPOCHS = 64, 10, 1
    for name in ("one", "two"):
        script.main(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with safe_open(tmp_path / "one", "numpy") as file:
        assert set(file.keys()) == set(supplied("backbones").tiny().state_dict())


# ResNet-18


def resnet18_state() -> dict[str, torch.Tensor]:
    """Return random weights with the names and shapes of torchvision's resnet18, copied from its definition."""
    generator = torch.Generator().manual_seed(0)
    state: dict[str, torch.Tensor] = {}

    def convolution(name: str, *shape: int) -> None:
        state[f"{name}.weight"] = torch.randn(shape, generator=generator)

    def norm(name: str, width: int) -> None:
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{name}.{part}"] = torch.rand(width, generator=generator)
        state[f"{name}.num_batches_tracked"] = torch.tensor(7)

    convolution("conv1", 64, 3, 7, 7)
    norm("bn1", 64)
    before = 64
    for layer, width in enumerate((64, 128, 256, 512), start=1):
        for block in (0, 1):
            name = f"layer{layer}.{block}"
            convolution(f"{name}.conv1", width, before, 3, 3)
            norm(f"{name}.bn1", width)
            convolution(f"{name}.conv2", width, width, 3, 3)
            norm(f"{name}.bn2", width)
            if before != width:
                convolution(f"{name}.downsample.0", width, before, 1, 1)
                norm(f"{name}.downsample.1", width)
            before = width
    state["fc.weight"], state["fc.bias"] = torch.zeros(1000, 512), torch.zeros(1000)
    return state


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """Yield a folder, and the address of a server on loopback that serves its files."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_resnet18_downloads_and_checks_pytorch_weights(served: tuple[Path, str], supplied: Any) -> None:
    backbones, (folder, address) = supplied("backbones"), served
    state, file = resnet18_state(), io.BytesIO()
    torch.save(state, file)
    name = f"resnet18-{hashlib.sha256(file.getvalue()).hexdigest()[:8]}.pth"
    (folder / name).write_bytes(file.getvalue())
    network = backbones.resnet18_on_imagenet(f"{address}/{name}").eval()
    found = network.state_dict()
    assert all(torch.equal(found[key], values) for key, values in state.items() if not key.startswith("fc."))
    assert sum(parameter.numel() for parameter in network.parameters()) == 11_176_512
    assert network.n_features == 512
    with torch.no_grad():
        assert network(torch.rand(2, 3, 64, 64)).shape == (2, 512)


def test_weights_whose_hash_does_not_match_are_rejected(
    served: tuple[Path, str], supplied: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = served
    torch.save(resnet18_state(), folder / "resnet18-f37072fd.pth")
    monkeypatch.setenv("NN_KATAS_DATA_URL", f"{address}/")
    with pytest.raises(RuntimeError, match="hash"):
        supplied("backbones").resnet18_on_imagenet()


def test_unknown_backbones_and_lacking_torchvision_are_errors(supplied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backbones = supplied("backbones")
    with pytest.raises(ValueError, match="no backbone 'huge'"):
        backbones.from_torchvision("huge")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"pip install .*\[vision\]"):
        backbones.from_torchvision("resnet34")


# PyPI's torchvision needs PyTorch's CUDA build, so a module with the same structure takes its place in most tests.


def convolution(inputs: int, outputs: int, stride: int = 1) -> Any:
    return torch.nn.Conv2d(inputs, outputs, 3, stride, padding=1)


def like_resnet() -> Any:
    """Return a model with torchvision's names for the parts of a ResNet."""
    model, nn = torch.nn.Module(), torch.nn
    model.conv1, model.bn1, model.relu, model.maxpool = (
        convolution(3, 8, 2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )
    for number, (inputs, outputs) in enumerate([(8, 8), (8, 16), (16, 32), (32, 64)], start=1):
        setattr(model, f"layer{number}", nn.Sequential(convolution(inputs, outputs, 1 if number == 1 else 2)))
    model.avgpool, model.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(64, 1000)
    return model


def like_vgg() -> Any:
    """Return a model with torchvision's names for the parts of a VGG with batch norm, with two poolings."""
    model, nn = torch.nn.Module(), torch.nn
    first = [convolution(3, 8), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)]
    second = [convolution(8, 16), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)]
    model.features, model.classifier = nn.Sequential(*first, *second), nn.Linear(16, 1000)
    return model


def like_mobilenet() -> Any:
    """Return a model with torchvision's names for the parts of a MobileNet: blocks, some with a stride of two."""
    model, nn = torch.nn.Module(), torch.nn
    blocks = [(3, 8, 2), (8, 8, 1), (8, 16, 2), (16, 16, 1), (16, 32, 2)]
    model.features = nn.Sequential(*(nn.Sequential(convolution(*block), nn.ReLU()) for block in blocks))
    model.classifier = nn.Linear(32, 1000)
    return model


@pytest.fixture
def torchvision(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Put a small torchvision in its place, and return the calls of get_model."""
    asked: list[tuple[str, Any]] = []
    made = {"resnet34": like_resnet, "vgg11_bn": like_vgg, "mobilenet_v2": like_mobilenet}

    def get_model(name: str, *, weights: str | None) -> Any:
        asked.append((name, weights))
        return made[name]()

    package, models = types.ModuleType("torchvision"), types.ModuleType("torchvision.models")
    package.__spec__ = importlib.machinery.ModuleSpec("torchvision", None)
    package.models = models  # type: ignore[attr-defined]
    models.get_model = get_model  # type: ignore[attr-defined]
    models.list_models = lambda module: [*made, "densenet121"] if module is models else []  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", package)
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    return asked


@pytest.mark.parametrize(
    ("name", "channels", "sides"),
    [
        ("resnet34", [8, 8, 16, 32, 64], [16, 16, 8, 4, 2]),
        ("vgg11_bn", [8, 16], [32, 16]),
        ("mobilenet_v2", [8, 16, 32], [32, 16, 8]),
    ],
)
def test_a_torchvision_backbone_is_cut_where_pictures_get_smaller(
    supplied: Any, torchvision: list[tuple[str, Any]], name: str, channels: list[int], sides: list[int]
) -> None:
    backbone = supplied("backbones").from_torchvision(name, pretrained=False).eval()
    assert torchvision == [(name, None)]
    images = torch.rand(2, 3, 64, 64)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])  # ImageNet's
    x, shapes = (images - mean[:, None, None]) / deviation[:, None, None], []
    with torch.no_grad():
        for stage in backbone.stages:
            x = stage(x)
            shapes.append(tuple(x.shape[1:]))
        assert shapes == [(count, side, side) for count, side in zip(channels, sides, strict=True)]
        assert torch.equal(backbone(images), x.mean(dim=(2, 3)))
    assert backbone.n_features == channels[-1]


@pytest.mark.deep
@pytest.mark.parametrize("name", ["resnet18", "vgg11", "vgg16_bn", "mobilenet_v2", "mobilenet_v3_small"])
def test_a_backbone_of_the_real_torchvision_computes_its_features(supplied: Any, name: str) -> None:
    try:
        models = importlib.import_module("torchvision.models")
    except (ImportError, RuntimeError) as fault:
        pytest.skip(f"torchvision cannot be imported: {fault}")
    images = torch.rand(2, 3, 64, 64)
    torch.manual_seed(0)
    backbone = supplied("backbones").from_torchvision(name, pretrained=False).eval()
    torch.manual_seed(0)
    model = models.get_model(name, weights=None).eval()
    model.fc, model.classifier, model.avgpool = torch.nn.Identity(), torch.nn.Identity(), torch.nn.AdaptiveAvgPool2d(1)
    with torch.no_grad():
        expected = model(backbone.normalised(images))
        assert torch.allclose(backbone(images), expected, atol=1e-5)
    assert backbone.n_features == expected.shape[1]
    assert len(backbone.stages) == 5


def test_a_torchvision_backbone_has_its_learned_weights_by_default(
    supplied: Any, torchvision: list[tuple[str, Any]]
) -> None:
    supplied("backbones").from_torchvision("vgg11_bn")
    assert torchvision == [("vgg11_bn", "DEFAULT")]


def test_a_name_that_torchvision_lacks_is_an_error(supplied: Any, torchvision: list[tuple[str, Any]]) -> None:
    with pytest.raises(ValueError, match=r"torchvision has no 'resnet99'\. It has resnet34, vgg11_bn, mobilenet_v2\."):
        supplied("backbones").from_torchvision("resnet99")
    assert torchvision == []


# Ctrl-C


INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # the tests' parent process may ignore it
sys.path[:0] = [{solution!r}, {kata!r}]
import torch
torch.set_num_threads(1)
import transfer
from backbones import tiny
from photos import load_photos
data = load_photos(12)
train_epoch = transfer.train_epoch
def told(*arguments):
    train_epoch(*arguments)
    print("an epoch", flush=True)
transfer.train_epoch = told
run = transfer.feature_extraction(tiny(), data, epochs=100_000, seed=0)
print("kept", len(run.history), flush=True)
"""


@pytest.mark.deep
def test_ctrl_c_keeps_the_completed_epochs() -> None:
    program = INTERRUPTED.format(solution=str(ROOT / "solutions" / "challenge4"), kata=str(KATA))
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}) as run:
        assert run.stdout is not None
        assert [run.stdout.readline().strip() for _ in range(3)] == ["an epoch"] * 3
        run.send_signal(signal.SIGINT)
        rest, _ = run.communicate(timeout=WAIT_S)
    kept = rest.strip().split("\n")[-1]
    assert kept.startswith("kept ")
    assert int(kept.split()[1]) >= 2
    assert run.returncode == 0
