"""Handwritten digits: which of the ten is it?

    python bug3_plateau.py

trains a network with one hidden layer on 3 000 images and validates it on 1 000 others. The seeds passed to the
functions determine everything; torch's global generator keeps its state.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from digits import load_digits
from torch import Tensor, nn

N_TRAIN = 3000  # of the 4 000 images; the others are for validation
N_HIDDEN = 64
BATCH_SIZE = 50
LEARNING_RATE = 0.02
MOMENTUM = 0.9
PIXEL_MEAN, PIXEL_STD = 0.1307, 0.3081  # over all pixels of the training images of MNIST


@dataclass(frozen=True)
class Data:
    """Images (n, 28, 28) as load_digits returns them, and their classes (n,)."""

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
    """Return all images, split at random into those for training and those for validation."""
    images, classes = (torch.from_numpy(array) for array in load_digits())
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    train, validation = order[:N_TRAIN], order[N_TRAIN:]
    return Data(images[train], classes[train], images[validation], classes[validation])


def build_model(seed: int) -> nn.Module:
    """Return a fresh network with PyTorch's default weights, set by the seed: inputs (n, 784) → logits (n, 10)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(28 * 28, N_HIDDEN), nn.Tanh(), nn.Linear(N_HIDDEN, 10))


def standardised(images: Tensor) -> Tensor:
    """Return images (n, 28, 28) as network inputs (n, 784), with mean 0 and standard deviation 1 over all pixels."""
    pixels = images.flatten(start_dim=1) / 255
    return (pixels - PIXEL_MEAN) / PIXEL_STD


def batches(data: Data, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the training images in random order, BATCH_SIZE at a time, with their classes."""
    for rows in torch.randperm(len(data.X_train), generator=generator).split(BATCH_SIZE):
        yield standardised(data.X_train[rows]), data.y_train[rows]


def train(model: nn.Module, data: Data, *, epochs: int, seed: int) -> History:
    """Train the model in place; the seed fixes the order of the batches."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    criterion = nn.CrossEntropyLoss()
    history = History()
    for epoch in range(epochs):
        losses = []
        for inputs, classes in batches(data, generator):
            optimizer.zero_grad()
            loss = criterion(model(inputs), classes)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        history.loss.append(sum(losses) / len(losses))
        history.train_accuracy.append(accuracy(model, data.X_train, data.y_train))
        history.validation_accuracy.append(accuracy(model, data.X_validation, data.y_validation))
        print(f"epoch {epoch + 1}  loss {history.loss[-1]:.4f}  validation {history.validation_accuracy[-1]:.1%}")
    return history


@torch.no_grad()
def predict(model: nn.Module, X: Tensor) -> Tensor:
    """Return the class, 0 to 9, of every image in X: (n, 28, 28), pixels from 0 to 1 → (n,)."""
    return model(standardised(X)).argmax(dim=1)


def accuracy(model: nn.Module, X: Tensor, y: Tensor) -> float:
    """Return the share of images that the model classifies correctly."""
    return (predict(model, X) == y).float().mean().item()


if __name__ == "__main__":
    train(build_model(seed=0), load_data(seed=0), epochs=5, seed=0)
