"""Handwritten digits with cheap labels: which of the ten is it?

    python bug5_overfitting.py

trains a wide network with dropout on 500 images that were labelled in a hurry, about half of them wrongly, and
validates it on 1 000 images with correct labels. The seeds passed to the functions determine everything; torch's
global generator keeps its state.
"""

import logging
from dataclasses import dataclass, field

import numpy as np
import torch
from digits import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

N_TRAIN, N_VALIDATION = 500, 1000
MISLABELLED = 0.5  # share of the training labels that are wrong: any of the other nine classes
N_HIDDEN = 256
INPUT_DROPOUT, HIDDEN_DROPOUT = 0.5, 0.8
BATCH_SIZE = 50
LEARNING_RATE = 0.03
MOMENTUM = 0.9
EPOCHS = 45

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Data:
    """Images (n, 784), pixels from 0 to 1, and their labels (n,)."""

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
    """Return the digits of this seed: a few with hasty labels for training, and others for validation."""
    rng = np.random.default_rng(seed)
    images, classes = load_digits()
    order = rng.permutation(len(images))
    X, y = torch.from_numpy(images[order]).flatten(start_dim=1), classes[order]
    wrong = rng.random(N_TRAIN) < MISLABELLED
    labels = np.where(wrong, (y[:N_TRAIN] + rng.integers(1, 10, N_TRAIN)) % 10, y[:N_TRAIN])
    rest = slice(N_TRAIN, N_TRAIN + N_VALIDATION)
    return Data(X[:N_TRAIN], torch.from_numpy(labels), X[rest], torch.from_numpy(y[rest]))


def build_model(seed: int) -> nn.Module:
    """Return a fresh network with PyTorch's default weights, set by the seed: images (n, 784) → logits (n, 10)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Dropout(INPUT_DROPOUT),
            nn.Linear(28 * 28, N_HIDDEN),
            nn.GELU(),
            nn.Dropout(HIDDEN_DROPOUT),
            nn.Linear(N_HIDDEN, 10),
        )


def train(model: nn.Module, data: Data, *, epochs: int, seed: int) -> History:
    """Train the model in place; the seed fixes the order of the batches and which units dropout drops."""
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    history = History()
    model.train()
    with torch.random.fork_rng(devices=[]):  # dropout draws from the global generator
        torch.manual_seed(seed)
        for epoch in range(epochs):
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
    """Return the class, 0 to 9, of every image in X, by the whole network: (n, 784) → (n,)."""
    model.eval()
    return model(X).argmax(dim=1)


def accuracy(model: nn.Module, X: Tensor, y: Tensor) -> float:
    """Return the share of images for which the model predicts the label."""
    return (predict(model, X) == y).float().mean().item()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    result = train(build_model(seed=0), load_data(seed=0), epochs=EPOCHS, seed=0)
    print(f"training {result.train_accuracy[-1]:.1%}, validation {result.validation_accuracy[-1]:.1%}")
