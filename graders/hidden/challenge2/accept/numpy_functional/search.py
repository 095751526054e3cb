"""Random search, NumPy style: the tables are arrays, torch only where it must be."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np
import torch
from images import ImageData, load
from matplotlib.figure import Figure
from torch import nn

VALUES = {
    "layers": [2, 4, 6, 8],
    "width": [32, 64, 128, 256],
    "activation": ["relu", "leaky_relu", "elu"],
    "dropout": [0, 0.2, 0.5],
    "batch_size": [32, 64, 128],
}
TYPES = [int, int, str, float, int, str, int, int, float, float, int]
COLUMNS = [*VALUES, "dataset", "epochs", "seed", "accuracy", "seconds", "parameters"]


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


def search_space():
    return [Architecture(*values) for values in itertools.product(*VALUES.values())]


def sample(n, rng):
    space = search_space()
    return [space[i] for i in rng.permutation(len(space))[:n]]


def build(architecture, n_inputs, n_classes):
    a = architecture
    phi = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU}[a.activation]
    fans = itertools.pairwise([n_inputs] + [a.width] * a.layers)
    blocks = ((nn.Linear(i, o), phi(), nn.Dropout(a.dropout)) for i, o in fans)
    return nn.Sequential(*itertools.chain.from_iterable(blocks), nn.Linear(a.width, n_classes))


def count_parameters(architecture, n_inputs, n_classes):
    sizes = np.array([n_inputs, *[architecture.width] * architecture.layers, n_classes])
    return int(((sizes[:-1] + 1) * sizes[1:]).sum())


def run_trial(architecture, data, *, epochs, seed):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    centre = data.X_train.mean(axis=0)  # the mean picture
    scale = data.X_train.std()
    as_tensor = lambda X: torch.tensor((X - centre) / scale, dtype=torch.float32)
    X, y = as_tensor(data.X_train), torch.tensor(data.y_train)
    model = build(architecture, data.n_inputs, data.n_classes)
    steps = epochs * -(-len(X) // architecture.batch_size)
    opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(opt, 2e-3, total_steps=steps)
    begun = process_time()
    for _ in range(epochs):
        order = rng.permutation(len(X))
        for rows in np.split(order, np.arange(architecture.batch_size, len(X), architecture.batch_size)):
            loss = nn.functional.cross_entropy(model(X[rows]), y[rows])
            opt.zero_grad()
            loss.backward()
            opt.step()
            schedule.step()
    seconds = process_time() - begun
    with torch.no_grad():
        logits = model.eval()(as_tensor(data.X_validation)).numpy()
    accuracy = float((logits.argmax(axis=1) == data.y_validation).mean())
    count = count_parameters(architecture, data.n_inputs, data.n_classes)
    return Trial(architecture, data.name, epochs, seed, accuracy, seconds, count)


def flat(trial):
    architecture, *rest = trial.architecture, *astuple(trial)[1:]
    return [*astuple(architecture), *rest]


def unflat(row):
    values = [convert(text) for convert, text in zip(TYPES, row)]
    return Trial(Architecture(*values[:5]), *values[5:])


def logged(log):
    if not log or not Path(log).exists():
        return []
    whole, end, _ = Path(log).read_text().rpartition("\n")
    Path(log).write_text(whole + end)
    return [unflat(row) for row in csv.reader(whole.splitlines()[1:])]


def note(log, trial):
    if log:
        with open(log, "a", newline="") as file:
            if file.tell() == 0:
                csv.writer(file, lineterminator="\n").writerow(COLUMNS)
            csv.writer(file, lineterminator="\n").writerow(flat(trial))
    return trial


def search(
    architectures: Sequence[Architecture],
    data: ImageData,
    *,
    epochs: int,
    seed: int,
    executor: Executor | None = None,
    log: str | Path | None = None,
) -> list[Trial]:
    run = partial(run_trial, data=data, epochs=epochs, seed=seed)
    old = {t.architecture: t for t in logged(log) if (t.dataset, t.epochs, t.seed) == (data.name, epochs, seed)}
    todo = list(dict.fromkeys(a for a in architectures if a not in old))
    if executor is None:
        results = map(run, todo)
    else:
        results = (future.result() for future in as_completed([executor.submit(run, a) for a in todo]))
    new = {t.architecture: note(log, t) for t in results}
    return [(old | new)[a] for a in architectures]


def on_front(trials):
    C = np.array([(-t.accuracy, t.parameters, t.seconds) for t in trials])
    dominates = (C[:, None] <= C).all(axis=2) & (C[:, None] < C).any(axis=2)
    return ~dominates.any(axis=0)


def pareto_front(trials):
    return [trial for trial, keep in zip(trials, on_front(trials)) if keep]


def write_results(trials, folder):
    folder = Path(folder)
    folder.mkdir(exist_ok=True, parents=True)
    front = on_front(trials)
    columns = [*COLUMNS, "accuracy_per_parameter", "pareto"]
    rows = [[*flat(t), t.accuracy / t.parameters, bool(f)] for t, f in zip(trials, front)]
    with open(folder / "experiment_log.csv", "w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    accuracy = np.array([t.accuracy for t in trials])
    best = np.argsort(-accuracy, kind="stable")[:5]
    (folder / "best_models.json").write_text(json.dumps([dict(zip(columns, rows[i])) for i in best]))

    fig = Figure(figsize=(10, 4), layout="constrained")
    for ax, name in zip(fig.subplots(1, 2, sharey=True), ["parameters", "seconds"]):
        price = np.array([getattr(t, name) for t in trials])
        ax.scatter(price, 100 * accuracy, c=np.where(front, "crimson", "lightgray"), edgecolors="black")
        ax.set_xscale("log")
        ax.set_xlabel(name)
        ax.set_ylabel("accuracy / %")
    fig.suptitle("red: Pareto front")
    fig.savefig(folder / "tradeoff_plot.png")


def main():
    data = load()
    shuffled = sample(432, np.random.default_rng(1))
    cheap = [a for a in shuffled if a.batch_size >= 64 and a.width <= 128 and a.layers <= 6][:22]
    trials = search(cheap, data, epochs=4, seed=1, log="trials.csv")
    write_results(trials, "results")


if __name__ == "__main__":
    main()
