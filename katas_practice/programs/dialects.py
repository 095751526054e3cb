# mypy: ignore-errors
"""Which of three dialects is a string of letters in? A recurrent network reads it letter by letter."""

import logging
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

N_LETTERS = 5
N_DIALECTS = 3
LENGTH = 12  # letters in a string
N_STRINGS = 560
VALIDATION_SHARE = 0.1
HABIT = 0.55  # probability that the next letter is the one that the dialect prefers; otherwise it is random
N_FEATURES = 8  # length of a letter's embedding
WIDTH = 24
BATCH_SIZE = 40
LEARNING_RATE = 0.02
CLIP = 1.0  # largest norm of a gradient
SMOOTHING = 0.02  # probability that a target takes from the right dialect and spreads over all of them
EPOCHS = 7

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Data:
    """Strings of letters (n, LENGTH) and their dialects (n,), both int64."""

    X_train: Tensor
    y_train: Tensor
    X_validation: Tensor
    y_validation: Tensor


@dataclass
class History:
    """One entry per epoch: the mean loss over its batches, and both accuracies at its end."""

    loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)


def draw_strings(n: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Draw n strings. In dialect d, a letter is usually followed by the one d + 1 places later in the alphabet."""
    dialects = np.sort(rng.integers(0, N_DIALECTS, n))
    strings = np.zeros((n, LENGTH), dtype=np.int64)
    strings[:, 0] = rng.integers(0, N_LETTERS, n)
    for place in range(1, LENGTH):
        preferred = (strings[:, place - 1] + dialects + 1) % N_LETTERS
        anything = rng.integers(0, N_LETTERS, n)
        strings[:, place] = np.where(rng.random(n) < HABIT, preferred, anything)
    return torch.tensor(strings), torch.tensor(dialects)


def load_data(seed: int) -> Data:
    """Generate the strings for this seed, put them in a random order, and split them."""
    rng = np.random.default_rng(seed)
    X, y = draw_strings(N_STRINGS, rng)
    mixed = torch.tensor(rng.permutation(N_STRINGS))
    X, y = X[mixed], y[mixed]
    n_train = N_STRINGS - round(VALIDATION_SHARE * N_STRINGS)
    return Data(X[:n_train], y[:n_train], X[n_train:], y[n_train:])


class Listener(nn.Module):
    """A network that maps strings (n, LENGTH) to logits (n, N_DIALECTS), using its state after the last letter."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(N_LETTERS, N_FEATURES)
        self.recurrent = nn.GRU(N_FEATURES, WIDTH, batch_first=True)
        self.output = nn.Linear(WIDTH, N_DIALECTS)

    def forward(self, X: Tensor) -> Tensor:
        states, _ = self.recurrent(self.embedding(X))
        return self.output(states[:, -1])


def build_model(seed: int) -> nn.Module:
    """Return a new network with weights generated from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Listener()
        nn.init.normal_(model.embedding.weight, std=1.0)
        for name, parameter in model.recurrent.named_parameters():
            if name.startswith("weight"):
                nn.init.xavier_uniform_(parameter)
    return model


def smoothed(y: Tensor) -> Tensor:
    """Return target probabilities (n, N_DIALECTS) for dialects (n,)."""
    return (1 - SMOOTHING) * F.one_hot(y, N_DIALECTS) + SMOOTHING / N_DIALECTS


def train(model: nn.Module, data: Data, *, epochs: int, seed: int) -> History:
    """Train the model in place; the seed fixes the order of the batches."""
    shuffle = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    history = History()
    for epoch in range(epochs):
        losses = []
        order = torch.randperm(len(data.X_train), generator=shuffle)
        for rows in order.split(BATCH_SIZE):
            X, y = data.X_train[rows], data.y_train[rows]
            loss = F.cross_entropy(model(X), smoothed(y))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            optimizer.step()
            losses.append(loss.item())
        history.loss.append(sum(losses) / len(losses))
        history.train_accuracy.append(accuracy(model, data.X_train, data.y_train))
        history.validation_accuracy.append(accuracy(model, data.X_validation, data.y_validation))
        log.info("epoch %3d  loss %.4f", epoch + 1, history.loss[-1])
    return history


@torch.no_grad()
def predict(model: nn.Module, X: Tensor) -> Tensor:
    """Return the predicted dialect (n,) of every string in X (n, LENGTH)."""
    return model(X).argmax(dim=1)


def accuracy(model: nn.Module, X: Tensor, y: Tensor) -> float:
    """Return the share of strings whose dialect is predicted correctly."""
    return (predict(model, X) == y).float().mean().item()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    result = train(build_model(seed=0), load_data(seed=0), epochs=EPOCHS, seed=0)
    print(f"training {result.train_accuracy[-1]:.1%}, validation {result.validation_accuracy[-1]:.1%}")
