"""Challenge 2: which network is best for these pictures, and at which price?

    python search.py

tries architectures and writes what came of it into results/; `katas run challenge2` does the same.
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
    """A fully connected network, and the batches that it learns from."""

    layers: int  # hidden layers
    width: int  # units in each
    activation: str  # "relu", "leaky_relu" or "elu"
    dropout: float  # the probability with which a unit is dropped
    batch_size: int


@dataclass(frozen=True)
class Trial:
    """What came of training one architecture."""

    architecture: Architecture
    dataset: str
    epochs: int
    seed: int
    accuracy: float  # share of the validation pictures that is right after the last epoch, 0 to 1
    seconds: float  # of training; time.process_time() is steadier than the wall clock on a busy computer
    parameters: int


def search_space() -> list[Architecture]:
    """All 432 architectures, each once.

    layers 2, 4, 6, 8; width 32, 64, 128, 256; activation relu, leaky_relu, elu; dropout 0, 0.2, 0.5;
    batch_size 32, 64, 128. In any order.
    """
    raise NotImplementedError


def sample(n: int, rng: np.random.Generator) -> list[Architecture]:
    """n different architectures of the space, every one as likely as every other.

    All randomness comes from `rng`. n is at most 432.
    """
    raise NotImplementedError


def build(architecture: Architecture, n_inputs: int, n_classes: int) -> nn.Module:
    """The network: `layers` times (Linear, activation, Dropout), then a Linear to the classes.

    It maps (n, n_inputs) to logits (n, n_classes). Activations are torch's, with their defaults (LeakyReLU's slope is
    0.01, ELU's alpha 1). Weights are drawn by torch's global generator.
    """
    raise NotImplementedError


def count_parameters(architecture: Architecture, n_inputs: int, n_classes: int) -> int:
    """How many weights and biases `build` makes. It can be told without building anything."""
    raise NotImplementedError


def run_trial(architecture: Architecture, data: ImageData, *, epochs: int, seed: int) -> Trial:
    """Train a fresh network and say how good it has become.

    It learns from data.X_train alone, so many epochs: in every one the rows are put in a new order and cut into batches
    of `batch_size` (the last may be smaller). Optimizer, learning rate and schedule are your choice, as long as three
    classes that lie far apart are learned (an accuracy of 0.7 after 20 epochs of 1 000 rows). Dropout is on in training
    and off in validation. The accuracy is that on all of data.X_validation, after the last epoch. What a picture is
    scaled by may come from itself and from data.X_train, never from other validation pictures.

    The seed decides everything: the same trial, again, has the same accuracy, whatever ran before it. Call
    torch.set_num_threads(1) here: several trials run side by side, and with another number of threads sums are rounded
    differently.
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
    """A trial of each architecture; the trials in the order of `architectures`.

    They run one after the other in this process, or are all handed to `executor.submit` at once: any
    concurrent.futures.Executor will do. (Threads of one process share torch's generator: there, trials may differ from
    run to run, and that is not graded.) An architecture asked for twice is run once; its trial comes twice.

    Every trial is appended here, not by a worker, to the CSV file `log` as soon as it is finished, whichever finishes
    first; the file is new, or one that `search` began. It starts with a header; write that before the first row or
    together with it. A row has at least the columns layers, width, activation, dropout, batch_size, dataset, epochs,
    seed, accuracy, seconds, parameters, with all digits of each number. Trials that the file already holds (same
    architecture, data set, epochs and seed) are not run again, and their rows stay. So if you change `run_trial`,
    delete your log before you search again.

    Extra (the task `recovery`): if a trial raises, the trials that finished before it are in the log, and the exception
    reaches the caller; so does KeyboardInterrupt. If the log does not end with a newline, the search was killed while
    it wrote its last line: drop that line and run its trial again. The executor may have other processes as workers, so
    its function and arguments must be picklable; it belongs to the caller, who shuts it down.
    """
    raise NotImplementedError


def pareto_front(trials: Sequence[Trial]) -> list[Trial]:
    """The trials that no other one dominates, in the order in which they came.

    One dominates another if it is at least as good in all three, accuracy (more is better), parameters and seconds
    (less is better), and better in one of them. Of equal ones none dominates the other: both stay.
    """
    raise NotImplementedError


def write_results(trials: Sequence[Trial], folder: str | Path) -> None:
    """Write experiment_log.csv, best_models.json and tradeoff_plot.png into `folder`; make it if it is not there.

    experiment_log.csv: a row for every trial, in any order, with these columns and no others, in any order: layers,
    width, activation, dropout, batch_size, dataset, epochs, seed, accuracy, seconds, parameters, accuracy_per_parameter
    (accuracy / parameters), pareto (True or False: is it on the front?). Write all digits of each number.
    best_models.json: a list of the five most accurate rows, best first (all if there are fewer), each an object with
    the same fields.
    tradeoff_plot.png: two plots in one figure, accuracy against parameters and accuracy against seconds. Every trial is
    a point. Mark those of the front as you like: by colour, size or shape, by a ring, a line, an arrow or a name. Label
    the axes.
    """
    raise NotImplementedError


def main() -> None:
    """Search, and write the results: `data = load()`, a sample, `search`, `write_results(trials, "results")`."""
    raise NotImplementedError


if __name__ == "__main__":
    main()
