# mypy: ignore-errors
"""An autoencoder for a machine's sensors: a few causes move many readings, and a narrow layer has to find them."""

import logging
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

N_TRAIN = 300
N_VALIDATION = 300
N_SENSORS = 16
N_CAUSES = 3
NOISE = 0.1  # standard deviation of a reading's noise, before scaling to its unit; the causes move it by up to 1
WIDTH = 32
N_CODE = 4
BATCH_SIZE = 20
LEARNING_RATE = 4e-3
EPOCHS = 25

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Data:
    """Readings (n, N_SENSORS), float32; each sensor has its own unit."""

    X_train: Tensor
    X_validation: Tensor


@dataclass
class History:
    """One entry per epoch: the mean loss over its batches, and R² on both parts of the data at its end."""

    loss: list[float] = field(default_factory=list)
    train_r2: list[float] = field(default_factory=list)
    validation_r2: list[float] = field(default_factory=list)


def draw_readings(n: int, rng: np.random.Generator) -> Tensor:
    """Draw n readings of all sensors. The machine is always the same, regardless of the generator."""
    machine = np.random.default_rng(1)
    mixing = machine.normal(0, 0.8, (N_CAUSES, N_SENSORS))
    offset, unit = machine.uniform(-40, 40, N_SENSORS), 10 ** machine.uniform(-1, 1.5, N_SENSORS)
    causes = rng.normal(0, 1, (n, N_CAUSES))
    readings = offset + unit * (np.tanh(causes @ mixing) + rng.normal(0, NOISE, (n, N_SENSORS)))
    return torch.tensor(readings, dtype=torch.float32)


def load_data(seed: int) -> Data:
    """Generate the readings for this seed, and split them."""
    readings = draw_readings(N_TRAIN + N_VALIDATION, np.random.default_rng(seed))
    return Data(readings[:N_TRAIN], readings[N_TRAIN:])


class Autoencoder(nn.Module):
    """A network that maps readings (n, N_SENSORS) to scaled readings, which it reconstructs from N_CODE numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(N_SENSORS))
        self.register_buffer("std", torch.ones(N_SENSORS))
        self.encoder = nn.Sequential(nn.Linear(N_SENSORS, WIDTH), nn.Tanh(), nn.Linear(WIDTH, N_CODE))
        self.decoder = nn.Sequential(nn.Linear(N_CODE, WIDTH), nn.Tanh(), nn.Linear(WIDTH, N_SENSORS))

    def fit_scale(self, X: Tensor) -> None:
        """Store the mean and the standard deviation of every sensor."""
        self.mean = X.mean(dim=0)
        self.std = X.std(dim=0)

    def scale(self, X: Tensor) -> Tensor:
        """Scale readings to mean 0 and standard deviation 1."""
        return (X - self.mean) / self.std

    def forward(self, X: Tensor) -> Tensor:
        code = self.encoder(self.scale(X))
        return self.decoder(code)


def build_model(seed: int) -> nn.Module:
    """Return a new network with weights generated from the seed."""
    generator = torch.Generator().manual_seed(seed)
    model = Autoencoder()
    for layer in [*model.encoder, *model.decoder]:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_normal_(layer.weight, gain=1.0, generator=generator)
            nn.init.zeros_(layer.bias)
    return model


def train(model: nn.Module, data: Data, *, epochs: int, seed: int) -> History:
    """Train the model in place; the seed fixes the order of the batches."""
    order_generator = torch.Generator().manual_seed(seed)
    model.fit_scale(data.X_train)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    n_batches = len(data.X_train) // BATCH_SIZE
    history = History()
    for epoch in range(epochs):
        total = 0.0
        order = torch.randperm(len(data.X_train), generator=order_generator)
        for k in range(n_batches):
            X = data.X_train[order[k * BATCH_SIZE : (k + 1) * BATCH_SIZE]]
            optimizer.zero_grad()
            loss = F.mse_loss(model(X), model.scale(X))
            loss.backward()
            optimizer.step()
            total += loss.item()
        history.loss.append(total / n_batches)
        history.train_r2.append(r2(model, data.X_train))
        history.validation_r2.append(r2(model, data.X_validation))
        log.info("epoch %3d  loss %.4f", epoch + 1, history.loss[-1])
    return history


@torch.no_grad()
def predict(model: nn.Module, X: Tensor) -> Tensor:
    """Return the readings (n, N_SENSORS) as the model reconstructs them, in their units."""
    return model(X) * model.std + model.mean


def r2(model: nn.Module, X: Tensor) -> float:
    """Return the share of the readings' variance that the reconstruction explains, averaged over the sensors."""
    residual = X - predict(model, X)
    return 1 - (residual.pow(2).mean(dim=0) / X.var(dim=0)).mean().item()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    result = train(build_model(seed=0), load_data(seed=0), epochs=EPOCHS, seed=0)
    print(f"R² in training {result.train_r2[-1]:.3f}, in validation {result.validation_r2[-1]:.3f}")
