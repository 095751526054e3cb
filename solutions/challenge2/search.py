"""Challenge 2, solved: a random search over fully connected networks that logs, resumes, and runs on any executor."""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from dataclasses import asdict, astuple, dataclass
from multiprocessing import active_children, get_context
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from images import ImageData, load
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn
from torch.nn import functional as F

ACTIVATIONS = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU}
LEARNING_RATE = 2e-3  # at the schedule's peak
EPOCHS = 10


@dataclass(frozen=True)
class Architecture:
    """A fully connected network, and the size of the batches that it learns from."""

    layers: int
    width: int
    activation: str
    dropout: float
    batch_size: int


@dataclass(frozen=True)
class Trial:
    """The result of training one architecture."""

    architecture: Architecture
    dataset: str
    epochs: int
    seed: int
    accuracy: float
    seconds: float
    parameters: int


def search_space() -> list[Architecture]:
    choices = (2, 4, 6, 8), (32, 64, 128, 256), tuple(ACTIVATIONS), (0.0, 0.2, 0.5), (32, 64, 128)
    return list(itertools.starmap(Architecture, itertools.product(*choices)))


def sample(n: int, rng: np.random.Generator) -> list[Architecture]:
    space = search_space()
    return [space[number] for number in rng.choice(len(space), n, replace=False)]


def build(architecture: Architecture, n_inputs: int, n_classes: int) -> nn.Module:
    modules: list[nn.Module] = []
    for fan_in in [n_inputs] + [architecture.width] * (architecture.layers - 1):
        modules += [nn.Linear(fan_in, architecture.width), ACTIVATIONS[architecture.activation]()]
        modules += [nn.Dropout(architecture.dropout)]
    return nn.Sequential(*modules, nn.Linear(architecture.width, n_classes))


def count_parameters(architecture: Architecture, n_inputs: int, n_classes: int) -> int:
    sizes = [n_inputs, *[architecture.width] * architecture.layers, n_classes]
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in itertools.pairwise(sizes))


def run_trial(architecture: Architecture, data: ImageData, *, epochs: int, seed: int) -> Trial:
    """Train in float64: processors round differently, and in float32 that soon leads to a different network."""
    torch.set_num_threads(1)
    begun = time.process_time()  # processor time: the wall clock would count other processes too
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build(architecture, data.n_inputs, data.n_classes).double()
        train(model, scaled(data.X_train), torch.from_numpy(data.y_train), architecture.batch_size, epochs)
    seconds = time.process_time() - begun
    model.eval()
    with torch.no_grad():
        predicted = model(scaled(data.X_validation)).argmax(dim=1).numpy()
    accuracy = float(np.mean(predicted == data.y_validation))
    parameters = count_parameters(architecture, data.n_inputs, data.n_classes)
    return Trial(architecture, data.name, epochs, seed, accuracy, seconds, parameters)


def scaled(X: np.ndarray) -> torch.Tensor:
    """Convert bytes to numbers from -1 to 1."""
    return torch.from_numpy(X).double() / 127.5 - 1


def train(model: nn.Module, X: torch.Tensor, y: torch.Tensor, batch_size: int, epochs: int) -> None:
    """Train with Adam and a learning rate that rises and then falls to 0, so that the last steps settle."""
    steps = epochs * -(-len(X) // batch_size)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    model.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(X[rows]), y[rows]).backward()
            optimizer.step()
            schedule.step()


def search(
    architectures: Sequence[Architecture],
    data: ImageData,
    *,
    epochs: int,
    seed: int,
    executor: Executor | None = None,
    log: str | Path | None = None,
) -> list[Trial]:
    asked_for = (data.name, epochs, seed)
    logged = read_log(Path(log)) if log is not None else []
    done = {trial.architecture: trial for trial in logged if (trial.dataset, trial.epochs, trial.seed) == asked_for}
    waiting = [architecture for architecture in dict.fromkeys(architectures) if architecture not in done]
    with progress(len(waiting)) as shown:
        for trial in finished(waiting, data, epochs, seed, executor):
            if log is not None:
                append(Path(log), trial)
            done[trial.architecture] = trial
            best = max(trial.accuracy for trial in done.values())
            shown.update(shown.task_ids[0], advance=1, best=f"{best:.1%}")
    return [done[architecture] for architecture in architectures]


def finished(
    waiting: list[Architecture], data: ImageData, epochs: int, seed: int, executor: Executor | None
) -> Iterator[Trial]:
    """Yield each trial as it finishes; if the caller stops early, cancel those still waiting."""
    if executor is None:
        for architecture in waiting:
            yield run_trial(architecture, data, epochs=epochs, seed=seed)
        return
    futures = [executor.submit(run_trial, architecture, data, epochs=epochs, seed=seed) for architecture in waiting]
    try:
        for future in as_completed(futures):
            yield future.result()
    finally:
        for future in futures:
            future.cancel()


def progress(total: int) -> Progress:
    """Make a progress bar with trials, the best so far and the time left; it is hidden unless stderr is a terminal."""
    best = TextColumn("best {task.fields[best]}")
    columns = (TextColumn("trials"), BarColumn(), MofNCompleteColumn(), best, TimeRemainingColumn(), TextColumn("left"))
    bar = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
    bar.add_task("", total=total, best="–")
    return bar


def row(trial: Trial) -> dict[str, object]:
    """Return a trial as a flat row."""
    flat = asdict(trial)
    return flat.pop("architecture") | flat


def append(log: Path, trial: Trial) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    new = not log.exists() or not log.stat().st_size
    pd.DataFrame([row(trial)]).to_csv(log, mode="a", header=new, index=False)


def read_log(log: Path) -> list[Trial]:
    """Return the trials in a log; cut off an incomplete last line, which a killed search leaves."""
    if not log.exists():
        return []
    text = log.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if whole != text:
        log.write_bytes(whole)
    if not whole:
        return []
    with log.open(newline="", encoding="utf-8") as file:
        return [trial_of(cells) for cells in csv.DictReader(file)]


def trial_of(cells: dict[str, str]) -> Trial:
    """Turn a row of a log into a trial; Python reads back exactly the float that it wrote."""
    parts = (int(cells["layers"]), int(cells["width"]), cells["activation"])
    architecture = Architecture(*parts, float(cells["dropout"]), int(cells["batch_size"]))
    asked_for = (cells["dataset"], int(cells["epochs"]), int(cells["seed"]))
    return Trial(architecture, *asked_for, float(cells["accuracy"]), float(cells["seconds"]), int(cells["parameters"]))


def pareto_front(trials: Sequence[Trial]) -> list[Trial]:
    costs = np.array([(-trial.accuracy, trial.parameters, trial.seconds) for trial in trials])
    no_worse = (costs[:, None] <= costs[None]).all(axis=2)  # [i, j]: i is at least as good as j in everything
    better = (costs[:, None] < costs[None]).any(axis=2)
    dominated = (no_worse & better).any(axis=0)
    return [trial for trial, out in zip(trials, dominated, strict=True) if not out]


def write_results(trials: Sequence[Trial], folder: str | Path) -> None:
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    table = as_table(trials)
    table.to_csv(folder / "experiment_log.csv", index=False)
    best = table.sort_values("accuracy", ascending=False, kind="stable").head(5)
    (folder / "best_models.json").write_text(json.dumps(best.to_dict("records"), indent=2) + "\n", encoding="utf-8")
    plot(table, folder / "tradeoff_plot.png")


def as_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return a table of the trials, with accuracy per parameter and whether each is on the front."""
    table = pd.DataFrame([row(trial) for trial in trials])
    table["accuracy_per_parameter"] = table["accuracy"] / table["parameters"]
    front = {astuple(trial) for trial in pareto_front(trials)}
    table["pareto"] = [astuple(trial) in front for trial in trials]
    return table


def plot(table: pd.DataFrame, path: Path) -> None:
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    draw(figure, table)
    figure.suptitle(f"{len(table)} trials, {table['epochs'].max()} epochs of {table['dataset'].iloc[0]}", fontsize=12)
    figure.savefig(path, dpi=130)


def draw(figure: Figure, table: pd.DataFrame) -> None:
    """Plot accuracy against parameters and seconds: colour is depth, size is width, and a ring marks the front."""
    front = table[table["pareto"]]
    axes = figure.subplots(1, 2, sharey=True)
    colours = {2: "#fde725", 4: "#35b779", 6: "#31688e", 8: "#440154"}
    for each, price, unit in zip(axes, ("parameters", "seconds"), ("", " of training, one thread"), strict=True):
        for depth, some in table.groupby("layers"):
            dots = {"s": area(some["width"]), "color": colours[depth], "edgecolor": "0.35", "lw": 0.6}
            each.scatter(some[price], some["accuracy"], **dots, zorder=2)
        each.scatter(front[price], front["accuracy"], s=260, facecolor="none", edgecolor="crimson", lw=1.6, zorder=3)
        each.set(xscale="log", xlabel=price + unit)
        each.xaxis.set(major_locator=LogLocator(subs=(1, 2, 5)), major_formatter=EngFormatter())
        each.xaxis.set_minor_locator(NullLocator())
        each.grid(alpha=0.25)
    axes[0].set_ylabel("accuracy on the validation images")
    figure.legend(handles=signs(colours), loc="outside right center", frameon=False)


def signs(colours: dict[int, str]) -> list[Line2D]:
    """Return the handles of the legend: a dot for each depth and each width, and the ring."""
    dot = {"marker": "o", "ls": "", "markeredgecolor": "0.35"}
    depths = [Line2D([], [], color=colour, label=f"{depth} layers", **dot) for depth, colour in colours.items()]
    widths = [
        Line2D([], [], color="white", markersize=area(width) ** 0.5, label=f"width {width}", **dot)
        for width in (32, 64, 128, 256)
    ]
    ring = {"markerfacecolor": "none", "markeredgecolor": "crimson", "markersize": 14}
    return [*depths, *widths, Line2D([], [], marker="o", ls="", label="Pareto front", **ring)]


def area(width: int) -> float:
    """Return the area of a dot in square points."""
    return 14 + 0.55 * width


def main() -> None:
    """Search and write results/. An interrupted search leaves trials.csv, from which the next one continues."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--trials", type=int, default=24)
    options.add_argument("--data", default="shapes32", help="shapes32 or cifar10")
    options.add_argument("--seed", type=int, default=12)
    options.add_argument("--folder", type=Path, default=Path("results"))
    given = options.parse_args()
    architectures, log = sample(given.trials, np.random.default_rng(given.seed)), given.folder / "trials.csv"
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), initializer=deaf) as pool:
        try:
            trials = search(architectures, load(given.data), epochs=EPOCHS, seed=given.seed, executor=pool, log=log)
        except KeyboardInterrupt:
            for process in active_children():  # end the running trials
                process.terminate()
            sys.exit(f"interrupted: finished trials are in {log}. Run the same command again to continue from there.")
    write_results(trials, given.folder)
    (given.folder / "recommendations.md").write_text(recommendations(as_table(trials)), encoding="utf-8")
    log.unlink()
    print(f"written: {given.folder}/: {', '.join(sorted(path.name for path in given.folder.iterdir()))}")


def deaf() -> None:
    """Ignore Ctrl-C in a worker process; the process that searches handles it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    from recommending import recommendations

    main()
