"""Challenge 2. A search over fully connected networks, with a class for everything that has a state."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from images import ImageData, load
from torch import Tensor, nn


@dataclass(frozen=True)
class Architecture:
    """A fully connected network, and the batches that it learns from."""

    layers: int
    width: int
    activation: str
    dropout: float
    batch_size: int

    @property
    def label(self) -> str:
        return f"{self.layers}x{self.width} {self.activation} p={self.dropout}"


@dataclass(frozen=True)
class Trial:
    """What came of training one architecture."""

    architecture: Architecture
    dataset: str
    epochs: int
    seed: int
    accuracy: float
    seconds: float
    parameters: int


def search_space() -> list[Architecture]:
    """All 432 architectures."""
    return [
        Architecture(layers=layers, width=width, activation=activation, dropout=dropout, batch_size=batch_size)
        for layers in (2, 4, 6, 8)
        for width in (32, 64, 128, 256)
        for activation in ("relu", "leaky_relu", "elu")
        for dropout in (0, 0.2, 0.5)
        for batch_size in (32, 64, 128)
    ]


def sample(n: int, rng: np.random.Generator) -> list[Architecture]:
    """Draw without replacement, one after the other."""
    urn = search_space()
    drawn = []
    for _ in range(n):
        drawn.append(urn.pop(rng.integers(len(urn))))
    return drawn


class MLP(nn.Module):
    """The network."""

    def __init__(self, architecture: Architecture, n_inputs: int, n_classes: int) -> None:
        super().__init__()
        activation_class = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU}[architecture.activation]
        self.body = nn.Sequential()
        previous = n_inputs
        for _ in range(architecture.layers):
            block = nn.Sequential(
                nn.Linear(previous, architecture.width), activation_class(), nn.Dropout(p=architecture.dropout)
            )
            self.body.append(block)
            previous = architecture.width
        self.head = nn.Linear(previous, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))


def build(architecture: Architecture, n_inputs: int, n_classes: int) -> nn.Module:
    """The network of an architecture."""
    return MLP(architecture, n_inputs, n_classes)


def count_parameters(architecture: Architecture, n_inputs: int, n_classes: int) -> int:
    """Weights and biases, layer by layer."""
    first = n_inputs * architecture.width + architecture.width
    middle = architecture.width * architecture.width + architecture.width
    last = architecture.width * n_classes + n_classes
    return first + (architecture.layers - 1) * middle + last


class Scaler:
    """Each pixel to mean 0 and deviation 1, by the training pictures."""

    def __init__(self, X: np.ndarray) -> None:
        self.mean = X.mean(axis=0, dtype=np.float64)
        self.deviation = X.std(axis=0, dtype=np.float64)

    def __call__(self, X: np.ndarray) -> Tensor:
        return torch.from_numpy((X - self.mean) / (self.deviation + 1e-8)).float()


class Trainer:
    """Trains one network."""

    def __init__(self, architecture: Architecture, data: ImageData, seed: int) -> None:
        self.batch_size = architecture.batch_size
        self.shuffler = random.Random(seed)
        self.scaler = Scaler(data.X_train)
        self.X = self.scaler(data.X_train)
        self.y = torch.from_numpy(data.y_train)
        torch.manual_seed(seed)
        self.model = build(architecture, data.n_inputs, data.n_classes)
        self.optimizer = torch.optim.RMSprop(self.model.parameters(), lr=5e-4)
        self.loss = nn.CrossEntropyLoss()

    def batches(self) -> Iterator[list[int]]:
        order = list(range(len(self.X)))
        self.shuffler.shuffle(order)
        for start in range(0, len(order), self.batch_size):
            yield order[start : start + self.batch_size]

    def epoch(self) -> None:
        self.model.train()
        for batch in self.batches():
            self.optimizer.zero_grad()
            self.loss(self.model(self.X[batch]), self.y[batch]).backward()
            self.optimizer.step()

    def validate(self, data: ImageData) -> float:
        self.model.eval()
        with torch.no_grad():
            answers = self.model(self.scaler(data.X_validation)).argmax(dim=1)
        return torch.eq(answers, torch.from_numpy(data.y_validation)).sum().item() / len(data.y_validation)


def run_trial(architecture: Architecture, data: ImageData, *, epochs: int, seed: int) -> Trial:
    """Train a fresh network and say how good it has become."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        trainer = Trainer(architecture, data, seed)
        begin = time.perf_counter()
        for _ in range(epochs):
            trainer.epoch()
        seconds = time.perf_counter() - begin
        accuracy = trainer.validate(data)
    finally:
        torch.set_num_threads(threads)
    return Trial(
        architecture=architecture,
        dataset=data.name,
        epochs=epochs,
        seed=seed,
        accuracy=accuracy,
        seconds=seconds,
        parameters=count_parameters(architecture, data.n_inputs, data.n_classes),
    )


class TrialLog:
    """The CSV file of a search."""

    columns = [f.name for f in dataclasses.fields(Architecture)] + [f.name for f in dataclasses.fields(Trial)][1:]

    def __init__(self, path: str | Path | None) -> None:
        self.path = path

    @staticmethod
    def row(trial: Trial) -> dict[str, Any]:
        parts = dataclasses.asdict(trial)
        architecture = parts.pop("architecture")
        return {**architecture, **parts}

    @staticmethod
    def trial(row: dict[str, str]) -> Trial:
        return Trial(
            Architecture(
                int(row["layers"]), int(row["width"]), row["activation"], float(row["dropout"]), int(row["batch_size"])
            ),
            row["dataset"],
            int(row["epochs"]),
            int(row["seed"]),
            float(row["accuracy"]),
            float(row["seconds"]),
            int(row["parameters"]),
        )

    def read(self) -> list[Trial]:
        if self.path is None or not os.path.isfile(self.path):
            return []
        with open(self.path, "r+", newline="", encoding="utf-8") as file:
            text = file.read()
            if text and not text.endswith("\n"):
                complete = text[: text.rfind("\n") + 1]
                file.seek(0)
                file.truncate()
                file.write(complete)
                text = complete
        return [self.trial(row) for row in csv.DictReader(text.splitlines())]

    def write(self, trial: Trial) -> None:
        if self.path is None:
            return
        is_new = not os.path.isfile(self.path) or os.path.getsize(self.path) == 0
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=self.columns)
            if is_new:
                writer.writeheader()
            writer.writerow(self.row(trial))
            file.flush()
            os.fsync(file.fileno())


def search(
    architectures: Sequence[Architecture],
    data: ImageData,
    *,
    epochs: int,
    seed: int,
    executor: Executor | None = None,
    log: str | Path | None = None,
) -> list[Trial]:
    """A trial of each architecture, logged."""
    book = TrialLog(log)
    finished: dict[Architecture, Trial] = {}
    for trial in book.read():
        if trial.dataset == data.name and trial.epochs == epochs and trial.seed == seed:
            finished[trial.architecture] = trial

    missing: list[Architecture] = []
    for architecture in architectures:
        if architecture not in finished and architecture not in missing:
            missing.append(architecture)

    if executor is None:
        for architecture in missing:
            trial = run_trial(architecture, data, epochs=epochs, seed=seed)
            finished[architecture] = trial
            book.write(trial)
    else:
        futures: dict[Future[Trial], Architecture] = {}
        for architecture in missing:
            futures[executor.submit(run_trial, architecture, data, epochs=epochs, seed=seed)] = architecture
        for future in as_completed(futures):
            trial = future.result()
            finished[futures[future]] = trial
            book.write(trial)

    return [finished[architecture] for architecture in architectures]


def dominates(one: Trial, other: Trial) -> bool:
    """Whether one is at least as good in everything and better in something."""
    if one.accuracy < other.accuracy or one.parameters > other.parameters or one.seconds > other.seconds:
        return False
    return (one.accuracy, one.parameters, one.seconds) != (other.accuracy, other.parameters, other.seconds)


def pareto_front(trials: Sequence[Trial]) -> list[Trial]:
    """The trials that no other one dominates."""
    front = []
    for candidate in trials:
        if not any(dominates(other, candidate) for other in trials):
            front.append(candidate)
    return front


def write_results(trials: Sequence[Trial], folder: str | Path) -> None:
    """Table, list and picture."""
    os.makedirs(folder, exist_ok=True)
    front = pareto_front(trials)
    rows = []
    for trial in trials:
        row = TrialLog.row(trial)
        row["accuracy_per_parameter"] = trial.accuracy / trial.parameters
        row["pareto"] = trial in front
        rows.append(row)

    with open(os.path.join(folder, "experiment_log.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=[*TrialLog.columns, "accuracy_per_parameter", "pareto"])
        writer.writeheader()
        writer.writerows(rows)

    with open(os.path.join(folder, "best_models.json"), "w", encoding="utf-8") as file:
        json.dump(sorted(rows, key=lambda row: row["accuracy"], reverse=True)[:5], file, indent=2)

    draw(trials, front, os.path.join(folder, "tradeoff_plot.png"))


def draw(trials: Sequence[Trial], front: Sequence[Trial], path: str) -> None:
    """All trials as dots; those of the front have an arrow and their names."""
    figure, axes = plt.subplots(1, 2, figsize=(14, 6))
    for axis, price, unit in ((axes[0], "parameters", "parameters"), (axes[1], "seconds", "seconds of training")):
        axis.scatter([getattr(t, price) for t in trials], [t.accuracy for t in trials])
        for trial in front:
            axis.annotate(
                trial.architecture.label,
                (getattr(trial, price), trial.accuracy),
                xytext=(10, -15),
                textcoords="offset points",
                arrowprops={"arrowstyle": "->"},
                fontsize=7,
            )
        axis.set_xlabel(unit)
        axis.set_ylabel("accuracy")
        axis.set_title("the Pareto front is named")
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    """Search, and write the results."""
    data = load()
    drawn = sample(30, np.random.default_rng(11))
    drawn = [a for a in drawn if a.width < 256][:20]
    trials = search(drawn, data, epochs=4, seed=11, log="trials.csv")
    write_results(trials, "results")


if __name__ == "__main__":
    main()
