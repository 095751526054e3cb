import csv, json, time
from concurrent.futures import as_completed
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from images import load
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


ACT = dict(relu=nn.ReLU, leaky_relu=nn.LeakyReLU, elu=nn.ELU)
REST = ["dataset", "epochs", "seed", "accuracy", "seconds", "parameters"]
ARCH = ["layers", "width", "activation", "dropout", "batch_size"]


def search_space():
    return [Architecture(*a) for a in product((2, 4, 6, 8), (32, 64, 128, 256), ACT, (0, 0.2, 0.5), (32, 64, 128))]


def sample(n, rng):
    return list(rng.choice(search_space(), n, replace=False))


def build(a, n_inputs, n_classes):
    m = []
    for i in range(a.layers):
        m += [nn.Linear(a.width if i else n_inputs, a.width), ACT[a.activation](), nn.Dropout(a.dropout)]
    return nn.Sequential(*m, nn.Linear(a.width, n_classes))


def count_parameters(a, n_inputs, n_classes):
    return (n_inputs + 1) * a.width + (a.layers - 1) * (a.width + 1) * a.width + (a.width + 1) * n_classes


def run_trial(a, data, *, epochs, seed):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    m = build(a, data.n_inputs, data.n_classes)
    t = lambda X: torch.tensor(X).float() / 127.5 - 1
    X, y = t(data.X_train), torch.tensor(data.y_train)
    o = torch.optim.Adam(m.parameters())
    t0 = time.time()
    for e in range(epochs):
        for i in torch.randperm(len(X)).split(a.batch_size):
            o.zero_grad()
            nn.functional.cross_entropy(m(X[i]), y[i]).backward()
            o.step()
    s = time.time() - t0
    m.eval()
    acc = np.mean(m(t(data.X_validation)).argmax(1).numpy() == data.y_validation)
    return Trial(a, data.name, epochs, seed, float(acc), s, count_parameters(a, data.n_inputs, data.n_classes))


def row(t):
    return {k: getattr(t.architecture, k) for k in ARCH} | {k: getattr(t, k) for k in REST}


def search(architectures, data, *, epochs, seed, executor=None, log=None):
    done = {}
    if log and Path(log).exists():
        for r in csv.DictReader(open(log)):
            a = Architecture(int(r["layers"]), int(r["width"]), r["activation"], float(r["dropout"]), int(r["batch_size"]))
            t = Trial(a, r["dataset"], int(r["epochs"]), int(r["seed"]), float(r["accuracy"]), float(r["seconds"]), int(r["parameters"]))
            if (t.dataset, t.epochs, t.seed) == (data.name, epochs, seed):
                done[a] = t
    elif log:
        print(*ARCH, *REST, sep=",", file=open(log, "w"))

    def keep(t):
        done[t.architecture] = t
        if log:
            with open(log, "a") as f:
                print(*row(t).values(), sep=",", file=f)

    todo = set(architectures) - set(done)
    if executor:
        for f in as_completed([executor.submit(run_trial, a, data, epochs=epochs, seed=seed) for a in todo]):
            keep(f.result())
    else:
        for a in todo:
            keep(run_trial(a, data, epochs=epochs, seed=seed))
    return [done[a] for a in architectures]


def pareto_front(trials):
    c = [(-t.accuracy, t.parameters, t.seconds) for t in trials]
    return [t for t, x in zip(trials, c) if not any(z != x and all(p <= q for p, q in zip(z, x)) for z in c)]


def write_results(trials, folder):
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    front = pareto_front(trials)
    rows = [row(t) | {"accuracy_per_parameter": t.accuracy / t.parameters, "pareto": t in front} for t in trials]
    with open(folder / "experiment_log.csv", "w") as f:
        w = csv.DictWriter(f, rows[0])
        w.writeheader()
        w.writerows(rows)
    json.dump(sorted(rows, key=lambda r: -r["accuracy"])[:5], open(folder / "best_models.json", "w"))
    _, axes = plt.subplots(1, 2, figsize=(10, 4))
    for ax, k in zip(axes, ["parameters", "seconds"]):
        for ts, c in ((trials, "k"), (front, "r")):
            ax.scatter([getattr(t, k) for t in ts], [t.accuracy for t in ts], color=c)
        ax.set(xlabel=k, ylabel="accuracy (red: front)")
    plt.savefig(folder / "tradeoff_plot.png")


def main():
    small = [a for a in sample(432, np.random.default_rng(3)) if a.width < 128][:20]
    trials = search(small, load(), epochs=4, seed=3, log="log.csv")
    write_results(trials, "results")


if __name__ == "__main__":
    main()
