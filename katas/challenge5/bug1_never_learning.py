"""Two noisy rings, one inside the other: which ring does a point belong to?

    python bug1_never_learning.py

trains a small network on 256 points and validates it on 256 others. The seeds passed to the functions determine
everything; torch's global generator keeps its state.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

N_POINTS = 256  # for training, and as many again for validation
RADII = np.array([1.0, 2.0])  # of class 0 and of class 1
NOISE = 0.2  # standard deviation of the distance from the ring
BATCH_SIZE = 32
LEARNING_RATE = 0.05
MOMENTUM = 0.9
WEIGHT_DECAY = 1e-4

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Data:
    """Points (n, 2) in float32 and their classes (n,) in int64."""

    X_train: Tensor
    y_train: Tensor
    X_validation: Tensor
    y_validation: Tensor


@dataclass
class History:
    """One entry per epoch: mean loss over the epoch's batches, and the two accuracies after it."""

    loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)


def rings(n: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Draw n points at random from the two rings."""
    y = rng.integers(0, 2, n)
    angle = rng.uniform(0, 2 * np.pi, n)
    radius = RADII[y] + rng.normal(0, NOISE, n)
    X = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return torch.tensor(X, dtype=torch.float32), torch.tensor(y)


def load_data(seed: int) -> Data:
    """Return the training and the validation points of this seed."""
    rng = np.random.default_rng(seed)
    return Data(*rings(N_POINTS, rng), *rings(N_POINTS, rng))


def build_model(seed: int) -> nn.Module:
    """Return a fresh network with PyTorch's default weights, set by the seed: (n, 2) → logits (n, 2)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 2))


def make_optimizer(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """Return SGD with momentum; weight matrices decay, biases do not."""
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, lr=LEARNING_RATE, momentum=MOMENTUM)


def train(model: nn.Module, data: Data, *, epochs: int, seed: int) -> History:
    """Train the model in place; the seed fixes the order of the batches."""
    parameters = model.parameters()
    log.info("%d points, %d parameters", len(data.X_train), sum(p.numel() for p in parameters))
    optimizer = make_optimizer(parameters)
    shuffle = torch.Generator().manual_seed(seed)
    history = History()
    for epoch in range(epochs):
        losses = []
        for batch in torch.randperm(len(data.X_train), generator=shuffle).split(BATCH_SIZE):
            loss = F.cross_entropy(model(data.X_train[batch]), data.y_train[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        history.loss.append(sum(losses) / len(losses))
        history.train_accuracy.append(accuracy(model, data.X_train, data.y_train))
        history.validation_accuracy.append(accuracy(model, data.X_validation, data.y_validation))
        log.info("epoch %3d  loss %.4f", epoch + 1, history.loss[-1])
    return history


@torch.no_grad()
def predict(model: nn.Module, X: Tensor) -> Tensor:
    """Return the class, 0 or 1, of every point in X: (n, 2) → (n,)."""
    return model(X).argmax(dim=1)


def accuracy(model: nn.Module, X: Tensor, y: Tensor) -> float:
    """Return the share of points that the model classifies correctly."""
    return (predict(model, X) == y).float().mean().item()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    result = train(build_model(seed=0), load_data(seed=0), epochs=100, seed=0)
    print(f"training {result.train_accuracy[-1]:.1%}, validation {result.validation_accuracy[-1]:.1%}")
