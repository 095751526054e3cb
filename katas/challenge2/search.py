"""Challenge 2: which network is best for these pictures, and what does it cost?

    python search.py

tries architectures and writes the results into results/. `katas run challenge2` does the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from images import ImageData
from torch import nn


@dataclass(frozen=True)
class Architecture:
    """A fully connected network, and the size of the batches that it learns from."""

    layers: int  # number of hidden layers
    width: int  # units in each hidden layer
    activation: str  # "relu", "leaky_relu" or "elu"
    dropout: float  # the probability that a unit is dropped
    batch_size: int


@dataclass(frozen=True)
class Trial:
    """The result of training one architecture."""

    architecture: Architecture
    dataset: str
    epochs: int
    seed: int
    accuracy: float  # share of the validation pictures that it gets right after the last epoch, 0 to 1
    seconds: float  # for training; on a busy computer, time.process_time() is steadier than the wall clock
    parameters: int


def search_space() -> list[Architecture]:
    """Return all 432 architectures, each once.

    layers 2, 4, 6, 8; width 32, 64, 128, 256; activation relu, leaky_relu, elu; dropout 0, 0.2, 0.5;
    batch_size 32, 64, 128. In any order.
    """
    raise NotImplementedError


def sample(n: int, rng: np.random.Generator) -> list[Architecture]:
    """Return n different architectures from the space, all equally likely.

    All randomness comes from `rng`. n is at most 432.
    """
    raise NotImplementedError


def build(architecture: Architecture, n_inputs: int, n_classes: int) -> nn.Module:
    """Return the network: `layers` times (Linear, activation, Dropout), then a Linear to the classes.

    It maps (n, n_inputs) to logits (n, n_classes). Use torch's activations with their defaults (LeakyReLU's slope is
    0.01, ELU's alpha is 1). torch's global generator draws the weights.
    """
    raise NotImplementedError


def count_parameters(architecture: Architecture, n_inputs: int, n_classes: int) -> int:
    """Return how many weights and biases `build` makes. You can compute that without building a network."""
    raise NotImplementedError


def run_trial(architecture: Architecture, data: ImageData, *, epochs: int, seed: int) -> Trial:
    """Train a fresh network and return its Trial.

    Train it on data.X_train alone. In every epoch, put the rows in a new order and cut them into batches of
    `batch_size` (the last may be smaller). Optimizer, learning rate and schedule are your choice, as long as the
    network learns three classes that lie far apart (an accuracy of 0.7 after 20 epochs of 1 000 rows). Dropout is on in
    training and off in validation. The accuracy is measured on all of data.X_validation, after the last epoch. Compute
    the numbers for scaling a picture from that picture or from data.X_train, never from other validation pictures.

    The seed decides everything: repeating a trial gives the same accuracy, whatever ran before it. Call
    torch.set_num_threads(1) here: several trials may run at the same time, and sums are rounded differently with
    a different number of threads.
    """
    raise NotImplementedError


def search(
    architectures: Sequence[Architecture],
    data: ImageData,
    *,
    epochs: int,
    seed: int,
    executor: Executor | None = None,
    log: str | Path | None = None,
) -> list[Trial]:
    """Run a trial for each architecture; return the trials in the order of `architectures`.

    Run them one after the other in this process, or submit all of them at once to `executor`, which may be any
    concurrent.futures.Executor. (Threads in one process share torch's generator, so their trials may differ from run to
    run; that isn't graded.) Run an architecture that is listed twice only once, and return its trial twice.

    Append every trial to the CSV file `log` as soon as it finishes, in whatever order they finish. Do it here, not in a
    worker. The file is either new or one that `search` wrote. It starts with a header; write that before the first row
    or together with it. A row has at least the columns layers, width, activation, dropout, batch_size, dataset, epochs,
    seed, accuracy, seconds, parameters, with all digits of each number. If the file already has a trial (same
    architecture, data set, epochs and seed), keep its row and don't run the trial again. So if you change `run_trial`,
    delete your log before you search again.

    Extra (the task `recovery`): if a trial raises an exception, KeyboardInterrupt included, the trials that finished
    before it are in the log, and the exception reaches the caller. If the log doesn't end with a newline, the search
    was killed while it wrote the last line: drop that line and run its trial again. The executor's workers may be other
    processes, so its function and arguments must be picklable. The caller shuts the executor down, not you.
    """
    raise NotImplementedError


def pareto_front(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that no other trial dominates, in the order of `trials`.

    One trial dominates another if it is at least as good on accuracy (more is better), parameters and seconds (less is
    better), and better on at least one of them. Equal trials don't dominate each other: both stay.
    """
    raise NotImplementedError


def write_results(trials: Sequence[Trial], folder: str | Path) -> None:
    """Write experiment_log.csv, best_models.json and tradeoff_plot.png into `folder`; create it if it doesn't exist.

    experiment_log.csv: a row for every trial, in any order, with these columns and no others, in any order: layers,
    width, activation, dropout, batch_size, dataset, epochs, seed, accuracy, seconds, parameters, accuracy_per_parameter
    (accuracy / parameters), pareto (True if the trial is on the front, else False). Write all digits of each number.
    best_models.json: a list of the five most accurate rows, best first (all of them if there are fewer), each an object
    with the same fields.
    tradeoff_plot.png: two plots in one figure, accuracy against parameters and accuracy against seconds. Every trial is
    a point. Mark those on the front as you like: by colour, size or shape, or with a ring, a line, an arrow or a name.
    Label the axes.
    """
    raise NotImplementedError


def main() -> None:
    """Run a search and write its results: `load()`, `sample`, `search`, `write_results(trials, "results")`."""
    raise NotImplementedError


if __name__ == "__main__":
    main()
