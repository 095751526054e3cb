"""The hand of a robot arm: where is it when the joints are bent by these angles?

    python bug2_exploding_loss.py

fits a network to 512 poses of an arm with two links, measured with some noise, and validates it on 256 others.
The seeds passed to the functions determine everything; torch's global generator keeps its state.
"""

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

N_TRAIN, N_VALIDATION = 512, 256
LENGTHS = (1.0, 0.7)  # of the upper arm and of the forearm, in metres
NOISE = 0.02  # standard deviation of the measured position, along each axis
WIDTHS = (2, 64, 64, 64, 2)  # of the network, from the angles to the position
BATCH_SIZE = 32
LEARNING_RATE = 0.03
MOMENTUM = 0.9


class Data(NamedTuple):
    """Angles (n, 2) of shoulder and elbow in radians, and positions (n, 2) of the hand in metres."""

    X_train: Tensor
    y_train: Tensor
    X_validation: Tensor
    y_validation: Tensor


class History(NamedTuple):
    """The loss of every batch, and the loss on the validation poses after every epoch."""

    loss: list[float]
    validation_loss: list[float]


class Arm(nn.Module):
    """A multilayer perceptron with ReLU6 between its layers: angles (n, 2) → positions (n, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(n, m) for n, m in pairwise(WIDTHS))

    def forward(self, X: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            X = F.relu6(layer(X))
        return self.layers[-1](X)


def poses(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw n poses and measure where the hand is."""
    angles = (torch.rand(n, 2, generator=generator) - 0.5) * torch.pi
    upper_arm, forearm = angles[:, 0], angles.sum(dim=1)  # each relative to the x axis
    x = LENGTHS[0] * torch.cos(upper_arm) + LENGTHS[1] * torch.cos(forearm)
    y = LENGTHS[0] * torch.sin(upper_arm) + LENGTHS[1] * torch.sin(forearm)
    return angles, torch.stack([x, y], dim=1) + NOISE * torch.randn(n, 2, generator=generator)


def load_data(seed: int) -> Data:
    """Return the poses of this seed, for training and for validation."""
    generator = torch.Generator().manual_seed(seed)
    return Data(*poses(N_TRAIN, generator), *poses(N_VALIDATION, generator))


def build_model(seed: int) -> Arm:
    """Return a fresh network: weights drawn with He's standard deviation, √(2 / fan-in), and zero biases."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        model = Arm()
    for layer in model.layers:
        nn.init.normal_(layer.weight, math.sqrt(2 / layer.in_features), generator=generator)
        nn.init.zeros_(layer.bias)
    return model


def train(model: nn.Module, data: Data, *, epochs: int, seed: int) -> History:
    """Train the model in place by gradient descent with momentum; the seed fixes the order of the batches."""
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    generator = torch.Generator().manual_seed(seed)
    history = History([], [])
    for epoch in range(1, epochs + 1):
        for batch in torch.randperm(N_TRAIN, generator=generator).split(BATCH_SIZE):
            loss = F.mse_loss(model(data.X_train[batch]), data.y_train[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history.loss.append(loss.item())
        history.validation_loss.append(F.mse_loss(predict(model, data.X_validation), data.y_validation).item())
        print(f"epoch {epoch:2d}  validation loss {history.validation_loss[-1]:.3g}")
    return history


@torch.no_grad()
def predict(model: nn.Module, X: Tensor) -> Tensor:
    """Return the position of the hand (n, 2) for angles X (n, 2)."""
    return model(X)


if __name__ == "__main__":
    result = train(build_model(seed=0), load_data(seed=0), epochs=20, seed=0)
    print("first batches:", " ".join(f"{loss:.3g}" for loss in result.loss[:4]))
