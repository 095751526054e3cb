"""Tests of rendered images: a seed determines their bytes, and a network can learn their ten classes."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from graders import datasets
from graders.datasets import shapes32
from tests.late import torch


@pytest.mark.parametrize("n", [0, 1, 249, 260])
def test_any_number_of_images_can_be_rendered(n: int) -> None:
    images, labels = shapes32.render(n, seed=1)
    assert (images.shape, images.dtype) == ((n, 32, 32, 3), np.uint8)
    assert (labels.shape, labels.dtype) == ((n,), np.int64)
    if n == 260:
        assert np.bincount(labels).tolist() == [26] * 10


def test_a_seed_gives_the_same_bytes_on_every_computer() -> None:
    images, labels = shapes32.render(300, seed=7)
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    assert digest == "080bdb743fbaf5e6fd4c4aefc9c13d84846e7bc5c0d27c177eca50482c764f2e"


def test_seeds_differ_and_no_global_generator_is_used() -> None:
    np.random.seed(0)
    before = np.random.get_state()[1].tolist()
    one, other = (shapes32.render(50, seed)[0] for seed in (1, 2))
    assert not any(np.array_equal(a, b) for a in one for b in other)
    assert np.random.get_state()[1].tolist() == before


def test_a_longer_set_begins_with_the_images_of_a_shorter_one() -> None:
    np.testing.assert_array_equal(shapes32.render(500, 3)[0][:250], shapes32.render(250, 3)[0])


def test_classes_do_not_depend_on_colour_or_brightness() -> None:
    images, labels = shapes32.render(2000, seed=5)
    means = np.array([images[labels == label].mean(axis=(0, 1, 2)) for label in range(10)])
    assert means.std(axis=0).max() < 4  # of 255; a class has 200 images, whose means differ by 25


def test_the_two_parts_have_no_common_image() -> None:
    folder = datasets.folder("shapes32")
    shown, kept = np.load(folder / "images.npy"), datasets.kept_back("shapes32")
    assert (shown.shape, kept[0].shape) == ((8000, 32, 32, 3), (2000, 32, 32, 3))
    assert np.bincount(np.concatenate([np.load(folder / "labels.npy"), kept[1]])).tolist() == [1000] * 10
    assert not {image.tobytes() for image in shown} & {image.tobytes() for image in kept[0]}


@pytest.mark.deep
def test_a_small_convolutional_net_classifies_most_images() -> None:
    nn, F = torch.nn, torch.nn.functional
    images, labels = (torch.from_numpy(each) for each in shapes32.render(3500, seed=11))
    X = images.permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        stages = [
            nn.Sequential(nn.Conv2d(fan_in, fan_out, 3, 2, 1), nn.BatchNorm2d(fan_out), nn.ReLU())
            for fan_in, fan_out in ((3, 16), (16, 32), (32, 64))
        ]
        model = nn.Sequential(*stages, nn.Flatten(), nn.Linear(64 * 16, 10))
        optimizer = torch.optim.Adam(model.parameters(), 2e-3)
        for rows in torch.cat([torch.randperm(3000) for _ in range(3)]).split(60):
            optimizer.zero_grad()
            F.cross_entropy(model(X[rows]), labels[rows]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        right = (model(X[3000:]).argmax(dim=1) == labels[3000:]).double().mean().item()
    assert right > 0.8, right
