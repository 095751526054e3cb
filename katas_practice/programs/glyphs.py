# mypy: ignore-errors
"""A convolutional network that recognises five signs in small grey pictures: centred in training, shifted in use."""

import logging
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDE = 10  # height and width of a picture, in pixels
SIGNS = ("bar", "pole", "cross", "frame", "slash")
N_PER_SIGN = 40  # training pictures of each sign
N_VALIDATION = 300
NOISE = 35.0  # standard deviation of the noise in a pixel; white is 255
SHIFT = 2  # in use, a sign is at most this many pixels off the middle; in training, it is in the middle
CHANNELS = 8
DROPOUT = 0.1
BATCH_SIZE = 20
LEARNING_RATE = 4e-3
EPOCHS = 12

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Data:
    """Pictures (n, 1, SIDE, SIDE) with pixels from 0 to 255, float32, and the numbers of their signs (n,), int64."""

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


def stencils() -> np.ndarray:
    """Return the signs in black and white, (5, SIDE, SIDE)."""
    across = np.arange(SIDE) - (SIDE - 1) / 2
    row, column = np.abs(across[:, None]), np.abs(across[None, :])
    bar = (row < 1) & (column < 4)
    edge = np.maximum(row, column)
    slash = (np.abs(across[:, None] + across[None, :]) < 1.5) & (edge < 4)
    return np.stack([bar, bar.T, bar | bar.T, (edge > 2) & (edge < 4), slash]).astype(float)


def draw_pictures(labels: np.ndarray, shift: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Draw a noisy picture for every label: a sign of random brightness, at most `shift` pixels off-centre."""
    shapes = stencils()
    pictures = np.zeros((len(labels), 1, SIDE, SIDE))
    for picture, label in zip(pictures, labels, strict=True):
        offset = tuple(rng.integers(-shift, shift + 1, 2))
        picture[0] = rng.uniform(90, 220) * np.roll(shapes[label], offset, axis=(0, 1))
    pictures += rng.normal(0, NOISE, pictures.shape)
    return torch.tensor(pictures.clip(0, 255), dtype=torch.float32), torch.tensor(labels)


def load_data(seed: int) -> Data:
    """Generate the pictures for this seed: equally many of each sign to train on, random signs for validation."""
    rng = np.random.default_rng(seed)
    train_labels = np.repeat(np.arange(len(SIGNS)), N_PER_SIGN)
    validation_labels = rng.integers(0, len(SIGNS), N_VALIDATION)
    return Data(*draw_pictures(train_labels, 0, rng), *draw_pictures(validation_labels, SHIFT, rng))


class Reader(nn.Module):
    """A network that turns scaled pictures (n, 1, SIDE, SIDE) into logits (n, 5)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, CHANNELS, 3, padding=1)
        self.norm = nn.BatchNorm2d(CHANNELS)
        self.conv2 = nn.Conv2d(CHANNELS, 2 * CHANNELS, 3, padding=1)
        n_features = 2 * CHANNELS * (SIDE // 4) ** 2
        self.feature_norm = nn.BatchNorm1d(n_features)
        self.dropout = nn.Dropout(DROPOUT)
        self.output = nn.Linear(n_features, len(SIGNS))

    def forward(self, X: Tensor) -> Tensor:
        hidden = F.max_pool2d(F.relu(self.norm(self.conv1(X))), 2)
        hidden = F.max_pool2d(F.relu(self.conv2(hidden)), 2)
        features = self.feature_norm(hidden.flatten(1))
        return self.output(self.dropout(features))


def scaled(X: Tensor) -> Tensor:
    """Scale pixels from 0 to 255 to numbers around zero."""
    return X / 255 - 0.2


def shifted(X: Tensor) -> Tensor:
    """Shift pictures by up to SHIFT pixels along each axis; the whole batch moves together."""
    down, right = torch.randint(-SHIFT, SHIFT + 1, (2,)).tolist()
    return torch.roll(X, (down, right), dims=(2, 3))


def build_model(seed: int) -> nn.Module:
    """Return a new network with weights generated from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Reader()
        for layer in (model.conv1, model.conv2, model.output):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return model


def train(model: nn.Module, data: Data, *, epochs: int, seed: int) -> History:
    """Train the model in place; the seed fixes the batches, their shifts and dropout."""
    torch.manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    pictures = scaled(data.X_train)
    history = History()
    for epoch in range(epochs):
        model.train()
        losses = []
        order = torch.randperm(len(pictures))
        for rows in order.split(BATCH_SIZE):
            X, y = shifted(pictures[rows]), data.y_train[rows]
            logits = model(X)
            log_p = F.log_softmax(logits, dim=1)
            loss = -log_p.gather(1, y[:, None]).mean()
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
    """Return the predicted sign (n,) in every picture of X (n, 1, SIDE, SIDE)."""
    model.eval()
    return model(scaled(X)).argmax(dim=1)


def accuracy(model: nn.Module, X: Tensor, y: Tensor) -> float:
    """Return the share of pictures whose sign is predicted correctly."""
    return (predict(model, X) == y).float().mean().item()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    result = train(build_model(seed=0), load_data(seed=0), epochs=EPOCHS, seed=0)
    print(f"training {result.train_accuracy[-1]:.1%}, validation {result.validation_accuracy[-1]:.1%}")
