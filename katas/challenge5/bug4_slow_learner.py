"""Handwritten digits, in thick ink and in thin: which of the ten is it?

    python bug4_slow_learner.py

trains a network with one hidden layer on 2 000 images and validates it on 1 000 others, all brought to the same
contrast. The seeds passed to the functions determine everything; torch's global generator keeps its state.
"""

import logging
import time
from dataclasses import dataclass, field

import torch
from digits import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

N_TRAIN, N_VALIDATION = 2000, 1000
N_HIDDEN = 64
BATCH_SIZE = 40
LEARNING_RATE = 0.01
MOMENTUM = 0.9

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Split:
    """Images (n, 28, 28), pixels from 0 to 1, and their classes y (n,)."""

    images: Tensor
    y: Tensor

    @property
    def X(self) -> Tensor:
        """The network's inputs (n, 784): every image with mean 0 and standard deviation 1 over its own pixels."""
        pixels = self.images.flatten(start_dim=1)
        return (pixels - pixels.mean(dim=1, keepdim=True)) / pixels.std(dim=1, keepdim=True)


@dataclass(frozen=True)
class Data:
    """The images for training and the images for validation."""

    train: Split
    validation: Split


@dataclass
class History:
    """One entry per epoch: mean loss over the epoch's batches, and the two accuracies after it."""

    loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)


def load_data(seed: int) -> Data:
    """Return the digits of this seed, split at random."""
    images, classes = (torch.from_numpy(array) for array in load_digits())
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    train, validation = order[:N_TRAIN], order[N_TRAIN : N_TRAIN + N_VALIDATION]
    return Data(Split(images[train], classes[train]), Split(images[validation], classes[validation]))


def build_model(seed: int) -> nn.Module:
    """Return a fresh network with PyTorch's default weights, set by the seed: inputs (n, 784) → logits (n, 10)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(28 * 28, N_HIDDEN), nn.Tanh(), nn.Linear(N_HIDDEN, 10))


def train(model: nn.Module, data: Data, *, epochs: int, seed: int) -> History:
    """Train the model in place; the seed fixes the order of the batches."""
    shuffle = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    history = History()
    for epoch in range(epochs):
        start = time.perf_counter()
        losses = []
        for batch in torch.randperm(len(data.train.y), generator=shuffle).split(BATCH_SIZE):
            loss = F.cross_entropy(model(data.train.X[batch]), data.train.y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        history.loss.append(sum(losses) / len(losses))
        history.train_accuracy.append(accuracy(model, data.train))
        history.validation_accuracy.append(accuracy(model, data.validation))
        log.info("epoch %2d  loss %.4f  %.2f s", epoch + 1, history.loss[-1], time.perf_counter() - start)
    return history


@torch.no_grad()
def predict(model: nn.Module, X: Tensor) -> Tensor:
    """Return the class, 0 to 9, of every row of X: (n, 784), images as in Split.X → (n,)."""
    return model(X).argmax(dim=1)


def accuracy(model: nn.Module, split: Split) -> float:
    """Return the share of images that the model classifies correctly."""
    return (predict(model, split.X) == split.y).float().mean().item()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    result = train(build_model(seed=0), load_data(seed=0), epochs=5, seed=0)
    print(f"training {result.train_accuracy[-1]:.1%}, validation {result.validation_accuracy[-1]:.1%}")
