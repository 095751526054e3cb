"""Provide the judge's copy of the small network and its images, and compute results from a run's weights."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps

from graders import datasets
from graders.datasets import photos

torch.set_num_threads(1)  # for networks this small, a second thread is no faster, and on a busy machine it is slower

FOLDER = Path(__file__).parents[3] / "katas" / "challenge4"
N_STAGES, N_FEATURES = 5, 128
N_VALIDATION = 200  # the last images of the data set, as in photos.load_photos
PREFIXES = (("conv1.", "bn1."), ("layer1.",), ("layer2.",), ("layer3.",), ("layer4.",))  # prefixes of names, by stage
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")

State = Mapping[str, np.ndarray]
Parts = list[np.ndarray]


@functools.cache
def supplied() -> ModuleType:
    spec = importlib.util.spec_from_file_location("_challenge4_backbones", FOLDER / "backbones.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shipped_weights() -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return dict(load_file(FOLDER / "tiny.safetensors"))


def shaken_weights(seed: int) -> dict[str, np.ndarray]:
    """Return the shipped weights with added noise, so that no submission knows them.

    The noise has a tenth of each array's standard deviation.
    """
    rng = np.random.default_rng(seed)
    state = shipped_weights()
    for name, values in state.items():
        if values.dtype == np.float32 and not name.endswith("running_var"):
            noise = 0.1 * values.std() * rng.standard_normal(values.shape)
            state[name] = (values + noise).astype(np.float32)
    return state


def fresh_weights(seed: int) -> dict[str, np.ndarray]:
    """Return weights that have learned nothing."""
    return {name: values.numpy() for name, values in supplied().tiny(seed).state_dict().items()}


def flat(state: State) -> np.ndarray:
    """Return all weights in one array, sorted by name. Probes split the array again."""
    return np.concatenate([state[name].ravel().astype(np.float32) for name in sorted(state)])


def stages_of(names: Sequence[str]) -> list[int]:
    """Return, for each of these parameters and statistics, the number of its stage."""
    return [next(stage for stage, starts in enumerate(PREFIXES) if name.startswith(starts)) for name in names]


def network_of(state: State) -> Any:
    """Return the small network with these weights, in evaluation mode. Raise AssertionError if they don't fit."""
    network = supplied().tiny()
    expected = {name: tuple(values.shape) for name, values in network.state_dict().items()}
    found = {name: tuple(values.shape) for name, values in state.items()}
    if found != expected:
        odd = sorted(set(expected.items()) ^ set(found.items()))[0][0]
        raise AssertionError(f"the run's backbone isn't a copy of the one passed in: {odd} differs")
    network.load_state_dict({name: torch.tensor(values) for name, values in state.items()})
    return network.eval()


@torch.no_grad()
def logits_of(run: Mapping[str, Any], images: np.ndarray) -> np.ndarray:
    """Return the logits of a run's backbone and head for images (n, height, width, 3) uint8."""
    weight, bias = (torch.tensor(values) for values in run["head"])
    return np.asarray(F.linear(network_of(run["backbone"])(tensor(images)), weight, bias))


@torch.no_grad()
def stage_outputs(state: State, image: np.ndarray) -> list[np.ndarray]:
    """Return the output (channels, height, width) of each stage for one image."""
    network = network_of(state)
    x, found = network.normalised(tensor(image[None])), []
    for stage in network.stages:
        x = stage(x)
        found.append(np.asarray(x[0]))
    return found


def loss_and_accuracy(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    loss = F.cross_entropy(torch.tensor(logits, dtype=torch.float64), torch.tensor(labels)).item()
    return loss, float(np.mean(logits.argmax(axis=1) == labels))


def tensor(images: np.ndarray) -> torch.Tensor:
    return torch.tensor(images).permute(0, 3, 1, 2).float() / 255


@functools.cache
def hidden_photos() -> tuple[np.ndarray, np.ndarray]:
    """Return the judge's own photos, reduced to 32 × 32, and their classes."""
    images, labels = datasets.kept_back("photos")
    n, side, *_ = images.shape
    small = images.reshape(n, side // 2, 2, side // 2, 2, 3).mean(axis=(2, 4))
    return small.round().astype(np.uint8), labels


@functools.cache
def validation_photos() -> tuple[np.ndarray, np.ndarray]:
    """Return the public validation images, reduced to 32 × 32 as in photos.load_photos, and their classes."""
    place = datasets.folder("photos")
    images = np.load(place / "images.npy", mmap_mode="r")[-N_VALIDATION:]
    return shrunk(images), np.load(place / "labels.npy")[-N_VALIDATION:]


def unseen_photos(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Render new 32 × 32 images, and return them with their classes."""
    images, labels = photos.render(n, seed)
    return shrunk(images), labels


def shrunk(images: np.ndarray) -> np.ndarray:
    """Shrink images (n, 64, 64, 3) uint8 to (n, 32, 32, 3), as the supplied module does."""
    return np.stack([np.asarray(ImageOps.fit(Image.fromarray(image), (32, 32))) for image in images])


def drawn_photos(seed: int, n_train: int, n_validation: int, n_classes: int = 6) -> Parts:
    """Draw images of `n_classes` classes. Return images and labels for training, then for validation.

    Every class has a training image, so an answer that takes the number of classes from the labels isn't failed by
    chance. Classes without images are a matter of the task `kinds`.
    """
    (images, labels), rng = hidden_photos(), np.random.default_rng(seed)
    rows = rng.permutation(np.flatnonzero(labels < n_classes))
    while len(np.unique(labels[rows[:n_train]])) < n_classes:
        rows = rng.permutation(rows)
    train, others = rows[:n_train], rows[n_train : n_train + n_validation]
    return [images[train], labels[train], images[others], labels[others]]
