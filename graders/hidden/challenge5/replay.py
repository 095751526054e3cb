"""Checks of training runs and networks that the hidden tests of all bugs share.

Each test module contains the judge's own copy of its program's data, network and training.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.sgd import sgd

from graders import datasets
from graders.checks import MadeUpClasses

# The first task of each program doesn't ask for this very training, so the judge doesn't repeat it. Instead, the
# network learns targets that the judge has made up. No weights or tables that were submitted can contain them.
MADE_UP = "trained on made-up targets"
CLEAR = 0.5  # share of the unseen digits that are asked for, those farthest from the limit between two made-up classes
MOST_ROWS = 1_000_000  # in all batches of a training run together; the solution's longest run has 25 600


TRAINED = """import torch, {name} as program
torch.set_num_threads(1)
model, data = program.build_model({seed}), program.load_data({seed})
{made_up}
fresh = [each.detach().clone() for each in model.parameters()]
before = {measured}
history = program.train(model, data, epochs={epochs}, seed={seed})
print("{what}:", before, "before and", {measured}, "after training")
print("parameters that changed:", [not torch.equal(*pair) for pair in zip(fresh, model.parameters())])
{report}
print("history:", history)"""
ACCURACY = {
    "what": "validation accuracy",
    "measured": "(program.predict(model, data.X_validation) == data.y_validation).float().mean().item()",
}


def trained_by(name: str, seed: int, epochs: int, *, made_up: str = "", report: str = "", **measure: str) -> str:
    """Return a learner's program that trains as a probe does, and prints what the tests look at.

    The lines `made_up` write other targets over those in `data`. `report` prints more about the trained model. `what`
    names the expression `measured`, by default the validation accuracy.
    """
    text = TRAINED.format(name=name, seed=seed, epochs=epochs, made_up=made_up, report=report, **ACCURACY | measure)
    return "\n".join(line for line in text.splitlines() if line)


PREDICTED = """import torch, {name} as program
torch.set_num_threads(1)
trained = []
for number in {seeds}:
    model, data = program.build_model(number), program.load_data(number)
    program.train(model, data, epochs={epochs}, seed=number)
    trained.append((model, {asked}[:40], program.predict(model, {asked}[:40]).double()))
for model, rows, first in trained:
    backwards = program.predict(model, rows.flip(0)).flip(0).double()
    alone = torch.cat([program.predict(model, row[None]) for row in rows]).double()
    for other in (program.predict(model, rows).double(), backwards, alone):
        print("the largest difference from the first predictions:", (other - first).abs().max().item())
print()"""


def predicted_by(name: str, seeds: list[int], epochs: int, asked: str = "data.X_validation") -> str:
    """Return a learner's program that predicts with several networks: again, in reverse order and row by row."""
    return PREDICTED.format(name=name, seeds=seeds, epochs=epochs, asked=asked)


class Descent:
    """Takes the steps of torch.optim.SGD, but is quicker.

    The weights of matrices decay, those of biases don't.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float, weight_decay: float = 0.0) -> None:
        self.parameters = list(parameters)
        self.velocities: list[Tensor | None] = [None] * len(self.parameters)
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay

    def step(self, loss: Tensor) -> None:
        """Take a step down the gradient of a loss."""
        gradients = list(torch.autograd.grad(loss, self.parameters))
        with torch.no_grad():
            for parameter, gradient in zip(self.parameters, gradients, strict=True):
                if parameter.ndim > 1:
                    gradient += self.weight_decay * parameter
            sgd(
                self.parameters,
                gradients,
                self.velocities,
                foreach=False,
                weight_decay=0.0,
                momentum=self.momentum,
                lr=self.lr,
                dampening=0.0,
                nesterov=False,
                maximize=False,
            )


class Data(NamedTuple):
    X_train: np.ndarray
    y_train: np.ndarray
    X_validation: np.ndarray
    y_validation: np.ndarray


class Replay(NamedTuple):
    """The final weights of the judge's own training, and its losses and accuracies after every epoch."""

    weights: list[np.ndarray]
    loss: list[float]
    train_accuracy: list[float]
    validation_accuracy: list[float]


@lru_cache
def shown_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels (4000, 784) from 0 to 1 and the classes of all digits that submissions can read."""
    place = datasets.folder("mnist")
    images, classes = np.load(place / "images.npy"), np.load(place / "labels.npy")
    return images.reshape(-1, 784).astype(np.float32) / 255, classes


def clear_digits(made_up: MadeUpClasses) -> tuple[np.ndarray, np.ndarray]:
    """Return the digits that submissions never see, as images (n, 28, 28) from 0 to 255, with clear made-up classes."""
    images, _ = datasets.kept_back("mnist")
    pixels = images.reshape(-1, 784) / 255
    clear = made_up.clear(pixels, CLEAR)
    return images[clear], made_up.of(pixels[clear])


def weights_of(network: nn.Module) -> list[np.ndarray]:
    return [parameter.detach().numpy().copy() for parameter in network.parameters()]


def tanh_logits(weights: list[np.ndarray], X: np.ndarray) -> np.ndarray:
    """Return the float64 logits of a network of affine layers with these weights, with tanh between the layers."""
    W, b, *later = (array.astype(np.float64) for array in weights)
    z = X @ W.T + b
    for W, b in zip(later[::2], later[1::2], strict=True):
        z = np.tanh(z) @ W.T + b
    return z


def share_right(weights: list[np.ndarray], X: np.ndarray, y: np.ndarray) -> float:
    """Return the accuracy of a network of affine layers with these weights, with tanh between the layers."""
    return float(np.mean(tanh_logits(weights, X).argmax(axis=1) == y))


def distance(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    return float(np.sqrt(sum(np.sum((x.astype(np.float64) - y) ** 2) for x, y in zip(a, b, strict=True))))


def assert_shapes(weights: list[np.ndarray], expected: list[tuple[int, ...]]) -> None:
    shapes = [array.shape for array in weights]
    assert shapes == expected, f"the network's parameters have the shapes {shapes} instead of {expected}"


def assert_fresh(weights: list[np.ndarray], fresh: list[np.ndarray], seed: int) -> None:
    """Assert that the weights are the seed's initial weights, bit for bit."""
    same = all(np.array_equal(a, b) for a, b in zip(weights, fresh, strict=True))
    assert same, f"build_model({seed}) doesn't return the fresh network of this seed"


def assert_classes(classes: np.ndarray, logits: np.ndarray, rows: str, whose: str = "the model's own weights") -> None:
    """Assert that the predicted classes have the largest logits. If two logits are tied, either class is right."""
    assert classes.shape == (len(logits),), f"predict returns shape {classes.shape} for {len(logits)} {rows}"
    best = np.sort(logits, axis=1)
    clear = best[:, -1] - best[:, -2] > 1e-3  # sums of up to 784 float32 terms are off by about 1e-5
    different = int(np.sum(clear & (classes != logits.argmax(axis=1))))
    assert different == 0, f"predict: {different} of {len(logits)} classes differ from those that {whose} give"


def batches_by_content(batches: np.ndarray, sizes: list[int], X_train: np.ndarray, rows: str) -> list[Tensor]:
    """Return the reported batches as row numbers, by finding the rows of X_train that have the same bits."""
    assert len(batches) <= MOST_ROWS, (
        f"{len(batches):,} {rows} in all batches together; at most {MOST_ROWS:,} are checked"
    )
    row_of = {row.tobytes(): number for number, row in enumerate(X_train)}
    found = [row_of.get(row.tobytes()) for row in batches.astype(np.float32)]
    strangers = found.count(None)
    assert strangers == 0, f"the network was trained on {strangers} {rows} that aren't among the training {rows}"
    return list(torch.tensor(found, dtype=torch.int64).split(sizes))


def assert_whole_epochs(batches: list[Tensor], epochs: int, batch_size: int, n_train: int, rows: str) -> None:
    """Assert that every epoch uses every training row once, in batches of this size."""
    sizes = sorted({len(batch) for batch in batches})
    per_epoch = n_train // batch_size
    assert len(batches) == epochs * per_epoch, (
        f"{epochs} epochs have {epochs * per_epoch} batches, but the optimizer took {len(batches)} steps"
    )
    assert sizes == [batch_size], f"batches have {sizes} {rows} instead of {batch_size}"
    for epoch in range(epochs):
        numbers = torch.cat(batches[epoch * per_epoch : (epoch + 1) * per_epoch])
        seen = len(numbers.unique())
        assert seen == n_train, f"epoch {epoch + 1} uses only {seen} of the {n_train} training {rows}"
