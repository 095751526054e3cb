# mypy: ignore-errors
"""How much heat does a house need on a given day? A regression on data from a weather station and the land register."""

import copy
import logging
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

N_HOUSES = 480
TRAIN_SHARE = 0.35
N_NUISANCE = 8  # columns of the register that are unrelated to the heat
NOISE = 10.0  # standard deviation of the noise in the heat, in kWh
WIDTH = 48
BATCH_SIZE = 16
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 0.1
EPOCHS = 30

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Data:
    """Columns (n, 4 + N_NUISANCE) in the units of the register and heat (n,) in kWh per day, both float32."""

    X_train: Tensor
    y_train: Tensor
    X_validation: Tensor
    y_validation: Tensor


@dataclass
class History:
    """One entry per epoch: the mean loss over its batches, and R² on both parts of the data at its end."""

    loss: list[float] = field(default_factory=list)
    train_r2: list[float] = field(default_factory=list)
    validation_r2: list[float] = field(default_factory=list)


def draw_houses(n: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Draw n houses, each on a random day."""
    outside = rng.uniform(-12, 22, n)  # °C
    wind = rng.gamma(2.0, 2.5, n)  # m/s
    area = rng.uniform(60, 260, n)  # m²
    transmission = rng.uniform(0.2, 1.4, n)  # W/(m² K)
    difference = np.maximum(20 - outside, 0)
    heat = 0.024 * area * transmission * difference * (0.8 + 0.04 * wind) + 25 + rng.normal(0, NOISE, n)
    nuisance = rng.normal(50, 20, (n, N_NUISANCE))
    X = np.column_stack([outside, wind, area, transmission, nuisance])
    return torch.tensor(X, dtype=torch.float32), torch.tensor(heat, dtype=torch.float32)


def load_data(seed: int) -> Data:
    """Generate the houses for this seed; TRAIN_SHARE of them are for training."""
    X, y = draw_houses(N_HOUSES, np.random.default_rng(seed))
    n_train = round(TRAIN_SHARE * N_HOUSES)
    return Data(X[:n_train], y[:n_train], X[n_train:], y[n_train:])


@dataclass(frozen=True)
class Scale:
    """The mean and the standard deviation of every column."""

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, values: Tensor) -> Self:
        """Return the scale of values (n, …)."""
        return cls(values.mean(dim=0), values.std(dim=0))

    def apply(self, values: Tensor) -> Tensor:
        """Scale values, using this mean and standard deviation, to mean 0 and standard deviation 1."""
        return (values - self.mean) / self.std

    def undo(self, values: Tensor) -> Tensor:
        """Invert `apply`."""
        return values * self.std + self.mean


class Regressor(nn.Module):
    """A network that maps scaled columns (n, k) to scaled heat (n,)."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = nn.Linear(4 + N_NUISANCE, WIDTH)
        self.layer2 = nn.Linear(WIDTH, WIDTH)
        self.layer3 = nn.Linear(WIDTH, 1)

    def forward(self, X: Tensor) -> Tensor:
        hidden = torch.tanh(self.layer1(X))
        hidden = torch.tanh(self.layer2(hidden))
        return self.layer3(hidden).squeeze(1)


def build_model(seed: int) -> nn.Module:
    """Return a new network with weights generated from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Regressor()
        for matrix in (model.layer1.weight, model.layer2.weight, model.layer3.weight):
            nn.init.xavier_uniform_(matrix)
    return model


def train(model: nn.Module, data: Data, *, epochs: int, seed: int) -> History:
    """Train the model in place and leave it with the weights that did best on the validation data."""
    shuffle = torch.Generator().manual_seed(seed)
    model.X_scale, model.y_scale = Scale.of(data.X_train), Scale.of(data.y_train)
    X_train, y_train = model.X_scale.apply(data.X_train), model.y_scale.apply(data.y_train)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    history = History()
    best_r2, best_state = -np.inf, copy.deepcopy(model.state_dict())
    for epoch in range(epochs):
        losses = []
        order = torch.randperm(len(X_train), generator=shuffle)
        for rows in order.split(BATCH_SIZE):
            X, y = X_train[rows], y_train[rows]
            optimizer.zero_grad()
            loss = ((model(X) - y) ** 2).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        history.loss.append(sum(losses) / len(losses))
        history.train_r2.append(r2(model, data.X_train, data.y_train))
        history.validation_r2.append(r2(model, data.X_validation, data.y_validation))
        if history.validation_r2[-1] > best_r2:
            best_r2, best_state = history.validation_r2[-1], copy.deepcopy(model.state_dict())
        log.info("epoch %3d  loss %.4f", epoch + 1, history.loss[-1])
    model.load_state_dict(best_state)
    return history


@torch.no_grad()
def predict(model: nn.Module, X: Tensor) -> Tensor:
    """Return the predicted heat (n,), in kWh per day, for every row of X (n, 4 + N_NUISANCE)."""
    return model.y_scale.undo(model(model.X_scale.apply(X)))


def r2(model: nn.Module, X: Tensor, y: Tensor) -> float:
    """Return the share of the variance of y that the model explains."""
    residual = y - predict(model, X)
    return 1 - (residual.pow(2).mean() / (y - y.mean()).pow(2).mean()).item()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    result = train(build_model(seed=0), load_data(seed=0), epochs=EPOCHS, seed=0)
    print(f"R² in training {max(result.train_r2):.3f}, in validation {max(result.validation_r2):.3f}")
