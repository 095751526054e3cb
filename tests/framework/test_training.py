"""Optimisers: long parameters, states of PyTorch's, and the memory of a step."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import your_framework as ours
from your_framework import optimizers

from tests.framework.sides import assert_as_torch, refusal
from tests.late import torch

RNG = np.random.default_rng(7)
KINDS = ("SGD", "Adam", "AdamW")


def steps(lib, name: str, starts: list[np.ndarray]) -> list[np.ndarray]:
    """Where parameters of a bowl are after each of three steps."""
    params = [lib.tensor(start, requires_grad=True) for start in starts]
    optimizer = getattr(lib.optim if lib is torch else lib, name)(params, lr=0.1)
    found = []
    for _ in range(3):
        optimizer.zero_grad()
        for i, parameter in enumerate(params):
            (parameter**2 * (i + 1)).sum().backward()
        optimizer.step()
        found += [p.detach().numpy().copy() for p in params]
    return found


@pytest.mark.parametrize("name", KINDS)
def test_long_parameters_are_stepped_in_pieces(name: str) -> None:
    starts = [RNG.standard_normal(2 * optimizers.PIECE + 7), RNG.standard_normal(3)]
    sides = [steps(lib, name, starts) for lib in (ours, torch)]
    for got, expected in zip(*sides, strict=True):
        np.testing.assert_allclose(got, expected, 1e-10, 1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_training_goes_on_from_a_state_of_torch(name: str) -> None:
    def step(optimizer, p) -> None:
        optimizer.zero_grad()
        (p**4).sum().backward()
        optimizer.step()

    extra = {"momentum": 0.9} if name == "SGD" else {}
    p = torch.tensor(np.arange(1.0, 4.0), requires_grad=True)
    optimizer = getattr(torch.optim, name)([p], lr=0.01, **extra)
    for _ in range(3):
        step(optimizer, p)
    q = ours.tensor(p.detach().numpy(), requires_grad=True)
    resumed = getattr(ours, name)([q], lr=0.5, **extra)
    resumed.load_state_dict(optimizer.state_dict())
    for _ in range(3):
        step(optimizer, p)
        step(resumed, q)
    np.testing.assert_allclose(q.tolist(), p.tolist(), 1e-12)


def test_a_state_that_was_taken_does_not_change() -> None:
    p = ours.ones(2, requires_grad=True)
    optimizer = ours.Adam([p])
    p.sum().backward()
    optimizer.step()
    state = optimizer.state_dict()
    optimizer.step()
    assert (state["state"][0]["step"], state["state"][0]["exp_avg"].tolist()) == (1, pytest.approx([0.1, 0.1]))
    with pytest.raises(ValueError, match="groups"):
        ours.Adam([p, ours.ones(1, requires_grad=True)]).load_state_dict(state)


@pytest.mark.parametrize(("shape", "target"), [((2, 5, 3), (2, 3)), ((5,), ())])
def test_cross_entropy_of_sequences_and_of_one_sample(shape: tuple[int, ...], target: tuple[int, ...]) -> None:
    y = RNG.integers(0, 5, target)

    def loss(lib, x):
        return (torch.nn if lib is torch else lib).CrossEntropyLoss()(x, lib.tensor(y))

    assert_as_torch(loss, RNG.standard_normal(shape), rtol=1e-9)


@pytest.mark.parametrize(
    "code",
    ["CrossEntropyLoss()(lib.ones(7, 5), lib.zeros(6).long())", "BCEWithLogitsLoss()(lib.ones(6, 5), lib.zeros(6))"],
)
def test_a_target_that_does_not_fit_is_refused(code: str) -> None:
    names = [{"lib": lib, **vars(torch.nn if lib is torch else lib)} for lib in (ours, torch)]
    kinds = [refusal(lambda each=each: eval(code, each)).split()[0] for each in names]
    assert kinds[0] == kinds[1] != "nothing"


@pytest.mark.parametrize(
    ("params", "error"),
    [([], ValueError), (["p", "p"], ValueError), (["p * 2"], ValueError), (["np.ones(2)"], TypeError)],
)
def test_what_an_optimiser_refuses(params: list[str], error: type[Exception]) -> None:
    p = ours.ones(2, requires_grad=True)
    with pytest.raises(error):
        ours.SGD([eval(code, {"p": p, "np": np}) for code in params])


STEPS = """
import resource
import numpy as np
from your_framework import SGD, Conv2d, CrossEntropyLoss, Flatten, Linear, MaxPool2d, ReLU, Sequential, Tensor

model = Sequential(Conv2d(1, 8, 3), ReLU(), MaxPool2d(2), Conv2d(8, 16, 3), ReLU(), Flatten(), Linear(1936, 10))
optimizer = SGD(model.parameters(), lr=0.01)
x, y = Tensor(np.ones((32, 1, 28, 28), np.float32)), Tensor(np.zeros(32, np.int64))
for step in range(30):
    if step == 10:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    optimizer.zero_grad()
    CrossEntropyLoss()(model(x), y).backward()
    optimizer.step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep freed memory as they like")
def test_a_step_reuses_the_memory_of_the_step_before() -> None:
    """Otherwise the system hands out, and clears, several hundred pages in every step."""
    command = [sys.executable, "-c", STEPS]
    done = subprocess.run(command, cwd=Path(ours.__file__).parents[1], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 100
