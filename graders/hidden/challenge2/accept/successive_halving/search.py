"""Successive halving on a process pool: 20 small architectures for one epoch, the better half for two, and so on."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from images import ImageData, load
from torch import nn


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

    @property
    def key(self):
        return self.architecture, self.dataset, self.epochs, self.seed

    def as_row(self) -> dict:
        d = asdict(self)
        return d.pop("architecture") | d

    @classmethod
    def of_row(cls, row: dict[str, str]) -> Trial:
        arch = Architecture(
            layers=int(row["layers"]),
            width=int(row["width"]),
            activation=row["activation"],
            dropout=float(row["dropout"]),
            batch_size=int(row["batch_size"]),
        )
        return cls(
            arch,
            dataset=row["dataset"],
            epochs=int(row["epochs"]),
            seed=int(row["seed"]),
            accuracy=float(row["accuracy"]),
            seconds=float(row["seconds"]),
            parameters=int(row["parameters"]),
        )


def search_space() -> list[Architecture]:
    return [
        Architecture(layers=l, width=w, activation=a, dropout=p, batch_size=b)
        for l, w, a, p, b in product([2, 4, 6, 8], [32, 64, 128, 256], ["relu", "leaky_relu", "elu"], [0.0, 0.2, 0.5], [32, 64, 128])
    ]


def sample(n: int, rng: np.random.Generator) -> list[Architecture]:
    space = search_space()
    return [space[i] for i in rng.choice(len(space), n, replace=False)]


class Block(nn.Module):
    def __init__(self, n_in: int, n_out: int, activation: str, p: float):
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)
        self.activation = activation
        self.p = p

    def forward(self, x):
        return F.dropout(getattr(F, self.activation)(self.linear(x)), self.p, self.training)


def build(architecture: Architecture, n_inputs: int, n_classes: int) -> nn.Module:
    a = architecture
    widths = [n_inputs, *[a.width] * a.layers]
    blocks = [Block(i, o, a.activation, a.dropout) for i, o in zip(widths[:-1], widths[1:])]
    return nn.Sequential(*blocks, nn.Linear(a.width, n_classes))


def count_parameters(architecture: Architecture, n_inputs: int, n_classes: int) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in build(architecture, n_inputs, n_classes).parameters())


def run_trial(architecture: Architecture, data: ImageData, *, epochs: int, seed: int) -> Trial:
    torch.set_num_threads(1)
    device, dtype = "cpu", torch.float64

    def prepare(X):  # every picture by its own mean and deviation
        X = torch.as_tensor(X, device=device).to(dtype)
        return (X - X.mean(1, keepdim=True)) / (X.std(1, keepdim=True) + 1e-6)

    Xtr, ytr = prepare(data.X_train), torch.as_tensor(data.y_train)
    Xva, yva = prepare(data.X_validation), torch.as_tensor(data.y_validation)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = build(architecture, data.n_inputs, data.n_classes).to(dtype)
        for m in net.modules():
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.zeros_(m.bias)
        opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, nesterov=True)
        sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=epochs)
        t0 = time.process_time()
        net.train()
        for _ in range(epochs):
            for idx in torch.randperm(len(Xtr)).split(architecture.batch_size):
                loss = F.cross_entropy(net(Xtr[idx]), ytr[idx])
                opt.zero_grad(set_to_none=True)
                loss.backward()
                opt.step()
            sched.step()
        dt = time.process_time() - t0
    net.eval()
    with torch.inference_mode():
        acc = (net(Xva).argmax(1) == yva).float().mean().item()
    return Trial(architecture, data.name, epochs, seed, acc, dt, count_parameters(architecture, data.n_inputs, data.n_classes))


class Log:
    """An append-only CSV file of trials."""

    def __init__(self, path: str | Path | None):
        self.path = Path(path) if path else None
        self.trials: dict[tuple, Trial] = {}
        if self.path and self.path.exists():
            self._repair()
            with self.path.open(newline="") as f:
                for row in csv.DictReader(f):
                    t = Trial.of_row(row)
                    self.trials[t.key] = t

    def _repair(self):
        data = self.path.read_bytes()
        if data and data[-1:] != b"\n":
            with self.path.open("r+b") as f:
                f.truncate(data.rfind(b"\n") + 1)

    def add(self, trial: Trial):
        self.trials[trial.key] = trial
        if self.path is None:
            return
        fresh = not self.path.exists() or self.path.stat().st_size == 0
        with self.path.open("a", newline="") as f:
            w = csv.DictWriter(f, fieldnames=list(trial.as_row()))
            if fresh:
                w.writeheader()
            w.writerow(trial.as_row())
            f.flush()


def search(
    architectures: Sequence[Architecture],
    data: ImageData,
    *,
    epochs: int,
    seed: int,
    executor: Executor | None = None,
    log: str | Path | None = None,
) -> list[Trial]:
    book = Log(log)
    key = lambda a: (a, data.name, epochs, seed)
    todo = [a for a in dict.fromkeys(architectures) if key(a) not in book.trials]
    if executor is None:
        for a in todo:
            book.add(run_trial(a, data, epochs=epochs, seed=seed))
    else:
        futures = [executor.submit(run_trial, a, data, epochs=epochs, seed=seed) for a in todo]
        try:
            for fut in as_completed(futures):
                book.add(fut.result())
        finally:
            for fut in futures:
                fut.cancel()
    return [book.trials[key(a)] for a in architectures]


def pareto_front(trials: Sequence[Trial]) -> list[Trial]:
    if not trials:
        return []
    pts = np.array([[t.accuracy, -t.parameters, -t.seconds] for t in trials])
    keep = [not ((pts >= p).all(1) & (pts > p).any(1)).any() for p in pts]
    return [t for t, k in zip(trials, keep) if k]


def write_results(trials: Sequence[Trial], folder: str | Path) -> None:
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    front = {id(t) for t in pareto_front(trials)}
    ranked = sorted(trials, key=lambda t: t.accuracy, reverse=True)
    rows = [
        t.as_row() | {"accuracy_per_parameter": t.accuracy / t.parameters, "pareto": id(t) in front} for t in ranked
    ]
    with (out / "experiment_log.csv").open("w", newline="") as f:
        w = csv.DictWriter(f, fieldnames=list(rows[0]))
        w.writeheader()
        w.writerows(rows)
    (out / "best_models.json").write_text(json.dumps(rows[:5], indent=2) + "\n")

    fig, axs = plt.subplots(1, 2, figsize=(11, 4.5), sharey=True, constrained_layout=True)
    for ax, attr, label in ((axs[0], "parameters", "parameters"), (axs[1], "seconds", "training time / s")):
        for t in trials:
            on = id(t) in front
            ax.plot(getattr(t, attr), t.accuracy, "o", color="C3" if on else "0.7", ms=9 if on else 5)
        ax.set_xlabel(label)
        ax.set_xscale("log")
    axs[0].set_ylabel("validation accuracy")
    fig.suptitle("red: Pareto front")
    fig.savefig(out / "tradeoff_plot.png", dpi=120)
    plt.close(fig)


def main() -> None:
    data = load()
    rng = np.random.default_rng(2024)
    candidates = [a for a in sample(432, rng) if a.width <= 64 and a.layers <= 6][:20]
    everything: list[Trial] = []
    with ProcessPoolExecutor(2) as pool:
        for epochs in (1, 2, 5):
            trials = search(candidates, data, epochs=epochs, seed=0, executor=pool, log="halving.csv")
            everything += trials
            trials.sort(key=lambda t: -t.accuracy)
            candidates = [t.architecture for t in trials[: len(trials) // 2]]
            print(epochs, [(t.architecture, t.accuracy) for t in trials[:3]])
    write_results(everything, "results")


if __name__ == "__main__":
    main()
