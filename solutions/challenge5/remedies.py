"""Compute the README's table of remedies for overfitting, on the task of bug 5: twenty seeds each.

    PYTHONPATH=katas/challenge5 python solutions/challenge5/remedies.py     # about two minutes

prints the accuracies on the training guests and on the validation guests: mean, smallest and largest value. It trains
the network of bug 5 and adds one remedy at a time.
"""

import copy
import statistics
from typing import NamedTuple

import torch
from bug5_overfitting import (
    BATCH_SIZE,
    EPOCHS,
    LEARNING_RATE,
    MOMENTUM,
    Data,
    accuracy,
    build_model,
    load_data,
)
from torch import nn
from torch.nn import functional as F

SEEDS = range(20)


class Remedy(NamedTuple):
    dropout: float = 0.0
    weight_decay: float = 0.0
    early_stopping: bool = False
    noise: float = 0.0


REMEDIES = {
    "none": Remedy(),
    "dropout of the hidden units (0.5)": Remedy(dropout=0.5),
    "weight decay 0.02": Remedy(weight_decay=0.02),
    "early stopping": Remedy(early_stopping=True),
    "augmentation: noise of standard deviation 1 on the ratings": Remedy(noise=1.0),
}


def main() -> None:
    torch.set_num_threads(1)
    for name, remedy in REMEDIES.items():
        columns = zip(*(trained(remedy, seed) for seed in SEEDS), strict=True)
        told = [f"{statistics.mean(column):.3f} ({min(column):.3f} to {max(column):.3f})" for column in columns]
        print(f"| {name} | {' | '.join(told)} |", flush=True)


def trained(remedy: Remedy, seed: int) -> tuple[float, float, float]:
    """Train with this remedy; return the two accuracies of the model that is kept, and its epoch."""
    data, model = load_data(seed), with_dropout(build_model(seed), remedy.dropout)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, weight_decay=remedy.weight_decay
    )
    torch.manual_seed(seed)
    measured = []
    for epoch in range(1, EPOCHS + 1):
        model.train()
        for rows in torch.randperm(len(data.X_train)).split(BATCH_SIZE):
            ratings = data.X_train[rows] + remedy.noise * torch.randn(len(rows), 24)
            loss = F.cross_entropy(model(ratings), data.y_train[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        measured.append((validation_loss(model, data), *accuracies(model, data), epoch))
    _, *kept = min(measured) if remedy.early_stopping else measured[-1]
    return tuple(kept)


def with_dropout(model: nn.Module, rate: float) -> nn.Module:
    """Return the network with dropout of its hidden units."""
    first, after_first, second, after_second, last = copy.deepcopy(model)
    return nn.Sequential(first, after_first, nn.Dropout(rate), second, after_second, nn.Dropout(rate), last)


def accuracies(model: nn.Module, data: Data) -> tuple[float, float]:
    """Return the accuracies on the training guests and on the validation guests."""
    return accuracy(model, data.X_train, data.y_train), accuracy(model, data.X_validation, data.y_validation)


@torch.no_grad()
def validation_loss(model: nn.Module, data: Data) -> float:
    return F.cross_entropy(model.eval()(data.X_validation), data.y_validation).item()


if __name__ == "__main__":
    main()
