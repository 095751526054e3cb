"""Losses, optimisers step by step, batches: beside PyTorch's."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import your_framework as ours
from hypothesis import given, settings
from hypothesis import strategies as st
from your_framework import optimizers

from tests.framework.sides import assert_as_torch, refusal
from tests.late import torch

RNG = np.random.default_rng(7)
X, Y = RNG.standard_normal((6, 5)), RNG.standard_normal((6, 5))
CLASSES = np.array([0, 4, 2, -100, 1, 1])

LOSSES = {  # made by code for both libraries: input and target
    "MSELoss({r})": (X, Y),
    "L1Loss({r})": (X, Y),
    "BCEWithLogitsLoss({r})": (X, RNG.uniform(0, 1, (6, 5))),
    "BCEWithLogitsLoss(lib.tensor(W), pos_weight=lib.tensor(V), {r})": (X, RNG.integers(0, 2, (6, 5)).astype(float)),
    "CrossEntropyLoss({r})": (X, CLASSES),
    "CrossEntropyLoss({r}, label_smoothing=0.2)": (X, CLASSES),
    "CrossEntropyLoss(lib.tensor(W), {r})": (X, CLASSES),
    "CrossEntropyLoss(lib.tensor(W), ignore_index=1, label_smoothing=0.3, {r})": (X, np.abs(CLASSES) % 5),
    "CrossEntropyLoss({r}) ": (RNG.standard_normal((2, 5, 3)), RNG.integers(0, 5, (2, 3))),
    "CrossEntropyLoss({r})  ": (RNG.standard_normal(5), np.array(3)),
}
W, V = RNG.uniform(0.5, 2, 5), RNG.uniform(0.5, 2, 5)


def loss_of(lib, code: str):
    """A loss, whose own tensors are W and V."""
    return eval(f"layers.{code.strip()}", {"layers": torch.nn if lib is torch else ours, "lib": lib, "W": W, "V": V})


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("code", LOSSES)
def test_a_loss(code: str, reduction: str) -> None:
    full = code.format(r=f"reduction='{reduction}'")
    assert_as_torch(lambda lib, x, y: loss_of(lib, full)(x, y.detach()), *LOSSES[code], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses_of_large_logits(dtype: str) -> None:
    x = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 1e4]], dtype)
    for code in ("CrossEntropyLoss()", "CrossEntropyLoss(label_smoothing=0.1)"):
        assert_as_torch(lambda lib, x, code=code: loss_of(lib, code)(x, lib.tensor([1, 2])), x, rtol=1e-6)
    y = (x > 0).astype(dtype)
    assert_as_torch(lambda lib, x: loss_of(lib, "BCEWithLogitsLoss()")(x, lib.tensor(y)), x, rtol=1e-6)
    assert_as_torch(lambda lib, x: loss_of(lib, "BCEWithLogitsLoss()")(x, lib.tensor(1 - y)), x, rtol=1e-6)


def test_no_target_that_counts_is_no_number() -> None:
    target = np.array([-100, -100])
    assert_as_torch(lambda lib, x: loss_of(lib, "CrossEntropyLoss()")(x, lib.tensor(target)), X[:2])


@pytest.mark.parametrize(
    ("code", "y"),
    [
        ("CrossEntropyLoss()", np.zeros(5, int)),
        ("CrossEntropyLoss()", np.full(6, 5)),
        ("CrossEntropyLoss()", np.full(6, -1)),
        ("CrossEntropyLoss(reduction='most')", np.zeros(6, int)),
        ("BCEWithLogitsLoss()", np.zeros(6)),
    ],
)
def test_what_a_loss_refuses(code: str, y: np.ndarray) -> None:
    kinds = [
        refusal(lambda lib=lib: loss_of(lib, code)(lib.tensor(X), lib.tensor(y))).split()[0] for lib in (ours, torch)
    ]
    assert kinds[0] == kinds[1] != "nothing"


# ------------------------------------------------------------------------------------------- optimisers

RATES = st.sampled_from([0.0, 0.1, 0.5])
SETTINGS = {
    "SGD": st.fixed_dictionaries({"lr": st.just(0.1), "momentum": RATES, "weight_decay": RATES}).flatmap(
        lambda s: st.sampled_from([{}, {"dampening": 0.3}, {"nesterov": True}][: 3 if s["momentum"] else 2]).map(
            s.__or__
        )
    ),
    "Adam": st.fixed_dictionaries(
        {
            "lr": st.just(0.05),
            "betas": st.sampled_from([(0.9, 0.999), (0.0, 0.5)]),
            "weight_decay": RATES,
            "eps": st.just(1e-3),
        }
    ),
    "AdamW": st.fixed_dictionaries({"lr": st.just(0.05)}, optional={"weight_decay": RATES}),
}
SHAPES = (3, 4), (), (5,), (2, 1, 2)


def paths(lib, name: str, groups: list[dict], live: list[set[int]], starts: list[np.ndarray]) -> list[np.ndarray]:
    """Where parameters of a bowl are after every step, if those in `live` have gradients in it."""
    params = [lib.tensor(start, requires_grad=True) for start in starts]
    kinds = lib.optim if lib is torch else lib
    halves = params[::2], params[1::2]
    optimizer = getattr(kinds, name)([{"params": half, **group} for half, group in zip(halves, groups, strict=True)])
    found = []
    for step, chosen in enumerate(live):
        optimizer.zero_grad()
        assert [p.grad for p in params] == [None] * len(params)
        for i in chosen:
            (params[i] ** 2 * (i + 1)).sum().backward()
        if step == 4:
            optimizer.param_groups[0]["lr"] = 0.01
        optimizer.step()
        found += [p.detach().numpy().copy() for p in params]
    return found


@pytest.mark.parametrize("name", SETTINGS)
@settings(max_examples=25)
@given(data=st.data())
def test_an_optimiser_takes_the_steps_of_torch(name: str, data: st.DataObject) -> None:
    groups = [data.draw(SETTINGS[name], label="group") for _ in range(2)]
    live = data.draw(st.lists(st.sets(st.integers(0, 3)), min_size=8, max_size=8), label="parameters with gradients")
    starts = [RNG.standard_normal(shape) for shape in SHAPES]
    for got, expected in zip(*[paths(lib, name, groups, live, starts) for lib in (ours, torch)], strict=True):
        np.testing.assert_allclose(got, expected, 1e-10, 1e-12)


@pytest.mark.parametrize("name", SETTINGS)
def test_long_parameters_are_stepped_in_pieces(name: str) -> None:
    starts = [RNG.standard_normal(2 * optimizers.PIECE + 7)] + [RNG.standard_normal(3)] * 3
    sides = [paths(lib, name, [{"lr": 0.1}] * 2, [{0, 1, 2, 3}] * 3, starts) for lib in (ours, torch)]
    for got, expected in zip(*sides, strict=True):
        np.testing.assert_allclose(got, expected, 1e-10, 1e-12)


@pytest.mark.parametrize("name", SETTINGS)
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


def test_what_an_optimiser_refuses() -> None:
    p = ours.ones(2, requires_grad=True)
    for wrong in ({"lr": -1}, {"momentum": -0.1}, {"weight_decay": -1}, {"nesterov": True}):
        with pytest.raises(ValueError):
            ours.SGD([p], **wrong)
    for wrong in ({"lr": -1}, {"betas": (1.0, 0.9)}, {"eps": -1}):
        with pytest.raises(ValueError):
            ours.Adam([p], **wrong)
    for params, error in (([], ValueError), ([p, p], ValueError), ([p * 2], ValueError), ([np.ones(2)], TypeError)):
        with pytest.raises(error):
            ours.SGD(params)
    assert len(ours.SGD(q for q in [p]).param_groups[0]["params"]) == 1


# ------------------------------------------------------------------------------------------------ batches


@settings(max_examples=60)
@given(
    st.integers(0, 20), st.integers(1, 8), st.booleans(), st.booleans(), st.sampled_from(["arrays", "pairs", "numbers"])
)
def test_every_sample_comes_once_in_an_epoch(n: int, size: int, shuffle: bool, drop: bool, kind: str) -> None:
    x, y = np.arange(n, dtype=np.float32), np.arange(n) * 10
    dataset = {"arrays": (x, ours.tensor(y)), "pairs": list(zip(x, y, strict=True)), "numbers": y.tolist()}[kind]
    loader = ours.DataLoader(dataset, size, shuffle=shuffle, drop_last=drop)
    for _ in range(2):
        batches = list(loader)
        kept = n // size * size if drop else n
        assert [len(batch[0]) for batch in batches] == [size] * (kept // size) + [kept % size] * (kept % size > 0)
        assert len(loader) == len(batches)
        found = [value for batch in batches for value in batch[-1].tolist()]
        if kind != "numbers":
            assert [10 * value for batch in batches for value in batch[0].tolist()] == found
            assert {(batch[0].dtype, batch[1].dtype) for batch in batches} <= {(x.dtype, y.dtype)}
        if shuffle:
            assert len(set(found)) == kept
            assert set(found) <= set(y.tolist())
        else:
            assert found == y[:kept].tolist()


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
