"""The calls that the visible tests make to your code. They return plain values."""

from __future__ import annotations

import copy
import functools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

torch.set_num_threads(1)  # a second thread doesn't speed up networks this small, and slows them down on a busy machine


def parameters_and_logits(submission: ModuleType, n_layers: int, activation: str, seed: int, X: np.ndarray) -> Any:
    """Return the parameters of a fresh network with hidden layers of 16, and its logits for X."""
    network = submission.DeepNetwork(n_layers, activation, n_inputs=X.shape[1], width=16, seed=seed)
    return list(network.parameters()), network.forward(X)


def default_shapes(submission: ModuleType) -> Any:
    """Return the shapes of the parameters of DeepNetwork()."""
    return [[array.shape for array in pair] for pair in submission.DeepNetwork().parameters()]


def fresh(submission: ModuleType, seeds: list[int]) -> Any:
    """Return the parameters of a fresh network for each seed."""
    return [list(submission.DeepNetwork(4, "relu", n_inputs=12, seed=seed).parameters()) for seed in seeds]


def make(submission: ModuleType, activation: str) -> None:
    """Make a network with this activation."""
    submission.DeepNetwork(15, activation)


def steps(
    submission: ModuleType,
    n_layers: int,
    activation: str,
    batches: list[tuple[np.ndarray, np.ndarray]],
    learning_rate: float,
    seed: int,
    tracked: bool = False,
) -> list[dict[str, Any]]:
    """Take one train_step on each batch with a fresh network; return parameters before and after, and the loss.

    `tracked`: also return the norms.
    """
    network = submission.DeepNetwork(n_layers, activation, n_inputs=batches[0][0].shape[1], seed=seed)
    found = []
    for X, y in batches:
        before = copy.deepcopy(list(network.parameters()))
        loss = network.train_step(X, y, learning_rate)
        found.append({"before": before, "after": copy.deepcopy(list(network.parameters())), "loss": loss})
        if tracked:
            found[-1]["norms"] = copy.copy(network.track_gradients())
    return found


def norms_of_two(submission: ModuleType, batches: list[tuple[np.ndarray, np.ndarray]]) -> list[Any]:
    """Train two networks for a step, each on its own batch; return their parameters before it, and their norms."""
    pair = [submission.DeepNetwork(3, "relu", n_inputs=784, seed=seed) for seed in (1, 2)]
    before = [copy.deepcopy(list(network.parameters())) for network in pair]
    for network, (X, y) in zip(pair, batches, strict=True):
        network.train_step(X, y, 0.1)
    return [[parameters, network.track_gradients()] for parameters, network in zip(before, pair, strict=True)]


def norms_before_any_step(submission: ModuleType) -> Any:
    """Ask a fresh network for its gradients."""
    return submission.DeepNetwork(3, "relu").track_gradients()


def experiment(
    submission: ModuleType, X: np.ndarray, y: np.ndarray, activation: str, settings: dict[str, Any]
) -> dict[str, Any]:
    """Run an experiment; return its frame by columns, and the batch, rate, loss and norms of each train_step.

    `fresh`: the parameters of a fresh network with that seed. `starts`: those before the first and the second step.
    """
    calls: list[Any] = []
    starts: list[Any] = []

    def see(network: Any, batch: list[Any], step: Callable[[], Any]) -> Any:
        starts.append(copy.deepcopy(list(network.parameters())))
        loss = step()
        calls.append([*(np.asarray(each).copy() for each in batch), loss, copy.copy(network.track_gradients())])
        return loss

    with _watched(submission, see):
        frame = submission.experiment(X, y, activation, **settings)
    network = submission.DeepNetwork(15, activation, n_inputs=X.shape[1], seed=settings["seed"])
    columns = list(frame.columns)
    values = [_numbers(frame[name]) for name in columns]
    return {
        "columns": columns,
        "values": values,
        "calls": calls,
        "starts": starts[:2],
        "fresh": list(network.parameters()),
    }


def _numbers(column: pd.Series) -> np.ndarray:
    """Return a column as an array; arrays without axes in it count as numbers."""
    values = column.to_numpy()
    return values.astype(float) if values.dtype == object else values


def fixed(submission: ModuleType, X: np.ndarray, y: np.ndarray, seed: int, shown: np.ndarray) -> dict[str, Any]:
    """Call fixed_network(X, y, seed); return the number of digits in each train_step, and the logits for `shown`.

    Shown as:
        import vanishing
        from probes import fixed
        found = fixed(vanishing, X, y, seed, X)
        print(found["kind"], "of", found["layers"], "layers")
        print("steps:", len(found["sizes"]), "digits in the largest:", max(found["sizes"], default=0))
        print("right on its own digits:", (found["logits"].argmax(axis=1) == y).mean())
    """
    sizes: list[int] = []

    def see(network: Any, batch: list[Any], step: Callable[[], Any]) -> Any:
        sizes.append(len(batch[0]))
        return step()

    with _watched(submission, see):
        network = submission.fixed_network(X, y, seed)
    return {
        "kind": type(network).__name__,
        "is_network": isinstance(network, submission.DeepNetwork),
        "sizes": sizes,
        "layers": len(list(network.parameters())),
        "logits": network.forward(shown),
    }


@contextmanager
def _watched(submission: ModuleType, see: Callable[..., Any]) -> Iterator[None]:
    """Pass every call of train_step to `see(network, batch, step)`; `see` takes the step by calling `step`."""
    train_step = submission.DeepNetwork.train_step

    def watched(self: Any, X: Any, y: Any, learning_rate: Any) -> Any:
        return see(self, [X, y, learning_rate], lambda: train_step(self, X, y, learning_rate))

    submission.DeepNetwork.train_step = watched
    try:
        yield
    finally:
        submission.DeepNetwork.train_step = train_step


def twice(
    submission: ModuleType, X: np.ndarray, y: np.ndarray, settings: dict[str, Any], seeds: list[int]
) -> dict[str, Any]:
    """Return the norms of an experiment for each seed, and which of X, y and the global generators have changed."""
    before = _state(X, y)
    frames = [_numbers(submission.experiment(X, y, "relu", **settings, seed=seed)["gradient_norm"]) for seed in seeds]
    after = _state(X, y)
    return {"norms": frames, "changed": [name for name in before if before[name] != after[name]]}


def rows_taken(
    submission: ModuleType, X: np.ndarray, y: np.ndarray, settings: dict[str, Any], seeds: list[int]
) -> list[Any]:
    """Return the classes of all batches of an experiment, for each seed."""
    found = []
    for seed in seeds:
        calls = experiment(submission, X, y, "relu", settings | {"seed": seed})["calls"]
        found.append([classes.tolist() for _, classes, *_ in calls])
    return found


def changed_by_fixed(submission: ModuleType, X: np.ndarray, y: np.ndarray, seed: int) -> list[str]:
    """Return which of X, y and the global generators fixed_network has changed."""
    before = _state(X, y)
    submission.fixed_network(X, y, seed)
    after = _state(X, y)
    return [name for name in before if before[name] != after[name]]


def changed_by_plot(submission: ModuleType, frames: list[dict[str, np.ndarray]]) -> list[str]:
    """Return which of two frames plot_gradients has changed."""
    tables = [pd.DataFrame(frame) for frame in frames]
    submission.plot_gradients(*tables, "changed.png")
    Path("changed.png").unlink(missing_ok=True)
    plt.close("all")
    kept = [table.equals(pd.DataFrame(frame)) for table, frame in zip(tables, frames, strict=True)]
    return [name for name, same in zip(("sigmoid", "relu"), kept, strict=True) if not same]


def _state(X: np.ndarray, y: np.ndarray) -> dict[str, bytes]:
    """Return X, y and the global generators as bytes."""
    return {
        "X": X.tobytes(),
        "y": y.tobytes(),
        "the global random generator of random": repr(random.getstate()).encode(),
        "the global random generator of numpy.random": repr(np.random.get_state()).encode(),
        "the global random generator of torch": torch.get_rng_state().numpy().tobytes(),
    }


def plot(submission: ModuleType, frames: list[dict[str, np.ndarray]], name: str) -> dict[str, Any]:
    """Call plot_gradients with two frames and a file name; return the file's bytes and what the saved axes contain.

    Shown as:
        import pandas as pd
        sigmoid, relu = map(pd.DataFrame, frames)
        plot_gradients(sigmoid, relu, "{name}")
        print("Look at {name}.")
    """
    found: list[dict[str, Any]] = []
    print_png = FigureCanvasAgg.print_png

    @functools.wraps(print_png)  # matplotlib inspects its signature
    def see(canvas: FigureCanvasAgg, *arguments: Any, **options: Any) -> Any:
        found[:] = [_axes(axes) for axes in canvas.figure.axes]
        return print_png(canvas, *arguments, **options)

    path = Path(name)
    path.unlink(missing_ok=True)
    FigureCanvasAgg.print_png = see
    try:
        submission.plot_gradients(*map(pd.DataFrame, frames), name)
        data = path.read_bytes() if path.is_file() else None
    finally:
        FigureCanvasAgg.print_png = print_png
        path.unlink(missing_ok=True)
        plt.close("all")
    return {"png": data, "axes": found}


def _axes(axes: Any) -> dict[str, Any]:
    """Return scales, limits and labels in both directions, all words, and the (x, y) numbers of each artist."""
    figure, legends = axes.figure, [axes.get_legend(), *axes.figure.legends]
    whole = figure.canvas.figure  # unlike axes.figure, never a part of the figure
    words = [axes.get_title(loc=place) for place in ("left", "center", "right")] + [
        text.get_text() for text in [*axes.texts, *whole.texts]
    ]
    words += [figure.get_suptitle(), whole.get_suptitle()]
    for legend in filter(None, legends):
        words += [legend.get_title().get_text(), *(text.get_text() for text in legend.get_texts())]
    labels = [axes.get_xlabel() or figure.get_supxlabel(), axes.get_ylabel() or figure.get_supylabel()]
    drawn = [(line.get_xdata(orig=False), line.get_ydata(orig=False)) for line in axes.lines]
    for collection in axes.collections:
        segments = collection.get_segments() if hasattr(collection, "get_segments") else [collection.get_offsets()]
        drawn += [(part[:, 0], part[:, 1]) for part in map(np.ma.getdata, segments) if len(part)]
    corners = [
        (bar.get_x() + bar.get_width(), bar.get_y() + bar.get_height()) for bar in axes.patches if hasattr(bar, "get_x")
    ]
    drawn += [(np.array([x]), np.array([y])) for x, y in corners]
    for stairs in axes.patches:
        if hasattr(stairs, "get_data"):
            values, edges, _ = stairs.get_data()
            drawn.append((edges, values))
    return {
        "scales": [axes.get_xscale(), axes.get_yscale()],
        "limits": [sorted(map(float, axes.get_xlim())), sorted(map(float, axes.get_ylim()))],
        "labels": labels,
        "words": " ".join([*words, *labels]),
        "drawn": [[np.array(np.ma.filled(np.ma.asarray(each, np.float64), np.nan)) for each in pair] for pair in drawn],
    }
