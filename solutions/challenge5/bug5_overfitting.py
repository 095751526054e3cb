"""Lunch in a canteen: which of ten dishes will a guest order?

    python bug5_overfitting.py

trains a network on the orders of 600 guests and validates it on those of 1 000 others. A guest is described by
24 ratings. Most guests order the dish that suits their taste, and the others order something else for once. The seeds
passed to the functions determine everything; torch's global generator keeps its state.
"""

import logging
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

N_TRAIN, N_VALIDATION = 600, 1000
N_DISHES, N_RATINGS = 10, 24
FOR_ONCE = 0.33  # share of the guests who order any of the nine other dishes
N_HIDDEN = 128
BATCH_SIZE = 50
LEARNING_RATE = 0.05
MOMENTUM = 0.9
WEIGHT_DECAY = 0.02
EPOCHS = 30

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Data:
    """Ratings (n, 24) of the guests, and the dishes (n,) that they ordered."""

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


def load_data(seed: int) -> Data:
    """Return the guests of this seed, for training and for validation."""
    rng = np.random.default_rng(seed)
    tastes = rng.standard_normal((N_DISHES, N_RATINGS))  # mean ratings of the guests whom each dish suits
    return Data(*guests(N_TRAIN, tastes, rng), *guests(N_VALIDATION, tastes, rng))


def guests(n: int, tastes: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Draw n guests: their ratings, and what they order."""
    suits = rng.integers(N_DISHES, size=n)
    ratings = (tastes[suits] + rng.standard_normal((n, N_RATINGS))) / np.sqrt(2)
    other = (suits + rng.integers(1, N_DISHES, n)) % N_DISHES
    orders = np.where(rng.random(n) < FOR_ONCE, other, suits)
    return torch.tensor(ratings, dtype=torch.float32), torch.tensor(orders)


def build_model(seed: int) -> nn.Module:
    """Return a fresh network with PyTorch's default weights, set by the seed: ratings (n, 24) → logits (n, 10)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(N_RATINGS, N_HIDDEN),
            nn.GELU(),
            nn.Linear(N_HIDDEN, N_HIDDEN),
            nn.GELU(),
            nn.Linear(N_HIDDEN, N_DISHES),
        )


def train(model: nn.Module, data: Data, *, epochs: int, seed: int) -> History:
    """Train the model in place; the seed fixes everything that is drawn at random."""
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    history = History()
    with torch.random.fork_rng(devices=[]):  # what follows draws from the global generator
        torch.manual_seed(seed)
        for epoch in range(epochs):
            model.train()
            losses = []
            for batch in torch.randperm(len(data.X_train)).split(BATCH_SIZE):
                loss = F.cross_entropy(model(data.X_train[batch]), data.y_train[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            history.loss.append(sum(losses) / len(losses))
            history.train_accuracy.append(accuracy(model, data.X_train, data.y_train))
            history.validation_accuracy.append(accuracy(model, data.X_validation, data.y_validation))
            log.info("epoch %2d  loss %.4f", epoch + 1, history.loss[-1])
    return history


@torch.no_grad()
def predict(model: nn.Module, X: Tensor) -> Tensor:
    """Return the dish, 0 to 9, that each guest is most likely to order: (n, 24) → (n,)."""
    model.eval()
    return model(X).argmax(dim=1)


def accuracy(model: nn.Module, X: Tensor, y: Tensor) -> float:
    """Return the share of guests whose order the model predicts."""
    return (predict(model, X) == y).float().mean().item()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    result = train(build_model(seed=0), load_data(seed=0), epochs=EPOCHS, seed=0)
    print(f"training {result.train_accuracy[-1]:.1%}, validation {result.validation_accuracy[-1]:.1%}")
