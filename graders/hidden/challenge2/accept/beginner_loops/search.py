from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass

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


def search_space():
    space = []
    for layers in [2, 4, 6, 8]:
        for width in [32, 64, 128, 256]:
            for activation in ["relu", "leaky_relu", "elu"]:
                for dropout in [0, 0.2, 0.5]:
                    for batch_size in [32, 64, 128]:
                        space.append(Architecture(layers, width, activation, dropout, batch_size))
    return space


def sample(n, rng):
    space = search_space()
    rng.shuffle(space)
    return space[:n]


class Network(nn.Module):
    def __init__(self, architecture, n_inputs, n_classes):
        super().__init__()
        self.hidden = nn.ModuleList()
        for i in range(architecture.layers):
            if i == 0:
                self.hidden.append(nn.Linear(n_inputs, architecture.width))
            else:
                self.hidden.append(nn.Linear(architecture.width, architecture.width))
        self.last = nn.Linear(architecture.width, n_classes)
        if architecture.activation == "relu":
            self.activation = nn.ReLU()
        elif architecture.activation == "leaky_relu":
            self.activation = nn.LeakyReLU()
        else:
            self.activation = nn.ELU()
        self.dropout = nn.Dropout(architecture.dropout)

    def forward(self, x):
        for layer in self.hidden:
            x = layer(x)
            x = self.activation(x)
            x = self.dropout(x)
        return self.last(x)


def build(architecture, n_inputs, n_classes):
    return Network(architecture, n_inputs, n_classes)


def count_parameters(architecture, n_inputs, n_classes):
    total = 0
    for parameter in build(architecture, n_inputs, n_classes).parameters():
        total += parameter.numel()
    return total


def run_trial(architecture, data, *, epochs, seed):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    X = torch.from_numpy(data.X_train).float() / 255 - 0.5
    y = torch.from_numpy(data.y_train)
    model = build(architecture, data.n_inputs, data.n_classes)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    loss_fn = nn.CrossEntropyLoss()

    start = time.time()
    model.train()
    for epoch in range(epochs):
        order = torch.randperm(len(X))
        for i in range(0, len(X), architecture.batch_size):
            rows = order[i : i + architecture.batch_size]
            out = model(X[rows])
            loss = loss_fn(out, y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    seconds = time.time() - start

    model.eval()
    right = 0
    Xv = torch.from_numpy(data.X_validation).float() / 255 - 0.5
    with torch.no_grad():
        predictions = model(Xv).argmax(1)
    for i in range(len(predictions)):
        if predictions[i].item() == data.y_validation[i]:
            right += 1
    accuracy = right / len(predictions)
    parameters = count_parameters(architecture, data.n_inputs, data.n_classes)
    return Trial(architecture, data.name, epochs, seed, accuracy, seconds, parameters)


HEADER = "layers,width,activation,dropout,batch_size,dataset,epochs,seed,accuracy,seconds,parameters"


def line_of(trial):
    a = trial.architecture
    values = [a.layers, a.width, a.activation, a.dropout, a.batch_size]
    values += [trial.dataset, trial.epochs, trial.seed, trial.accuracy, trial.seconds, trial.parameters]
    return ",".join(str(value) for value in values)


def read_log(log):
    trials = []
    if log is None or not os.path.exists(log):
        return trials
    with open(log) as f:
        lines = f.read().split("\n")
    for line in lines[1:]:
        v = line.split(",")
        if len(v) == 11:
            a = Architecture(int(v[0]), int(v[1]), v[2], float(v[3]), int(v[4]))
            trials.append(Trial(a, v[5], int(v[6]), int(v[7]), float(v[8]), float(v[9]), int(v[10])))
    return trials


def write_log(log, trial):
    if log is None:
        return
    if not os.path.exists(log):
        with open(log, "w") as f:
            f.write(HEADER + "\n")
    with open(log, "a") as f:
        f.write(line_of(trial) + "\n")


def search(architectures, data, *, epochs, seed, executor=None, log=None):
    finished = {}
    for trial in read_log(log):
        if trial.dataset == data.name and trial.epochs == epochs and trial.seed == seed:
            finished[trial.architecture] = trial

    futures = {}
    for architecture in architectures:
        if architecture in finished or architecture in futures:
            continue
        if executor is None:
            trial = run_trial(architecture, data, epochs=epochs, seed=seed)
            write_log(log, trial)
            finished[architecture] = trial
        else:
            futures[architecture] = executor.submit(run_trial, architecture, data, epochs=epochs, seed=seed)

    # wait until all are done
    waiting = list(futures)
    while len(waiting) > 0:
        for architecture in list(waiting):
            if futures[architecture].done():
                trial = futures[architecture].result()
                write_log(log, trial)
                finished[architecture] = trial
                waiting.remove(architecture)
        time.sleep(0.01)

    result = []
    for architecture in architectures:
        result.append(finished[architecture])
    return result


def pareto_front(trials):
    front = []
    for t in trials:
        dominated = False
        for o in trials:
            if o.accuracy >= t.accuracy and o.parameters <= t.parameters and o.seconds <= t.seconds:
                if o.accuracy > t.accuracy or o.parameters < t.parameters or o.seconds < t.seconds:
                    dominated = True
        if not dominated:
            front.append(t)
    return front


def write_results(trials, folder):
    os.makedirs(folder, exist_ok=True)
    front = pareto_front(trials)

    models = []
    with open(os.path.join(folder, "experiment_log.csv"), "w") as f:
        f.write(HEADER + ",accuracy_per_parameter,pareto\n")
        for trial in trials:
            on_front = trial in front
            f.write(line_of(trial) + "," + str(trial.accuracy / trial.parameters) + "," + str(on_front) + "\n")
            model = {}
            model["layers"] = trial.architecture.layers
            model["width"] = trial.architecture.width
            model["activation"] = trial.architecture.activation
            model["dropout"] = trial.architecture.dropout
            model["batch_size"] = trial.architecture.batch_size
            model["dataset"] = trial.dataset
            model["epochs"] = trial.epochs
            model["seed"] = trial.seed
            model["accuracy"] = trial.accuracy
            model["seconds"] = trial.seconds
            model["parameters"] = trial.parameters
            model["accuracy_per_parameter"] = trial.accuracy / trial.parameters
            model["pareto"] = on_front
            models.append(model)

    models.sort(key=lambda model: -model["accuracy"])
    with open(os.path.join(folder, "best_models.json"), "w") as f:
        json.dump(models[:5], f, indent=4)

    plt.figure(figsize=(12, 5))
    plt.subplot(1, 2, 1)
    for trial in trials:
        if trial in front:
            plt.plot(trial.parameters, trial.accuracy, "r*", markersize=12)
        else:
            plt.plot(trial.parameters, trial.accuracy, "bo")
    plt.xlabel("parameters")
    plt.ylabel("accuracy")
    plt.title("red stars: Pareto front")
    plt.subplot(1, 2, 2)
    for trial in trials:
        if trial in front:
            plt.plot(trial.seconds, trial.accuracy, "r*", markersize=12)
        else:
            plt.plot(trial.seconds, trial.accuracy, "bo")
    plt.xlabel("seconds")
    plt.ylabel("accuracy")
    plt.savefig(os.path.join(folder, "tradeoff_plot.png"))
    plt.close()


def main():
    data = load()
    # a grid, because wide networks are too slow on my computer
    architectures = []
    for layers in [2, 4, 6]:
        for width in [32, 64]:
            for activation in ["relu", "elu"]:
                for dropout in [0, 0.2]:
                    architectures.append(Architecture(layers, width, activation, dropout, 128))
    trials = search(architectures, data, epochs=5, seed=42, log="log.csv")
    write_results(trials, "results")
    for trial in trials:
        print(trial)


if __name__ == "__main__":
    main()
