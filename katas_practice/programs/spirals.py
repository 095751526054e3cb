# mypy: ignore-errors
"""Which arm of a spiral does a point in an image lie on? A small network learns it from a few hundred points."""

import logging
import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

N_POINTS = 360  # for training, and as many again for validation
N_ARMS = 3
TURNS = 0.8  # turns of an arm from its inner to its outer end
NOISE = 0.18  # standard deviation of the angle, in radians
CENTRE = np.array([320.0, 240.0])  # of the spiral, in pixels
RADIUS = 200.0  # of the spiral, in pixels
WIDTH = 32
BATCH_SIZE = 24
LEARNING_RATE = 0.05
MOMENTUM = 0.9
DECAY = 0.95  # factor by which the learning rate shrinks per epoch
WEIGHT_DECAY = 1e-4
EPOCHS = 24

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Data:
    """Points (n, 2) in pixels, float32, and the arms (n,) that they lie on, int64."""

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


def draw_points(n: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Draw n points, each on a random arm."""
    arm = rng.integers(0, N_ARMS, n)
    along = np.sqrt(rng.uniform(0.05, 1.0, n))
    angle = 2 * np.pi * (arm / N_ARMS + TURNS * along) + rng.normal(0, NOISE, n)
    X = CENTRE + RADIUS * along[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return torch.tensor(X, dtype=torch.float32), torch.tensor(arm)


def load_data(seed: int) -> Data:
    """Generate the points for this seed; half of them are for training."""
    X, y = draw_points(2 * N_POINTS, np.random.default_rng(seed))
    return Data(X[:N_POINTS], y[:N_POINTS], X[N_POINTS:], y[N_POINTS:])


class Network(nn.Module):
    """A network that maps points (n, 2) in pixels to logits (n, N_ARMS). It stores the scale of the points."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("std", torch.ones(2))
        self.hidden = nn.Sequential(nn.Linear(2, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU())
        self.output = nn.Linear(WIDTH, N_ARMS)

    def fit_scale(self, X: Tensor) -> None:
        """Store the mean and the standard deviation of X."""
        self.mean.copy_(X.mean(dim=0))
        self.std.copy_(X.std(dim=0))

    def forward(self, X: Tensor) -> Tensor:
        scaled = (X - self.mean) / self.std
        features = self.hidden(scaled)
        return self.output(features)


def initialise(model: nn.Module, generator: torch.Generator) -> None:
    """Apply He initialisation to every layer; biases start at zero."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            gain = math.sqrt(2.0 / layer.in_features)
            with torch.no_grad():
                layer.weight.copy_(gain * torch.randn(layer.weight.shape, generator=generator))
                layer.bias.zero_()


def build_model(seed: int) -> nn.Module:
    """Return a new network with weights generated from the seed."""
    model = Network()
    initialise(model, torch.Generator().manual_seed(seed))
    return model


def make_optimizer(model: nn.Module) -> torch.optim.Optimizer:
    """Return gradient descent with momentum; weights decay, biases do not."""
    weights = [p for name, p in model.named_parameters() if name.endswith("weight")]
    biases = [p for name, p in model.named_parameters() if name.endswith("bias")]
    groups = [{"params": weights, "weight_decay": WEIGHT_DECAY}, {"params": biases, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=LEARNING_RATE, momentum=MOMENTUM)


def train(model: nn.Module, data: Data, *, epochs: int, seed: int) -> History:
    """Train the model in place; the seed fixes the order of the batches."""
    shuffle = torch.Generator().manual_seed(seed)
    model.fit_scale(data.X_train)
    optimizer = make_optimizer(model)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, DECAY)
    history = History()
    for epoch in range(epochs):
        losses = []
        order = torch.randperm(len(data.X_train), generator=shuffle)
        for rows in order.split(BATCH_SIZE):
            X, y = data.X_train[rows], data.y_train[rows]
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        schedule.step()
        history.loss.append(sum(losses) / len(losses))
        history.train_accuracy.append(accuracy(model, data.X_train, data.y_train))
        history.validation_accuracy.append(accuracy(model, data.X_validation, data.y_validation))
        log.info("epoch %3d  loss %.4f", epoch + 1, history.loss[-1])
    return history


@torch.no_grad()
def predict(model: nn.Module, X: Tensor) -> Tensor:
    """Return the predicted arm (n,) of every point in X (n, 2)."""
    return model(X).argmax(dim=1)


def accuracy(model: nn.Module, X: Tensor, y: Tensor) -> float:
    """Return the share of points whose arm is predicted correctly."""
    return (predict(model, X) == y).float().mean().item()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    result = train(build_model(seed=0), load_data(seed=0), epochs=EPOCHS, seed=0)
    print(f"training {result.train_accuracy[-1]:.1%}, validation {result.validation_accuracy[-1]:.1%}")
