"""Supplied: compare training steps of your framework with PyTorch's: `pytest katas/meta --benchmark-only`

A step is zero_grad, forward pass, loss, backward pass and optimiser step, in float32. pytest-benchmark prints a table
for each network; `--benchmark-columns=median,iqr` shortens it. With OMP_NUM_THREADS=1 in front, both sides use one
thread.
"""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

NETWORKS = {  # the layers, the optimiser, and the shape of a batch
    "784-128-10 with Adam": ([("Linear", 784, 128), ("ReLU",), ("Linear", 128, 10)], "Adam", (64, 784)),
    "a convolution with SGD": (
        [("Conv2d", 1, 8, 3), ("ReLU",), ("MaxPool2d", 2), ("Flatten",), ("Linear", 1352, 10)], "SGD", (32, 1, 28, 28)
    ),
}  # fmt: skip


@pytest.fixture
def your_framework(request, monkeypatch):
    """Your framework, or the one that --against names."""
    tree = request.config.getoption("--against") or "katas"
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / tree / "meta")
    yield importlib.import_module("your_framework")
    for name in [name for name in sys.modules if name.partition(".")[0] == "your_framework"]:
        del sys.modules[name]


@pytest.fixture
def pytorch():
    torch = pytest.importorskip("torch")
    return SimpleNamespace(**vars(torch.nn), SGD=torch.optim.SGD, Adam=torch.optim.Adam, Tensor=torch.from_numpy)


@pytest.mark.parametrize("framework", ["your_framework", "pytorch"])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_training_step(benchmark, request, network, framework):
    benchmark.group, (layers, optimizer, shape) = network, NETWORKS[network]
    nn, rng = request.getfixturevalue(framework), np.random.default_rng(0)
    x, y = nn.Tensor(rng.random(shape, dtype=np.float32)), nn.Tensor(rng.integers(0, 10, shape[0]))
    model = nn.Sequential(*(getattr(nn, name)(*sizes) for name, *sizes in layers))
    optimizer, criterion = getattr(nn, optimizer)(model.parameters(), lr=0.001), nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    first = step()
    benchmark(step)
    assert step() < first
