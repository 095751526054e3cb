"""What the hidden tests have done beside the submission; plain values come back, and the judge recomputes them."""

from __future__ import annotations

import functools
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import FrozenInstanceError
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from images import ImageData
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

torch.set_num_threads(1)

PARTS = ("layers", "width", "activation", "dropout", "batch_size")
REST = ("dataset", "epochs", "seed", "accuracy", "seconds", "parameters")


# ------------------------------------------------------------------------------------- space and network


def space(submission: ModuleType) -> list[Any]:
    """What search_space gives, as tuples."""
    return [_parts(each) for each in submission.search_space()]


def kinds(submission: ModuleType) -> dict[str, Any]:
    """Whether equal architectures are one key of a dict, and whether one can be changed."""
    one, other = submission.search_space()[7], submission.search_space()[7]
    try:
        one.width = 1
        changed = True
    except FrozenInstanceError:
        changed = False
    return {"keys": len({one: 1, other: 2}), "changed": changed}


def samples(submission: ModuleType, n: int, seeds: list[int]) -> list[Any]:
    """A sample by a generator of each seed, the global ones in another state each time."""
    found = []
    for number, seed in enumerate(seeds):
        np.random.seed(number)
        torch.manual_seed(number)
        found.append([_parts(each) for each in submission.sample(n, np.random.default_rng(seed))])
    return found


def network(submission: ModuleType, parts: tuple[Any, ...], n_inputs: int, n_classes: int, X: np.ndarray) -> Any:
    """The parameters of a network in their order, its logits for X outside training, and the promised count."""
    architecture = _architecture(submission, parts)
    torch.manual_seed(7)
    model = submission.build(architecture, n_inputs, n_classes)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # so that no activation is nearly linear
    model = model.double().eval()
    with torch.no_grad():
        logits = model(torch.from_numpy(X)).numpy()
    parameters = [parameter.detach().numpy() for parameter in model.parameters()]
    return {"parameters": parameters, "logits": logits, "count": _count(submission, architecture, n_inputs, n_classes)}


def count(submission: ModuleType, parts: tuple[Any, ...], n_inputs: int, n_classes: int) -> Any:
    """What count_parameters says."""
    return _count(submission, _architecture(submission, parts), n_inputs, n_classes)


def _count(submission: ModuleType, architecture: Any, n_inputs: int, n_classes: int) -> Any:
    return submission.count_parameters(architecture, n_inputs, n_classes)


def passed(submission: ModuleType, parts: tuple[Any, ...], n: int, seed: int) -> np.ndarray:
    """In training, n rows of ones through a network whose every matrix hands on what it is given: 3 logits a row."""
    model = submission.build(_architecture(submission, parts), 5, 3).double().train()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
            if parameter.ndim == 2 and parameter.shape[1] == 5:
                parameter[:, 0] = 1.0
            elif parameter.ndim == 2:
                parameter.copy_(torch.eye(*parameter.shape))
    torch.manual_seed(seed)
    with torch.no_grad():
        return model(torch.ones(n, 5, dtype=torch.float64)).numpy()


# ------------------------------------------------------------------------------------------------- trials


def trials(submission: ModuleType, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """run_trial for each: what it says, what passed through networks meanwhile, and whether the data are as before."""
    return [_trial(submission, number, **run) for number, run in enumerate(runs)]


def _trial(
    submission: ModuleType, number: int, parts: tuple[Any, ...], data: dict[str, Any], epochs: int, seed: int
) -> dict[str, Any]:
    pictures = ImageData(**data)
    torch.manual_seed(1000 + number)  # what ran before is another thing each time
    np.random.seed(1000 + number)
    torch.rand(number + 1)
    before = [array.copy() for array in vars(pictures).values() if isinstance(array, np.ndarray)]
    with _passages(pictures.n_inputs) as passages:
        begun = time.perf_counter()
        trial = submission.run_trial(_architecture(submission, parts), pictures, epochs=epochs, seed=seed)
        took = time.perf_counter() - begun
    after = [array for array in vars(pictures).values() if isinstance(array, np.ndarray)]
    same = all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    return {
        **_flat(trial),
        "took": took,
        "same": same,
        "rows": np.array([rows for rows, _, _ in passages], np.int64),
        "training": np.array([training for _, training, _ in passages], np.bool_),
        "firsts": np.array([first for _, _, first in passages]),
    }


@contextmanager
def _passages(n_inputs: int) -> Iterator[list[tuple[int, bool, float]]]:
    """What goes into a network: rows, whether it is in training, and a number that tells the first row from others."""
    found: list[tuple[int, bool, float]] = []
    depth = 0

    def before(module: torch.nn.Module, arguments: Any) -> None:
        nonlocal depth
        if depth == 0 and arguments and torch.is_tensor(arguments[0]) and arguments[0].shape[-1:] == (n_inputs,):
            x = arguments[0].detach()
            found.append((len(x), module.training, float(x[0].double().square().sum()) if len(x) else 0.0))
        depth += 1

    def after(*_: Any) -> None:
        nonlocal depth
        depth -= 1

    hooks = [
        torch.nn.modules.module.register_module_forward_pre_hook(before),
        torch.nn.modules.module.register_module_forward_hook(after, always_call=True),
    ]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


# ------------------------------------------------------------------------------------------------ searches


def searches(submission: ModuleType, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One search after the other with the same log; trials are made up, for nothing is trained.

    A run: architectures, dataset, epochs, seed; `stop` (a number of a trial) and `fault`, what it raises; `torn`, bytes
    to be added to the log beforehand; `away`, how many bytes to take from its end.
    """
    log = Path("log", "of_a_search.csv")
    log.parent.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    answers = [_searched(submission, log, **run) for run in runs]
    log.unlink(missing_ok=True)
    return answers


def _searched(
    submission: ModuleType,
    log: Path,
    architectures: list[Any],
    dataset: str,
    epochs: int,
    seed: int,
    stop: int | None = None,
    fault: str = "",
    torn: bytes = b"",
    away: int = 0,
) -> dict[str, Any]:
    if away:
        log.write_bytes(log.read_bytes()[:-away])
    if torn:
        log.write_bytes(log.read_bytes() + torn)
    ran: list[dict[str, Any]] = []

    def run_trial(architecture: Any, data: Any, *, epochs: int, seed: int) -> Any:
        if len(ran) + 1 == stop:
            raise {"KeyboardInterrupt": KeyboardInterrupt, "ValueError": ValueError}[fault](fault)
        trial = _made_up(submission, architecture, data.name, epochs, seed)
        ran.append(_flat(trial))
        return trial

    asked = [_architecture(submission, parts) for parts in architectures]
    raised, found = "", []
    with _in_place_of(submission, run_trial):
        try:
            found = submission.search(asked, _nothing(dataset), epochs=epochs, seed=seed, executor=None, log=str(log))
        except (KeyboardInterrupt, ValueError) as raising:
            raised = type(raising).__name__
    return {"trials": [_flat(trial) for trial in found], "ran": ran, "raised": raised, "log": _bytes(log)}


def on_executor(submission: ModuleType, architectures: list[Any], order: list[int], failing: int | None) -> Any:
    """A search on an executor whose trials finish in this order, each once the log has had the time to take the last.

    `rows` are the log's lines after each; the trial numbered `failing` raises ValueError.
    """
    log = Path("log", "on_executor.csv")
    log.parent.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    executor = _Held(order, log, failing)

    def run_trial(architecture: Any, data: Any, *, epochs: int, seed: int) -> Any:
        return _made_up(submission, architecture, data.name, epochs, seed)

    asked = [_architecture(submission, parts) for parts in architectures]
    raised, found = "", []
    with _in_place_of(submission, run_trial):
        try:
            found = submission.search(asked, _nothing("shapes32"), epochs=2, seed=3, executor=executor, log=log)
        except ValueError:
            raised = "ValueError"
        finally:
            executor.close()
    answer = {"rows": executor.rows, "given": len(executor.held), "stopped": executor.stopped, "log": _bytes(log)}
    log.unlink(missing_ok=True)
    return answer | {"trials": [_flat(trial) for trial in found], "raised": raised}


class _Held(Executor):
    """An executor that finishes trials in an order of its own, from another thread."""

    def __init__(self, order: list[int], log: Path, failing: int | None) -> None:
        self.held: list[tuple[Future[Any], Callable[[], Any]]] = []
        self.rows: list[int] = []
        self.stopped = False
        self._order, self._log, self._failing = order, log, failing
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._finish)
        self._thread.start()

    def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.held.append((future, functools.partial(function, *arguments, **options)))
        return future

    def shutdown(self, *_: Any, **__: Any) -> None:
        self.stopped = True

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _finish(self) -> None:
        self._until(lambda: len(self.held) == len(self._order))
        for done, number in enumerate(self._order, 1):
            if number < len(self.held) and self._run(number):
                self._until(lambda least=done + 1: _lines(self._log) >= least)
                self.rows.append(_lines(self._log))
        while not self._closed.wait(0.005):  # what came later than it should have is not left waiting
            for number in range(len(self.held)):
                self._run(number)

    def _run(self, number: int) -> bool:
        """Run a trial that was given and not run yet; whether it has come to its end."""
        future, call = self.held[number]
        if future.done() or not future.set_running_or_notify_cancel():
            return False
        if number == self._failing:
            future.set_exception(ValueError("this trial fails"))
            return False
        try:
            future.set_result(call())
        except Exception as fault:  # noqa: BLE001
            future.set_exception(fault)
        return True

    def _until(self, true: Callable[[], bool], seconds: float = 3.0) -> None:
        end = time.monotonic() + seconds
        while not true() and time.monotonic() < end and not self._closed.is_set():
            time.sleep(0.002)


def sent(submission: ModuleType, architectures: list[Any], data: dict[str, Any], epochs: int, seed: int) -> Any:
    """A search with real trials on an executor that pickles what it is given, as one of other processes has to."""
    executor = _Sending()
    asked = [_architecture(submission, parts) for parts in architectures]
    found = submission.search(asked, ImageData(**data), epochs=epochs, seed=seed, executor=executor)
    alone = submission.search(asked, ImageData(**data), epochs=epochs, seed=seed)
    again = executor.submit(int, "5").result()
    both = ([_flat(trial) for trial in trials] for trials in (found, alone))
    return {"sent": executor.count - 1, "trials": next(both), "alone": next(both), "again": again}


class _Sending(Executor):
    """An executor whose function, arguments and answers are pickled on the way."""

    def __init__(self) -> None:
        self.count, self._open = 0, True

    def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        if not self._open:
            raise RuntimeError("the executor was shut down")
        self.count += 1
        function, arguments, options = pickle.loads(pickle.dumps((function, arguments, options)))
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(pickle.loads(pickle.dumps(function(*arguments, **options))))
        except Exception as fault:  # noqa: BLE001
            future.set_exception(fault)
        return future

    def shutdown(self, *_: Any, **__: Any) -> None:
        self._open = False


@contextmanager
def _in_place_of(submission: ModuleType, run_trial: Any) -> Iterator[None]:
    own = submission.run_trial
    submission.run_trial = run_trial
    try:
        yield
    finally:
        submission.run_trial = own


def _made_up(submission: ModuleType, architecture: Any, dataset: str, epochs: int, seed: int) -> Any:
    """A trial that nobody ran, its numbers made of the architecture, and of as many digits as there are."""
    rng = np.random.default_rng([architecture.layers, architecture.width, architecture.batch_size, epochs, seed])
    accuracy, seconds = float(rng.uniform()), float(rng.uniform(1, 9))
    parameters = int(rng.integers(1e4, 1e6))
    return submission.Trial(architecture, dataset, epochs, seed, accuracy, seconds, parameters)


def _nothing(name: str) -> ImageData:
    rows, classes = np.zeros((4, 6), np.uint8), np.zeros(4, np.int64)
    return ImageData(name, rows, classes, rows, classes)


# ------------------------------------------------------------------------------------------------- results


def front(submission: ModuleType, rows: list[dict[str, Any]]) -> list[Any]:
    """The front of these trials."""
    return [_flat(trial) for trial in submission.pareto_front([_trial_of(submission, row) for row in rows])]


def written(submission: ModuleType, rows: list[dict[str, Any]], folder: str) -> dict[str, Any]:
    """The files that write_results leaves in a folder that is not there yet, and what the picture is made of."""
    saved: list[Any] = []
    print_png = FigureCanvasAgg.print_png

    @functools.wraps(print_png)
    def see(canvas: FigureCanvasAgg, *arguments: Any, **options: Any) -> Any:
        answer = print_png(canvas, *arguments, **options)
        saved.append(_figure(canvas.figure))
        return answer

    place = Path(folder)
    FigureCanvasAgg.print_png = see
    try:
        submission.write_results([_trial_of(submission, row) for row in rows], place)
    finally:
        FigureCanvasAgg.print_png = print_png
        plt.close("all")
    names = ("experiment_log.csv", "best_models.json", "tradeoff_plot.png")
    return {name: _bytes(place / name) for name in names} | {"figure": saved[-1] if saved else None}


def _figure(figure: Figure) -> dict[str, Any]:
    around = [figure.get_supxlabel(), figure.get_supylabel()]
    return {"labels": around, "axes": [_axes(each) for each in figure.axes]}


def _axes(axes: Any) -> dict[str, Any]:
    """The labels and limits of axes, and of each artist in them the points and a sign for how each is drawn."""
    artists = []
    for line in axes.lines:
        points = np.asarray(line.get_xydata(), float)
        if line.get_visible() and len(points):
            artists.append({"points": points, "looks": [""] * len(points)})
    for collection in axes.collections:
        points = np.ma.filled(np.ma.asarray(collection.get_offsets(), float), np.nan)
        if collection.get_visible() and len(points):
            looks = [collection.get_facecolors(), collection.get_edgecolors(), collection.get_linewidths()]
            looks += [collection.get_sizes()] if hasattr(collection, "get_sizes") else []
            each = [[_look(look, number) for look in looks] for number in range(len(points))]
            artists.append({"points": points, "looks": [" ".join(look) for look in each]})
    labels = [axes.get_xlabel(), axes.get_ylabel()]
    return {"labels": labels, "limits": [sorted(axes.get_xlim()), sorted(axes.get_ylim())], "artists": artists}


def _look(values: Any, number: int) -> str:
    values = np.asarray(values, float)
    return np.array2string(values[number % len(values)], precision=3) if len(values) else ""


# ---------------------------------------------------------------------------------------------- what they share


def _architecture(submission: ModuleType, parts: Any) -> Any:
    return submission.Architecture(**dict(zip(PARTS, parts, strict=True)))


def _trial_of(submission: ModuleType, row: dict[str, Any]) -> Any:
    architecture = _architecture(submission, [row[name] for name in PARTS])
    return submission.Trial(architecture=architecture, **{name: row[name] for name in REST})


def _parts(architecture: Any) -> tuple[Any, ...]:
    return tuple(getattr(architecture, name) for name in PARTS)


def _flat(trial: Any) -> dict[str, Any]:
    parts = dict(zip(PARTS, _parts(trial.architecture), strict=True))
    return parts | {name: getattr(trial, name) for name in REST}


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.is_file() else 0
