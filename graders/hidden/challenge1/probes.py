"""Probes that call the submission for the hidden tests and return plain values.

The judge doesn't trust these values. It recomputes norms, losses and steps from the parameters and the batches.
"""

from __future__ import annotations

import copy
import functools
import pickle
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
from matplotlib.colors import to_hex
from matplotlib.figure import SubFigure

torch.set_num_threads(1)  # for networks this small, a second thread is no faster, and on a busy machine it is slower

Batch = tuple[np.ndarray, np.ndarray, float]
_kept: dict[str, Any] = {}  # `fixed` stores parameters here for `fixed_parameters`


# ------------------------------------------------------------------------------------------- the network


def parameters_and_logits(
    submission: ModuleType, n_layers: int, activation: str, options: dict[str, int], X: np.ndarray
) -> Any:
    """Return the parameters of a fresh network, its logits for X, and X after the call."""
    network = submission.DeepNetwork(n_layers, activation, **options)
    return _copied(network.parameters()), network.forward(X), X


def default_network(submission: ModuleType, X: np.ndarray) -> Any:
    """Return the parameters of DeepNetwork() and its logits for X."""
    network = submission.DeepNetwork()
    return _copied(network.parameters()), network.forward(X)


def make(submission: ModuleType, activation: str) -> None:
    """Make a network with this activation."""
    submission.DeepNetwork(15, activation, n_inputs=6)


def weights(submission: ModuleType, activation: str, seeds: list[int]) -> list[Any]:
    """Return the parameters of a network for each seed.

    The global random generators are in a different state each time.
    """
    made = []
    for number, seed in enumerate(seeds):
        _disturb(number)
        made.append(_copied(submission.DeepNetwork(4, activation, n_inputs=12, seed=seed).parameters()))
    return made


def touched(submission: ModuleType, activation: str, seed: int, X: np.ndarray) -> list[str]:
    """Make a network and train it for a step; return which global random generators have changed their state."""
    before = _generators()
    network = submission.DeepNetwork(4, activation, n_inputs=X.shape[1], seed=seed)
    network.forward(X)
    network.train_step(X, np.arange(len(X)) % 10, 0.1)
    return [name for name, state in _generators().items() if state != before[name]]


def training(
    submission: ModuleType,
    n_layers: int,
    activation: str,
    options: dict[str, int],
    batches: list[Batch],
    tracked: bool = False,
) -> dict[str, Any]:
    """Train a fresh network for one step on each batch, and return what happened in each step.

    The report holds the losses, the norms (if `tracked`), and the parameters before and after each step. `logits` holds
    the final logits for the last batch, and `batches` holds the arrays of all batches after training.
    """
    network = submission.DeepNetwork(n_layers, activation, **options)
    parameters, losses, norms = [_copied(network.parameters())], [], []
    for X, y, learning_rate in batches:
        losses.append(network.train_step(X, y, learning_rate))
        parameters.append(_copied(network.parameters()))
        if tracked:
            norms.append(copy.copy(network.track_gradients()))
    return {
        "parameters": parameters,
        "losses": losses,
        "norms": norms,
        "logits": network.forward(batches[-1][0]),
        "batches": batches,
    }


def norms_before_any_step(submission: ModuleType, activation: str, X: np.ndarray) -> Any:
    """Ask a fresh network for its gradients after a forward pass, but before any training step."""
    network = submission.DeepNetwork(3, activation, n_inputs=X.shape[1])
    network.forward(X)
    network.parameters()
    return network.track_gradients()


def two_networks(
    submission: ModuleType, n_layers: int, activation: str, options: dict[str, int], batches: list[Batch]
) -> list[Any]:
    """Train two networks for one step each, then ask both for their norms.

    Return, for each network, its parameters before its step, and its norms before and after another forward pass.
    """
    pair = [submission.DeepNetwork(n_layers, activation, **options | {"seed": seed}) for seed in (1, 2)]
    before = [_copied(network.parameters()) for network in pair]
    for network, (X, y, learning_rate) in zip(pair, batches, strict=True):
        network.train_step(X, y, learning_rate)
    answers = []
    for network, parameters in zip(pair, before, strict=True):
        first = copy.copy(network.track_gradients())
        network.forward(batches[0][0])
        answers.append([parameters, first, network.track_gradients()])
    return answers


# ----------------------------------------------------------------------------------------- the experiment


def experiment(
    submission: ModuleType,
    X: np.ndarray,
    y: np.ndarray,
    activation: str,
    settings: dict[str, Any],
) -> dict[str, Any]:
    """Run an experiment; return its frame, and the batch, the rate and the parameters before each step.

    `fresh` holds the parameters of a fresh network with the same seed. `touched` names the global random generators
    whose state changed.

    Shown as:
        import vanishing
        from probes import experiment
        found = experiment(vanishing, X, y, activation, settings)
        for rows, classes, rate, loss, norms in found["calls"]:
            print("a step on the classes", classes, "at the rate", rate, "with the loss", loss, "and the norms", norms)
        print("The frame:", *zip(found["columns"], found["values"]))
    """
    steps: list[dict[str, Any]] = []

    def see(network: Any, batch: Batch, step: Callable[[], Any]) -> Any:
        X, y, learning_rate = batch
        rows = _array(X, np.float32), _array(y, np.int64), float(learning_rate)
        steps.append({"batch": rows, "parameters": _copied(network.parameters())})
        return step()

    before = _generators()
    with _watched(submission, see):
        frame = submission.experiment(X, y, activation, **settings)
    touched = [name for name, state in _generators().items() if state != before[name]]
    network = submission.DeepNetwork(15, activation, n_inputs=X.shape[1], seed=settings["seed"])
    return {
        "frame": _table(frame),
        "steps": steps,
        "fresh": _copied(network.parameters()),
        "touched": touched,
        "X": X,
        "y": y,
    }


def frames(
    submission: ModuleType, X: np.ndarray, y: np.ndarray, activation: str, settings: list[dict[str, Any]]
) -> list[Any]:
    """Return the frames of several experiments, with the global generators in a different state each time."""
    found = []
    for number, setting in enumerate(settings):
        _disturb(number)
        found.append(_table(submission.experiment(X, y, activation, **setting)))
    return found


# ------------------------------------------------------------------------------------- the fixed network


def fixed(
    submission: ModuleType, images: np.ndarray, y: np.ndarray, seed: int, lot: int, shown: np.ndarray
) -> dict[str, Any]:
    """Call fixed_network with images (n, 784) from 0 to 255 and classes y; return its logits for the images `shown`.

    `sizes` are the batch sizes of all steps. `outside` counts the steps before which something other than train_step
    had changed the network's weights. `finished` says whether the returned network has the weights that its last step
    left; it may be a copy of the network that took the step. `batches` are those of two steps: one that the seed `lot`
    draws from all that took place, and the last one.

    Afterwards, `fixed_parameters` can return the parameters before the first step ("first"), before and after the
    drawn step ("before" and "after"), before the last step ("nearly"), and of the returned network ("last").

    Shown as:
        {lines}
    """
    sizes: list[int] = []
    left: dict[int, tuple[Any, list[int]]] = {}  # keyed by id; the network is kept so that its id isn't reused
    first: dict[int, Any] = {}
    drawn: list[Any] = [[], [], []]  # a batch, and the parameters before and after it
    final: dict[int, tuple[Any, Any]] = {}  # keyed by id: the latest batch, and the parameters before it
    lots = random.Random(lot)
    outside = 0

    def see(network: Any, given: Batch, step: Callable[[], Any]) -> Any:
        nonlocal outside
        before = network.parameters()
        if id(network) not in left:
            first[id(network)] = _narrow(before)
        elif left[id(network)][1] != _fingerprint(before):
            outside += 1
        sizes.append(len(given[0]))
        batch = _array(given[0], np.float32), _array(given[1], np.int64), float(given[2])
        final[id(network)] = batch, _narrow(before)
        loss = step()
        after = network.parameters()
        left[id(network)] = network, _fingerprint(after)
        if lots.random() < 1 / len(sizes):  # in the end, each step has had the same chance
            drawn[:] = *final[id(network)], _narrow(after)
        return loss

    X = images.astype(np.float32) / 255
    _disturb(seed + 2)  # a generator that is seeded with `seed` ends in another state
    before, given = _generators(), (X.copy(), y.copy())
    with _watched(submission, see):
        network = submission.fixed_network(X, y, seed)
    touched = [name for name, state in _generators().items() if state != before[name]]
    touched += [name for name, one, other in zip("Xy", given, (X, y), strict=True) if not np.array_equal(one, other)]
    parameters = network.parameters()
    same = [key for key, (_, mark) in left.items() if mark == _fingerprint(parameters)]
    trained = same[0] if same else id(network)
    last_batch, nearly = final.get(trained, ([], []))
    _kept.clear()
    _kept.update(before=drawn[1], after=drawn[2], nearly=nearly)
    _kept.update(first=first.get(trained, []), last=_narrow(parameters))
    return {
        "kind": type(network).__name__,
        "is_network": isinstance(network, submission.DeepNetwork),
        "sizes": sizes,
        "outside": outside,
        "finished": bool(same),
        "batches": [drawn[0], last_batch],
        "logits": network.forward(shown.astype(np.float32) / 255),
        "touched": touched,
    }


def fixed_parameters(submission: ModuleType, which: str) -> Any:  # noqa: ARG001 (every probe is given the submission)
    """Return one set of the last fixed network's parameters in float32; a message may be too small for all sets.

    Shown as:
        {lines}
    """
    return _kept[which]


def fixed_again(submission: ModuleType, images: np.ndarray, y: np.ndarray, seed: int) -> list[Any]:
    """Call fixed_network once more, with the global generators in a different state; return its parameters.

    Shown as:
        import random, torch
        {data}
        for number in (seed, seed + 1):
            random.seed(number)
            np.random.seed(number % 2**32)
            torch.manual_seed(number)
            network = fixed_network(X, classes, seed)
        [(np.array(W, np.float32), np.array(b, np.float32)) for W, b in network.parameters()]
    """
    _disturb(seed + 1)
    return _narrow(submission.fixed_network(images.astype(np.float32) / 255, y, seed).parameters())


# ----------------------------------------------------------------------------------------------- the plot


def plot(submission: ModuleType, sigmoid: np.ndarray, relu: np.ndarray, losses: np.ndarray, name: str) -> Any:
    """Call plot_gradients with a file name and frames with these norms (n_steps, 15) and losses (n_steps,).

    Return the bytes of the file and the contents of the saved figure, or None for either if it is missing. `before` and
    `frames` hold the frames before and after the call.

    Shown as:
        import pandas as pd
        from test_challenge1 import made_up_frames
        tables = [pd.DataFrame(each) for each in made_up_frames(0)]
        plot_gradients(*tables, "{name}")
        print("unchanged:", [table.equals(pd.DataFrame(each)) for table, each in zip(tables, made_up_frames(0))])
        print("Look at {name}.")
    """
    saved: list[dict[str, Any]] = []
    print_png = FigureCanvasAgg.print_png

    @functools.wraps(print_png)  # matplotlib inspects its signature
    def see(canvas: FigureCanvasAgg, *arguments: Any, **options: Any) -> Any:
        saved.append(_figure(canvas.figure))
        return print_png(canvas, *arguments, **options)

    path = Path(name)
    path.unlink(missing_ok=True)
    tables = [_frame(norms, losses) for norms in (sigmoid, relu)]
    before = [_whole(table) for table in tables]
    FigureCanvasAgg.print_png = see
    try:
        submission.plot_gradients(*tables, name)
        data = path.read_bytes() if path.is_file() else None
    finally:
        FigureCanvasAgg.print_png = print_png
        path.unlink(missing_ok=True)
        plt.close("all")
    return {
        "png": data,
        "figure": saved[-1] if saved else None,
        "before": before,
        "frames": [_whole(table) for table in tables],
    }


def _frame(norms: np.ndarray, losses: np.ndarray) -> pd.DataFrame:
    n_layers = norms.shape[1]
    steps, layers = np.divmod(np.arange(norms.size), n_layers)
    columns = {"step": steps, "layer": layers + 1, "gradient_norm": norms.ravel(), "loss": np.repeat(losses, n_layers)}
    return pd.DataFrame(columns)


def _figure(figure: Any) -> dict[str, Any]:
    """Return the shared labels and the other texts of a figure, and the contents of its visible axes."""
    legends = [_legend(legend) for legend in figure.legends]
    return {
        "xlabel": figure.get_supxlabel(),
        "ylabel": figure.get_supylabel(),
        "texts": [figure.get_suptitle(), *(text.get_text() for text in figure.texts if text.get_visible())],
        "axes": [_axes(axes, legends) for axes in figure.axes if axes.get_visible()],
    }


def _axes(axes: Any, legends: list[dict[str, Any]]) -> dict[str, Any]:
    own = [_legend(axes.get_legend())] if axes.get_legend() is not None else []
    texts = [text for text in axes.texts if text.get_visible()]
    return {
        "scales": [axes.get_xscale(), axes.get_yscale()],
        "limits": [[float(v) for v in sorted(axes.get_xlim())], [float(v) for v in sorted(axes.get_ylim())]],
        "labels": [axes.get_xlabel(), axes.get_ylabel()],
        "title": " ".join(axes.get_title(loc=place) for place in ("left", "center", "right")),
        "part": axes.figure.get_suptitle() if isinstance(axes.figure, SubFigure) else "",
        "legends": own + legends,
        "texts": [[text.get_text(), _colour(text.get_color())] for text in texts],
        "drawn": [*_lines(axes), *_collections(axes), *_bars(axes)],
    }


def _legend(legend: Any) -> dict[str, Any]:
    """Return the legend's title, and the text and look of every entry."""
    entries = []
    for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=False):
        entries.append({"label": text.get_text(), **_look(handle)})
    return {"title": legend.get_title().get_text(), "entries": entries}


def _lines(axes: Any) -> Iterator[dict[str, Any]]:
    for line in axes.lines:
        seen = line.get_linestyle() not in ("None", "", " ") or line.get_marker() not in ("None", "", " ", None)
        if line.get_visible() and seen and line.get_transform().contains_branch(axes.transData):
            yield _drawn(line, np.asarray(line.get_xdata(orig=False)), np.asarray(line.get_ydata(orig=False)))


def _collections(axes: Any) -> Iterator[dict[str, Any]]:
    """Yield the points of scatter plots and the lines of line collections."""
    for collection in axes.collections:
        if not collection.get_visible():
            continue
        if hasattr(collection, "get_segments"):
            colours = collection.get_colors()
            for number, segment in enumerate(collection.get_segments()):
                shown = _colour(colours[number % len(colours)]) if len(colours) else ""
                yield _drawn(collection, segment[:, 0], segment[:, 1]) | {"colour": shown}
        elif len(collection.get_offsets()) and collection.get_offset_transform().contains_branch(axes.transData):
            places = np.ma.getdata(collection.get_offsets())
            yield _drawn(collection, places[:, 0], places[:, 1])


def _bars(axes: Any) -> Iterator[dict[str, Any]]:
    """Yield the far corner of every bar, and the edges and values of every patch drawn by stairs."""
    for container in axes.containers:
        bars = [bar for bar in getattr(container, "patches", ()) if bar.get_visible()]
        if bars:
            corners = np.array([[bar.get_x() + bar.get_width(), bar.get_y() + bar.get_height()] for bar in bars])
            label = str(container.get_label())
            yield _drawn(bars[0], corners[:, 0], corners[:, 1]) | {"label": label}
    for patch in axes.patches:
        if hasattr(patch, "get_data"):  # a patch drawn by stairs
            values, edges, _ = patch.get_data()
            yield _drawn(patch, np.asarray(edges), np.asarray(values))


def _drawn(artist: Any, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    numbers = [np.array(np.ma.filled(np.ma.asarray(each, np.float64), np.nan)) for each in (x, y)]
    return {"label": str(artist.get_label()), "numbers": numbers, **_look(artist)}


def _look(artist: Any) -> dict[str, str]:
    """Return the colour, line style and marker of an artist, which link it to its legend entry."""
    colour = artist.get_color() if hasattr(artist, "get_color") else artist.get_facecolor()
    style = artist.get_linestyle() if hasattr(artist, "get_linestyle") else ""
    marker = artist.get_marker() if hasattr(artist, "get_marker") else ""
    return {"colour": _colour(colour), "style": str(style), "marker": str(marker)}


def _colour(value: Any) -> str:
    try:
        if not isinstance(value, str) and np.ndim(value) == 2:
            value = value[0]
        return str(to_hex(value))
    except (ValueError, TypeError, IndexError):
        return ""


# --------------------------------------------------------------------------------------------- in common


@contextmanager
def _watched(submission: ModuleType, see: Callable[..., Any]) -> Iterator[None]:
    """Replace each call to train_step with `see(network, batch, step)`, where `step()` runs the original method."""
    train_step = submission.DeepNetwork.train_step

    def watched(self: Any, X: Any, y: Any, learning_rate: Any) -> Any:
        return see(self, (X, y, learning_rate), lambda: train_step(self, X, y, learning_rate))

    submission.DeepNetwork.train_step = watched
    try:
        yield
    finally:
        submission.DeepNetwork.train_step = train_step


def _array(values: Any, dtype: Any) -> np.ndarray:
    return np.asarray(values).astype(dtype)


def _copied(parameters: Any) -> Any:
    return copy.deepcopy(list(parameters))


def _narrow(parameters: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Convert copies of the parameters to float32, to keep the probe's answer small."""
    return [(np.array(W, np.float32), np.array(b, np.float32)) for W, b in parameters]


def _fingerprint(parameters: Any) -> list[int]:
    """Return a checksum for each array, which is the sum of its bits read as 32-bit integers."""
    arrays = (np.ascontiguousarray(array) for pair in parameters for array in pair)
    return [int(array.view(np.uint32).sum(dtype=np.uint64)) for array in arrays]


def _whole(table: pd.DataFrame) -> dict[str, Any]:
    """Return a DataFrame's columns, the kinds of their numbers and its index."""
    return {**_table(table), "dtypes": list(map(str, table.dtypes)), "index": list(map(str, table.index))}


def _table(frame: Any) -> dict[str, Any]:
    """Return a DataFrame's columns, or the type of anything else."""
    if not isinstance(frame, pd.DataFrame):
        return {"type": type(frame).__name__, "columns": [], "values": []}
    return {
        "type": "DataFrame",
        "columns": [str(name) for name in frame.columns],
        "values": [_numbers(frame[name]) for name in frame.columns],
    }


def _numbers(column: pd.Series) -> np.ndarray:
    """Return a column as an array; arrays without axes in it count as numbers."""
    values = column.to_numpy(copy=True)
    return values.astype(float) if values.dtype == object else values


def _disturb(number: int) -> None:
    random.seed(number)
    np.random.seed(number & 0xFFFFFFFF)
    torch.manual_seed(number)


def _generators() -> dict[str, bytes]:
    """Return the states of the global generators."""
    return {
        "random": pickle.dumps(random.getstate()),
        "numpy.random": pickle.dumps(np.random.get_state()),
        "torch": torch.get_rng_state().numpy().tobytes(),
    }
