"""Challenge 2: random search over fully connected networks."""

from __future__ import annotations

import csv
import itertools
import json
import time
from collections.abc import Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch
from images import ImageData, load
from torch import nn

FIELDS = [
    "layers", "width", "activation", "dropout", "batch_size", "dataset", "epochs", "seed", "accuracy", "seconds", "parameters",
]  # fmt: skip


@dataclass(frozen=True)
class Architecture:
    layers: int
    width: int
    activation: str
    dropout: float
    batch_size: int


@dataclass(frozen=True)
class Trial:
    architecture: Architecture
    dataset: str
    epochs: int
    seed: int
    accuracy: float
    seconds: float
    parameters: int


def search_space() -> list[Architecture]:
    choices = itertools.product(
        (2, 4, 6, 8), (32, 64, 128, 256), ("relu", "leaky_relu", "elu"), (0.0, 0.2, 0.5), (32, 64, 128)
    )
    return [Architecture(*choice) for choice in choices]


def sample(n: int, rng: np.random.Generator) -> list[Architecture]:
    space = search_space()
    return [space[i] for i in rng.choice(len(space), size=n, replace=False)]


def build(architecture: Architecture, n_inputs: int, n_classes: int) -> nn.Module:
    activations = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU}
    modules: list[nn.Module] = []
    size = n_inputs
    for _ in range(architecture.layers):
        modules.append(nn.Linear(size, architecture.width))
        modules.append(activations[architecture.activation]())
        modules.append(nn.Dropout(architecture.dropout))
        size = architecture.width
    modules.append(nn.Linear(size, n_classes))
    return nn.Sequential(*modules)


def count_parameters(architecture: Architecture, n_inputs: int, n_classes: int) -> int:
    w = architecture.width
    return (n_inputs + 1) * w + (architecture.layers - 1) * (w + 1) * w + (w + 1) * n_classes


def run_trial(architecture: Architecture, data: ImageData, *, epochs: int, seed: int) -> Trial:
    torch.set_num_threads(1)
    X = torch.tensor(data.X_train, dtype=torch.float32) / 255
    X_validation = torch.tensor(data.X_validation, dtype=torch.float32) / 255
    y = torch.tensor(data.y_train)
    y_validation = torch.tensor(data.y_validation)
    mean, std = X.mean(), X.std()
    X = (X - mean) / std
    X_validation = (X_validation - mean) / std

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build(architecture, data.n_inputs, data.n_classes)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        loss_function = nn.CrossEntropyLoss()
        start = time.perf_counter()
        model.train()
        for _ in range(epochs):
            order = torch.randperm(len(X))
            for batch in order.split(architecture.batch_size):
                optimizer.zero_grad()
                loss = loss_function(model(X[batch]), y[batch])
                loss.backward()
                optimizer.step()
        seconds = time.perf_counter() - start

        model.eval()
        with torch.no_grad():
            predictions = model(X_validation).argmax(dim=1)
        accuracy = (predictions == y_validation).double().mean().item()

    parameters = count_parameters(architecture, data.n_inputs, data.n_classes)
    return Trial(architecture, data.name, epochs, seed, accuracy, seconds, parameters)


def to_row(trial: Trial) -> dict:
    row = asdict(trial)
    return {**row.pop("architecture"), **row}


def from_row(row: dict) -> Trial:
    architecture = Architecture(
        int(row["layers"]), int(row["width"]), row["activation"], float(row["dropout"]), int(row["batch_size"])
    )
    return Trial(
        architecture,
        row["dataset"],
        int(row["epochs"]),
        int(row["seed"]),
        float(row["accuracy"]),
        float(row["seconds"]),
        int(row["parameters"]),
    )


def read_log(log: Path) -> list[Trial]:
    if not log.exists():
        return []
    content = log.read_bytes()
    if not content.endswith(b"\n"):  # killed in the middle of a line
        log.write_bytes(content[: content.rfind(b"\n") + 1])
    with log.open(newline="") as file:
        return [from_row(row) for row in csv.DictReader(file)]


def append(log: Path, trial: Trial) -> None:
    new = not log.exists() or log.stat().st_size == 0
    with log.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        if new:
            writer.writeheader()
        writer.writerow(to_row(trial))


def search(
    architectures: Sequence[Architecture],
    data: ImageData,
    *,
    epochs: int,
    seed: int,
    executor: Executor | None = None,
    log: str | Path | None = None,
) -> list[Trial]:
    log = Path(log) if log is not None else None
    done: dict[Architecture, Trial] = {}
    if log is not None:
        for trial in read_log(log):
            if (trial.dataset, trial.epochs, trial.seed) == (data.name, epochs, seed):
                done[trial.architecture] = trial

    todo = [a for a in dict.fromkeys(architectures) if a not in done]

    def finished(trial: Trial) -> None:
        done[trial.architecture] = trial
        if log is not None:
            append(log, trial)

    if executor is None:
        for architecture in todo:
            finished(run_trial(architecture, data, epochs=epochs, seed=seed))
    else:
        futures = [executor.submit(run_trial, a, data, epochs=epochs, seed=seed) for a in todo]
        for future in as_completed(futures):
            finished(future.result())
    return [done[a] for a in architectures]


def dominates(a: Trial, b: Trial) -> bool:
    as_good = a.accuracy >= b.accuracy and a.parameters <= b.parameters and a.seconds <= b.seconds
    better = a.accuracy > b.accuracy or a.parameters < b.parameters or a.seconds < b.seconds
    return as_good and better


def pareto_front(trials: Sequence[Trial]) -> list[Trial]:
    return [t for t in trials if not any(dominates(other, t) for other in trials)]


def write_results(trials: Sequence[Trial], folder: str | Path) -> None:
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    front = pareto_front(trials)
    rows = [
        {**to_row(t), "accuracy_per_parameter": t.accuracy / t.parameters, "pareto": t in front} for t in trials
    ]
    with (folder / "experiment_log.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*FIELDS, "accuracy_per_parameter", "pareto"])
        writer.writeheader()
        writer.writerows(rows)

    best = sorted(rows, key=lambda row: row["accuracy"], reverse=True)[:5]
    (folder / "best_models.json").write_text(json.dumps(best, indent=2))

    fig, axes = plt.subplots(1, 2, figsize=(11, 4.5))
    for ax, name in zip(axes, ("parameters", "seconds")):
        ax.scatter([getattr(t, name) for t in trials], [t.accuracy for t in trials], label="trials")
        ax.scatter(
            [getattr(t, name) for t in front],
            [t.accuracy for t in front],
            s=120, facecolors="none", edgecolors="red", label="Pareto front",
        )  # fmt: skip
        ax.set_xlabel(name)
        ax.set_ylabel("validation accuracy")
        ax.legend()
    axes[0].set_xscale("log")
    fig.tight_layout()
    fig.savefig(folder / "tradeoff_plot.png", dpi=100)
    plt.close(fig)


def main() -> None:
    data = load()
    # wide networks take minutes on this computer: the first 20 narrow ones of a random order
    architectures = [a for a in sample(432, np.random.default_rng(0)) if a.width <= 64][:20]
    trials = search(architectures, data, epochs=4, seed=0, log="trials.csv")
    write_results(trials, "results")


if __name__ == "__main__":
    main()
