"""What the visible tests have done beside your functions; plain values come back."""

from __future__ import annotations

import copy
import functools
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

torch.set_num_threads(1)  # networks this small gain nothing from a second, and lose much on a busy machine


def forward(submission: ModuleType, n_layers: int, activation: str, seed: int, X: np.ndarray) -> Any:
    """The parameters of a fresh network with hidden layers of 16, and its logits for X."""
    network = submission.DeepNetwork(n_layers, activation, n_inputs=X.shape[1], width=16, seed=seed)
    return list(network.parameters()), network.forward(X)


def make(submission: ModuleType, activation: str) -> None:
    """Make a network with this activation."""
    submission.DeepNetwork(15, activation)


def step(
    submission: ModuleType,
    n_layers: int,
    activation: str,
    X: np.ndarray,
    y: np.ndarray,
    learning_rate: float,
    seed: int,
) -> dict[str, Any]:
    """One train_step of a fresh network: parameters before and after it, the loss, the norms."""
    network = submission.DeepNetwork(n_layers, activation, n_inputs=X.shape[1], seed=seed)
    before = copy.deepcopy(list(network.parameters()))
    loss = network.train_step(X, y, learning_rate)
    return {"before": before, "after": list(network.parameters()), "loss": loss, "norms": network.track_gradients()}


def norms_before_any_step(submission: ModuleType) -> Any:
    """Ask a fresh network for its gradients."""
    return submission.DeepNetwork(3, "relu").track_gradients()


def experiment(
    submission: ModuleType, X: np.ndarray, y: np.ndarray, activation: str, settings: dict[str, Any]
) -> dict[str, Any]:
    """The frame of an experiment, column by column, and the parameters of the fresh network that belongs to it."""
    frame = submission.experiment(X, y, activation, **settings)
    network = submission.DeepNetwork(15, activation, n_inputs=X.shape[1], seed=settings["seed"])
    columns = list(frame.columns)
    return {"columns": columns, "values": [frame[name].to_numpy() for name in columns], "fresh": network.parameters()}


def fixed(submission: ModuleType, X: np.ndarray, y: np.ndarray, seed: int, shown: np.ndarray) -> dict[str, Any]:
    """fixed_network on X and y: how many digits each call of train_step was given, and the logits for `shown`."""
    train_step = submission.DeepNetwork.train_step
    sizes: list[int] = []

    def counted(self: Any, X: Any, y: Any, learning_rate: Any) -> Any:
        sizes.append(len(X))
        return train_step(self, X, y, learning_rate)

    submission.DeepNetwork.train_step = counted
    try:
        network = submission.fixed_network(X, y, seed)
    finally:
        submission.DeepNetwork.train_step = train_step
    return {"sizes": sizes, "layers": len(list(network.parameters())), "logits": network.forward(shown)}


def plot(submission: ModuleType, frames: list[dict[str, np.ndarray]], name: str) -> dict[str, Any]:
    """plot_gradients of two frames into a file of this name: its bytes, and the scales of all axes that were saved."""
    scales: list[str] = []
    print_png = FigureCanvasAgg.print_png

    @functools.wraps(print_png)  # whoever calls it looks at its signature
    def see(canvas: FigureCanvasAgg, *arguments: Any, **options: Any) -> Any:
        scales[:] = [scale for axes in canvas.figure.axes for scale in (axes.get_xscale(), axes.get_yscale())]
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
    return {"png": data, "scales": scales}
