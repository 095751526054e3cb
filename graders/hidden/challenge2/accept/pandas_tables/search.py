"""Architecture search where every table is a DataFrame."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from images import load
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


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


PARTS = [field.name for field in fields(Architecture)]


def search_space():
    index = pd.MultiIndex.from_product(
        [[2, 4, 6, 8], [32, 64, 128, 256], ["relu", "leaky_relu", "elu"], [0.0, 0.2, 0.5], [32, 64, 128]], names=PARTS
    )
    return [Architecture(**row) for row in index.to_frame(index=False).to_dict("records")]


def sample(n, rng):
    return pd.Series(search_space()).sample(n, random_state=rng).tolist()


def activation_of(name):
    if name == "relu":
        return nn.ReLU()
    if name == "leaky_relu":
        return nn.LeakyReLU()
    if name == "elu":
        return nn.ELU()
    raise ValueError(name)


def build(architecture, n_inputs, n_classes):
    net = nn.Sequential()
    for k in range(architecture.layers):
        net.add_module(f"linear{k}", nn.Linear(n_inputs if k == 0 else architecture.width, architecture.width))
        net.add_module(f"activation{k}", activation_of(architecture.activation))
        net.add_module(f"dropout{k}", nn.Dropout(architecture.dropout))
    net.add_module("output", nn.Linear(architecture.width, n_classes))
    return net


def count_parameters(architecture, n_inputs, n_classes):
    net = build(architecture, n_inputs, n_classes)
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


def run_trial(architecture, data, *, epochs, seed):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    train = TensorDataset(torch.Tensor((data.X_train - 127.5) / 64), torch.LongTensor(data.y_train))
    loader = DataLoader(train, batch_size=architecture.batch_size, shuffle=True)
    net = build(architecture, data.n_inputs, data.n_classes)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    begin = time.perf_counter()
    for epoch in range(epochs):
        net.train()
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(net(inputs), targets)
            loss.backward()
            optimizer.step()
    seconds = time.perf_counter() - begin
    net.eval()
    correct = 0
    validation = DataLoader(
        TensorDataset(torch.Tensor((data.X_validation - 127.5) / 64), torch.LongTensor(data.y_validation)), batch_size=256
    )
    with torch.no_grad():
        for inputs, targets in validation:
            correct += (net(inputs).argmax(dim=1) == targets).sum().item()
    return Trial(
        architecture=architecture,
        dataset=data.name,
        epochs=epochs,
        seed=seed,
        accuracy=correct / len(data.y_validation),
        seconds=seconds,
        parameters=count_parameters(architecture, data.n_inputs, data.n_classes),
    )


def to_frame(trials):
    return pd.DataFrame([{**asdict(t.architecture), **{k: v for k, v in vars(t).items() if k != "architecture"}} for t in trials])


def to_trials(frame):
    records = frame.to_dict("records")
    return [Trial(Architecture(*(r.pop(k) for k in PARTS)), **r) for r in records]


def search(architectures, data, *, epochs, seed, executor=None, log=None):
    known = {}
    if log is not None and Path(log).exists():
        table = pd.read_csv(log)
        table = table[(table.dataset == data.name) & (table.epochs == epochs) & (table.seed == seed)]
        known = {t.architecture: t for t in to_trials(table)}

    def record(trial):
        known[trial.architecture] = trial
        if log is not None:
            to_frame([trial]).to_csv(log, mode="a", header=not Path(log).exists(), index=False)

    missing = [a for a in pd.unique(pd.Series(list(architectures), dtype=object)) if a not in known]
    if executor is None:
        for a in missing:
            record(run_trial(a, data, epochs=epochs, seed=seed))
    else:
        pending = {executor.submit(run_trial, a, data, epochs=epochs, seed=seed) for a in missing}
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                record(future.result())
    return [known[a] for a in architectures]


def is_efficient(frame):
    costs = frame[["accuracy", "parameters", "seconds"]].assign(accuracy=-frame.accuracy)
    return costs.apply(lambda row: not ((costs <= row).all(axis=1) & (costs < row).any(axis=1)).any(), axis=1)


def pareto_front(trials):
    mask = is_efficient(to_frame(trials))
    return [t for t, keep in zip(trials, mask) if keep]


def write_results(trials, folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    frame = to_frame(trials)
    frame["accuracy_per_parameter"] = frame.accuracy / frame.parameters
    frame["pareto"] = is_efficient(frame)
    frame.to_csv(folder / "experiment_log.csv", index=False)
    frame.nlargest(5, "accuracy").to_json(folder / "best_models.json", orient="records", indent=2)

    fig, axes = plt.subplots(1, 2, figsize=(12, 5))
    front, rest = frame[frame.pareto], frame[~frame.pareto]
    for ax, price in zip(axes, ["parameters", "seconds"]):
        rest.plot.scatter(x=price, y="accuracy", ax=ax, color="gray", label="dominated")
        front.plot.scatter(x=price, y="accuracy", ax=ax, color="red", marker="D", label="front")
    fig.savefig(folder / "tradeoff_plot.png")
    plt.close(fig)


def main():
    data = load()
    candidates = [a for a in sample(300, np.random.default_rng(7)) if a.batch_size >= 64 and a.layers <= 6 and a.width < 256][:21]
    trials = search(candidates, data, epochs=5, seed=7, log="search_log.csv")
    write_results(trials, "results")
    frame = to_frame(trials)
    for part in PARTS:
        print(frame.groupby(part).accuracy.agg(["mean", "count"]))


if __name__ == "__main__":
    main()
