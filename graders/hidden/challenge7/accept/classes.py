# Classes: a quantised matrix, a recipe and a trainer; double argsort prunes; one marker for each network
# independent
"""Challenge 7: make a trained network small, and find out what that costs.

    katas run challenge7

quantises, prunes and distils a network that reads digits, prints sizes and accuracies, and draws them: front.png.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import digit_network  # supplied: load_digits, load_network, fresh_network, forward, gradients, accuracy
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.ticker import PercentFormatter

Network = dict[str, np.ndarray]  # "W1" (hidden, 784), "b1" (hidden,), "W2" (10, hidden), "b2" (10,), in float32
Point = tuple[str, int, float]  # a name, the bytes, and the accuracy from 0 to 1
Tensors = dict[str, torch.Tensor]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

LIMIT = 127
LAYERS = (1, 2)
MATRICES = ("W1", "W2")


# ---- quantisation ----


@dataclass(frozen=True)
class Quantized:
    """A matrix in int8, with one scale for each row."""

    values: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, a: np.ndarray) -> Quantized:
        largest = np.abs(a).max(axis=1).astype(np.float64)
        scale = np.where(largest > 0, largest / LIMIT, 1.0)
        return cls(np.rint(a / scale[:, None]).astype(np.int8), scale)

    def floats(self) -> np.ndarray:
        return self.values * self.scale[:, None]


def quantize(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    quantized = Quantized.of(a)
    return quantized.values, quantized.scale


def dequantize(q: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return Quantized(q, scale).floats()


def integer_product(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return np.einsum("nk,mk->nm", x, w, dtype=np.int32)


def integer_layer(x: np.ndarray, q: np.ndarray, scale: np.ndarray, b: np.ndarray) -> np.ndarray:
    rows = Quantized.of(x)
    return integer_product(rows.values, q) * np.outer(rows.scale, scale) + b


def quantize_network(network: Network) -> Network:
    matrices = {i: Quantized.of(network[f"W{i}"]) for i in LAYERS}
    return (
        {f"W{i}": matrix.values for i, matrix in matrices.items()}
        | {f"scale{i}": matrix.scale.astype(np.float32) for i, matrix in matrices.items()}
        | {f"b{i}": network[f"b{i}"].astype(np.float32) for i in LAYERS}
    )


def integer_forward(network: Network, images: np.ndarray) -> np.ndarray:
    def layer(i: int, x: np.ndarray) -> np.ndarray:
        return integer_layer(x, *(network[f"{name}{i}"] for name in ("W", "scale", "b")))

    return layer(2, np.maximum(layer(1, images), 0))


# ---- pruning ----


def bytes_of(array: np.ndarray) -> int:
    mask = (array.size + 7) // 8
    return min(array.nbytes, mask + int(np.count_nonzero(array)) * array.itemsize)


def stored_bytes(network: Network) -> int:
    return sum(bytes_of(array) for array in network.values())


def without_smallest(a: np.ndarray, share: float) -> np.ndarray:
    ranks = np.abs(a).ravel().argsort().argsort().reshape(a.shape)
    return np.where(ranks < int(share * a.size), 0, a)


def prune(network: Network, share: float) -> Network:
    return {name: without_smallest(a, share) if name in MATRICES else a.copy() for name, a in network.items()}


# ---- training ----


def logits_of(parameters: Tensors, images: torch.Tensor) -> torch.Tensor:
    hidden = torch.relu(images @ parameters["W1"].T + parameters["b1"])
    return hidden @ parameters["W2"].T + parameters["b2"]


def as_tensors(network: Network) -> Tensors:
    return {name: torch.tensor(array, dtype=torch.float32) for name, array in network.items()}


def as_arrays(parameters: Tensors) -> Network:
    return {name: tensor.detach().numpy() for name, tensor in parameters.items()}


@dataclass(frozen=True)
class Recipe:
    """How to train: stochastic gradient descent with momentum, and a rate that falls to 0 in a straight line."""

    epochs: int
    rate: float
    momentum: float = 0.9
    batch_size: int = 50


@dataclass
class Trainer:
    parameters: Tensors
    recipe: Recipe
    generator: torch.Generator
    masks: Tensors = field(default_factory=dict)

    def __post_init__(self) -> None:
        for tensor in self.parameters.values():
            tensor.requires_grad_(True)
        self.velocities = {name: torch.zeros_like(tensor) for name, tensor in self.parameters.items()}

    def batches(self, n: int) -> Iterator[torch.Tensor]:
        return iter(torch.randperm(n, generator=self.generator).split(self.recipe.batch_size))

    def step(self, loss: torch.Tensor, rate: float) -> None:
        slopes = torch.autograd.grad(loss, list(self.parameters.values()))
        with torch.no_grad():
            for (name, tensor), slope in zip(self.parameters.items(), slopes, strict=True):
                velocity = self.velocities[name]
                velocity.mul_(self.recipe.momentum).add_(slope * self.masks.get(name, 1))
                tensor.sub_(rate * velocity)

    def fit(self, images: torch.Tensor, targets: torch.Tensor, loss: Loss) -> Network:
        for epoch in range(self.recipe.epochs):
            rate = self.recipe.rate * (1 - epoch / self.recipe.epochs)
            for rows in self.batches(len(images)):
                self.step(loss(logits_of(self.parameters, images[rows]), targets[rows]), rate)
        return as_arrays(self.parameters)


TUNING = Recipe(epochs=12, rate=0.03)
DISTILLING = Recipe(epochs=30, rate=0.02)
TEMPERATURE = 4.0


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def fine_tune(network: Network, images: np.ndarray, labels: np.ndarray, seed: int) -> Network:
    parameters = as_tensors(network)
    masks = {name: (tensor != 0).float() for name, tensor in parameters.items()}
    trainer = Trainer(parameters, TUNING, seeded(seed), masks)
    return trainer.fit(torch.tensor(images), torch.tensor(labels), torch.nn.functional.cross_entropy)


# ---- distillation ----


def divergence(student: torch.Tensor, teacher: torch.Tensor, temperature: float = TEMPERATURE) -> torch.Tensor:
    log_p, log_q = ((logits / temperature).log_softmax(dim=1) for logits in (teacher, student))
    return temperature**2 * (log_p.exp() * (log_p - log_q)).sum(dim=1).mean()


def distillation_loss(student: np.ndarray, teacher: np.ndarray, temperature: float) -> tuple[float, np.ndarray]:
    logits = torch.tensor(student, requires_grad=True)
    loss = divergence(logits, torch.tensor(teacher), temperature)
    (gradient,) = torch.autograd.grad(loss, logits)
    return loss.item(), gradient.numpy()


def distill(teacher: Network, images: np.ndarray, hidden: int, seed: int) -> Network:
    student = digit_network.fresh_network(hidden, np.random.default_rng(seed))
    targets = torch.tensor(digit_network.forward(teacher, images))
    return Trainer(as_tensors(student), DISTILLING, seeded(seed)).fit(torch.tensor(images), targets, divergence)


# ---- the front ----


@dataclass(frozen=True)
class Candidate:
    name: str
    size: int
    accuracy: float

    def dominates(self, other: Candidate) -> bool:
        at_least_as_good = self.size <= other.size and self.accuracy >= other.accuracy
        return at_least_as_good and (self.size < other.size or self.accuracy > other.accuracy)

    def as_point(self) -> Point:
        return self.name, self.size, self.accuracy


def pareto_front(points: list[Point]) -> list[Point]:
    candidates = [Candidate(*point) for point in points]
    front = [c for c in candidates if not any(other.dominates(c) for other in candidates)]
    return [c.as_point() for c in sorted(front, key=lambda c: c.size)]


def plot_front(points: list[Point], path: str | os.PathLike[str]) -> None:
    front = [Candidate(*point) for point in pareto_front(points)]
    figure, axes = plt.subplots(figsize=(9, 6), layout="constrained")
    axes.step([c.size / 1024 for c in front], [c.accuracy for c in front], where="post", color="black", zorder=0)
    for name, size, accuracy in points:
        axes.scatter(size / 1024, accuracy, label=name)
    axes.set(xscale="log", xlabel="size (KiB)", ylabel="digits read correctly", title="Small networks")
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    axes.legend(fontsize="x-small", ncols=2)
    figure.savefig(path)
    plt.close(figure)


if __name__ == "__main__":
    digit_network.main(sys.modules[__name__], *sys.argv[1:])
