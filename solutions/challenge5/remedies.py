"""Compute the README's table of remedies for overfitting, on the task of bug 5: five seeds each.

    PYTHONPATH=katas/challenge5 python solutions/challenge5/remedies.py     # about a minute

prints the accuracies on the training labels and on the validation images. It trains the network of bug 5 without its
dropout, and adds one remedy at a time.
"""

import statistics
from typing import NamedTuple

import torch
from bug5_overfitting import (
    BATCH_SIZE,
    EPOCHS,
    HIDDEN_DROPOUT,
    INPUT_DROPOUT,
    LEARNING_RATE,
    MOMENTUM,
    Data,
    accuracy,
    build_model,
    load_data,
)
from torch import Tensor, nn
from torch.nn import functional as F

SEEDS = range(5)
SHIFT = 2  # the largest shift in pixels
WEIGHT_DECAY = 0.1


class Remedy(NamedTuple):
    dropout: bool = False
    weight_decay: float = 0.0
    early_stopping: bool = False
    augmentation: bool = False


REMEDIES = {
    "none": Remedy(),
    "dropout of the inputs (0.5) and of the hidden units (0.8)": Remedy(dropout=True),
    f"weight decay {WEIGHT_DECAY}": Remedy(weight_decay=WEIGHT_DECAY),
    "early stopping": Remedy(early_stopping=True),
    f"augmentation: shifts by up to {SHIFT} pixels": Remedy(augmentation=True),
}


def main() -> None:
    torch.set_num_threads(1)
    for name, remedy in REMEDIES.items():
        columns = zip(*(trained(remedy, seed) for seed in SEEDS), strict=True)
        means = [f"{statistics.mean(column):.3f} ± {statistics.stdev(column):.3f}" for column in columns]
        print(f"| {name} | {' | '.join(means)} |", flush=True)


def trained(remedy: Remedy, seed: int) -> tuple[float, float, float]:
    """Train with this remedy; return the two accuracies of the model that is kept, and its epoch."""
    data, model = load_data(seed), build_model(seed)
    model[0].p, model[3].p = (INPUT_DROPOUT, HIDDEN_DROPOUT) if remedy.dropout else (0.0, 0.0)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, weight_decay=remedy.weight_decay
    )
    torch.manual_seed(seed)
    measured = []
    for epoch in range(1, EPOCHS + 1):
        model.train()
        for rows in torch.randperm(len(data.X_train)).split(BATCH_SIZE):
            images = shifted(data.X_train[rows]) if remedy.augmentation else data.X_train[rows]
            loss = F.cross_entropy(model(images), data.y_train[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        measured.append((validation_loss(model, data), *accuracies(model, data), epoch))
    _, *kept = min(measured) if remedy.early_stopping else measured[-1]
    return tuple(kept)


def shifted(images: Tensor) -> Tensor:
    """Shift every image (n, 784) at random by up to SHIFT pixels in each direction."""
    padded = F.pad(images.view(-1, 28, 28), (SHIFT,) * 4)
    corners = torch.randint(2 * SHIFT + 1, (len(images), 2)).tolist()
    cut = [image[top : top + 28, left : left + 28] for image, (top, left) in zip(padded, corners, strict=True)]
    return torch.stack(cut).flatten(start_dim=1)


def accuracies(model: nn.Module, data: Data) -> tuple[float, float]:
    """Return the accuracies on the training labels and on the validation images."""
    return accuracy(model, data.X_train, data.y_train), accuracy(model, data.X_validation, data.y_validation)


@torch.no_grad()
def validation_loss(model: nn.Module, data: Data) -> float:
    return F.cross_entropy(model.eval()(data.X_validation), data.y_validation).item()


if __name__ == "__main__":
    main()
