"""The calls that the visible tests make to your code. They return plain values."""

from __future__ import annotations

import functools
import pickle
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import FrozenInstanceError
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from images import ImageData, load
from matplotlib.backends.backend_agg import FigureCanvasAgg
from torch import nn

torch.set_num_threads(1)

PARTS = ("layers", "width", "activation", "dropout", "batch_size")
REST = ("dataset", "epochs", "seed", "accuracy", "seconds", "parameters")


def space(submission: ModuleType) -> list[Any]:
    """Return search_space() as tuples."""
    return [_parts(each) for each in submission.search_space()]


def changed(submission: ModuleType) -> bool:
    """Return whether the width of an Architecture can be changed."""
    architecture = submission.search_space()[7]
    try:
        architecture.width = 1
    except FrozenInstanceError:
        return False
    return True


def samples(submission: ModuleType, n: int, seeds: list[int]) -> list[Any]:
    """Return a sample of n from a generator with each seed."""
    return [[_parts(each) for each in submission.sample(n, np.random.default_rng(seed))] for seed in seeds]


def network(submission: ModuleType, parts: tuple[Any, ...], n_inputs: int, n_classes: int) -> dict[str, Any]:
    """Return the shapes of a network's parameters, and what count_parameters returns."""
    architecture = _architecture(submission, parts)
    shapes = [tuple(each.shape) for each in submission.build(architecture, n_inputs, n_classes).parameters()]
    return {"shapes": shapes, "count": submission.count_parameters(architecture, n_inputs, n_classes)}


def weights(submission: ModuleType, parts: tuple[Any, ...], seeds: list[int]) -> list[Any]:
    """Return a network's first weights after torch.manual_seed with each seed."""
    found = []
    for seed in seeds:
        torch.manual_seed(seed)
        found.append(next(submission.build(_architecture(submission, parts), 5, 3).parameters()).flatten().tolist())
    return found


def handed_on(submission: ModuleType, parts: tuple[Any, ...], value: float, n: int, training: bool) -> np.ndarray:
    """Return the logits of n rows in a network in which each unit gets `value` and passes it on from layer to layer."""
    model = submission.build(_architecture(submission, parts), 5, 3).double().train(training)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
            if parameter.ndim == 2 and parameter.shape[1] == 5:
                parameter[:, 0] = value
            elif parameter.ndim == 2:
                parameter.copy_(torch.eye(*parameter.shape))
        torch.manual_seed(7)
        return model(torch.ones(n, 5, dtype=torch.float64)).numpy()


def trials(submission: ModuleType, parts: tuple[Any, ...], runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run a trial for each run (data, epochs, seed, optionally a `pause` before it), and record its network's inputs.

    `batches`: for each training batch, the numbers of its rows (equal rows have equal numbers). `last`: the mean square
    of the last training batch's output. `validated`: how many rows followed in evaluation mode. `known`: how many of
    these were equal to a row of a training batch.
    """
    architecture, found = _architecture(submission, parts), []
    for run in runs:
        idle = time.process_time() + run.get("pause", 0)  # seconds that don't belong to the training
        while time.process_time() < idle:
            pass
        data = ImageData(**run["data"])
        torch.rand(len(found) + 1)
        with _watched(data.n_inputs) as passes:
            begun = time.perf_counter()
            trial = submission.run_trial(architecture, data, epochs=run["epochs"], seed=run["seed"])
            took = time.perf_counter() - begun
        training = [each for each in passes if each["training"]]
        trained = {row for each in training for row in each["rows"]}
        after = passes[max((place for place, each in enumerate(passes) if each["training"]), default=-1) + 1 :]
        found.append(
            _flat(trial)
            | {
                "took_seconds": took,
                "threads": max((each["threads"] for each in training), default=0),
                "batches": [each["rows"] for each in training],
                "last": training[-1]["out"] if training else 0.0,
                "validated": sum(len(each["rows"]) for each in after),
                "known": sum(row in trained for each in after for row in each["rows"]),
            }
        )
    return found


@contextmanager
def _watched(n_inputs: int, stop: int = 0, fault: str = "") -> Iterator[list[dict[str, Any]]]:
    """Record every batch that goes through a network; training the `stop`th network raises the fault."""
    passes: list[dict[str, Any]] = []
    numbers: dict[bytes, int] = {}
    depth = 0

    def enter(module: nn.Module, arguments: Any) -> None:
        nonlocal depth
        if depth == 0 and arguments and torch.is_tensor(arguments[0]) and arguments[0].shape[-1:] == (n_inputs,):
            rows = [numbers.setdefault(row.tobytes(), len(numbers)) for row in arguments[0].detach().float().numpy()]
            others = {id(each["module"]) for each in passes if each["training"]} - {id(module)}
            if module.training and len(others) + 1 == stop:
                raise {"ValueError": ValueError, "KeyboardInterrupt": KeyboardInterrupt}[fault](fault)
            seen = {"training": module.training, "rows": rows, "threads": torch.get_num_threads(), "module": module}
            passes.append(seen | {"out": 0.0})
        depth += 1

    def leave(module: nn.Module, arguments: Any, output: Any) -> None:
        nonlocal depth
        depth = max(depth - 1, 0)
        if depth == 0 and passes and torch.is_tensor(output):
            passes[-1]["out"] = float(output.detach().double().square().mean())

    hooks = [
        nn.modules.module.register_module_forward_pre_hook(enter),
        nn.modules.module.register_module_forward_hook(leave, always_call=True),
    ]
    try:
        yield passes
    finally:
        for hook in hooks:
            hook.remove()


def searches(submission: ModuleType, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run searches on tiny data with one log, one after the other; `begun` is how many networks each one trained.

    A run has architectures, dataset, epochs and seed. `stop`: the number of the training in which `fault` (ValueError
    or KeyboardInterrupt) is raised. `cut`: how many bytes to cut off the end of the log beforehand.
    """
    log, answers = Path("of_a_search.csv"), []
    log.unlink(missing_ok=True)
    for run in runs:
        asked = [_architecture(submission, parts) for parts in run["architectures"]]
        if run.get("cut"):
            log.write_bytes(log.read_bytes()[: -run["cut"]])
        raised, found = "", []
        with _watched(6, run.get("stop", 0), run.get("fault", "")) as passes:
            try:
                found = submission.search(asked, _few(run["dataset"]), epochs=run["epochs"], seed=run["seed"], log=log)
            except (ValueError, KeyboardInterrupt) as fault:
                raised = type(fault).__name__
        begun = len({id(each["module"]) for each in passes if each["training"]})
        answer = {"trials": [_flat(each) for each in found], "begun": begun, "raised": raised}
        answers.append(answer | {"log_with_seconds": log.read_text(encoding="utf-8")})
    log.unlink()
    return answers


def on_executor(submission: ModuleType, architectures: list[Any], order: list[int], failing: int = -1) -> Any:
    """Search with an executor that finishes its trials in this order; trial `failing` raises KeyboardInterrupt.

    `rows`: how many rows the log has after each trial, not counting its header. `early`: how many it has just before.
    """
    log = Path("on_an_executor.csv")
    log.unlink(missing_ok=True)
    executor = _Slow(order, log, failing)
    asked = [_architecture(submission, parts) for parts in architectures]
    raised, found = "", []
    try:
        found = submission.search(asked, _few("shapes32"), epochs=1, seed=3, executor=executor, log=log)
    except KeyboardInterrupt:
        raised = "KeyboardInterrupt"
    finally:
        executor.closed = True
        executor.thread.join()
    answer = {"given": len(executor.given), "rows": executor.after, "early": executor.early, "raised": raised}
    answer |= {"trials": [_flat(each) for each in found], "log_with_seconds": log.read_text(encoding="utf-8")}
    log.unlink()
    return answer


class _Slow(Executor):
    """An executor that waits for all trials and then finishes them one after the other in a given order."""

    def __init__(self, order: list[int], log: Path, failing: int) -> None:
        self.given: list[tuple[Future[Any], Any]] = []
        self.after: list[int] = []
        self.early: list[int] = []
        self.order, self.log, self.failing, self.closed = order, log, failing, False
        self.thread = threading.Thread(target=self.finish)
        self.thread.start()

    def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.given.append((future, functools.partial(function, *arguments, **options)))
        return future

    def finish(self) -> None:
        self.wait(lambda: len(self.given) == len(self.order))
        for place in self.order:
            if place < len(self.given):
                self.run(*self.given[place], place)
                self.wait(lambda: self.rows() > len(self.after))
                self.after.append(self.rows())
        while not self.closed:  # also run trials that are submitted later
            for place, (future, call) in enumerate(self.given):
                if not future.done():
                    self.run(future, call, place)
            time.sleep(0.005)

    def run(self, future: Future[Any], call: Any, place: int) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            answer = call()
            self.early.append(self.rows())
            if place == self.failing:
                raise KeyboardInterrupt
            future.set_result(answer)
        except BaseException as fault:  # noqa: BLE001
            future.set_exception(fault)

    def rows(self) -> int:
        """Return how many complete rows the log has, not counting its header."""
        return max(self.log.read_bytes().count(b"\n") - 1, 0) if self.log.is_file() else 0

    def wait(self, true: Any, seconds: float = 1.0) -> None:
        end = time.monotonic() + seconds
        while not true() and time.monotonic() < end and not self.closed:
            time.sleep(0.002)


def on_processes(submission: ModuleType, architectures: list[Any]) -> dict[str, Any]:
    """Search with an executor that pickles, as process pools do, and without an executor; return both results."""
    executor, few = _Pickling(), _few("shapes32")
    asked = [_architecture(submission, parts) for parts in architectures]
    found = submission.search(asked, few, epochs=1, seed=3, executor=executor)
    alone = submission.search(asked, few, epochs=1, seed=3)
    return {"trials": [_flat(each) for each in found], "alone": [_flat(each) for each in alone], "open": executor.open}


class _Pickling(Executor):
    open = True

    def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        function, arguments, options = pickle.loads(pickle.dumps((function, arguments, options)))
        future: Future[Any] = Future()
        future.set_result(pickle.loads(pickle.dumps(function(*arguments, **options))))
        return future

    def shutdown(self, *_: Any, **__: Any) -> None:
        self.open = False


def _few(name: str) -> ImageData:
    """Return a data set with so few rows that a trial takes almost no time."""
    rng = np.random.default_rng(0)
    rows, classes = rng.integers(0, 256, (40, 6)).astype(np.uint8), rng.integers(0, 3, 40)
    return ImageData(name, rows, classes, rows, classes, n_classes=3)


def front(submission: ModuleType, rows: list[dict[str, Any]]) -> list[Any]:
    """Return the front of these trials."""
    return [_flat(each) for each in submission.pareto_front([_trial_of(submission, row) for row in rows])]


def written(submission: ModuleType, rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return what write_results writes into a folder with this name, and what the axes of its picture show."""
    folder, figures = Path(name), []
    print_png = FigureCanvasAgg.print_png

    @functools.wraps(print_png)
    def see(canvas: FigureCanvasAgg, *arguments: Any, **options: Any) -> Any:
        answer = print_png(canvas, *arguments, **options)
        figures.append([_axes(each, canvas.figure) for each in canvas.figure.axes])
        return answer

    FigureCanvasAgg.print_png = see
    try:
        submission.write_results([_trial_of(submission, row) for row in rows], folder)
    finally:
        FigureCanvasAgg.print_png = print_png
        plt.close("all")
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    shutil.rmtree(folder)
    return files | {"axes": figures[-1] if figures else []}


def _axes(axes: Any, figure: Any) -> dict[str, Any]:
    """Return labels, limits and points (x, y, look) of axes; points near a text or under a patch are listed twice."""
    points = []
    for line in axes.lines:
        look = [line.get_color(), line.get_marker(), line.get_markersize(), line.get_markerfacecolor()]
        look += [line.get_markeredgecolor(), line.get_linestyle(), line.get_linewidth(), line.get_alpha()]
        points += [(float(x), float(y), f"line {look}") for x, y in np.asarray(line.get_xydata(), float)]
    for dots in axes.collections:
        looks = [dots.get_facecolors(), dots.get_edgecolors(), dots.get_linewidths()]
        looks += [dots.get_sizes()] if hasattr(dots, "get_sizes") else []
        shape = [str(np.round(path.vertices, 3)) for path in dots.get_paths()[:1]]
        for place, (x, y) in enumerate(np.ma.filled(np.ma.asarray(dots.get_offsets(), float), np.nan)):
            look = [str(np.round(each[place % len(each)], 3)) for each in map(np.asarray, looks) if len(each)]
            points.append((float(x), float(y), f"dots {shape} {look}"))
    points += _marked(axes, figure, [(x, y) for x, y, _ in points])
    labels = [axes.get_xlabel() or figure.get_supxlabel(), axes.get_ylabel() or figure.get_supylabel()]
    shared = [each.get_ylabel() for each in figure.axes if each.get_ylabel()]
    labels[1] = labels[1] or "".join(shared[:1])
    return {"labels": labels, "limits": [sorted(axes.get_xlim()), sorted(axes.get_ylim())], "points": points}


def _marked(axes: Any, figure: Any, places: list[tuple[float, float]]) -> list[tuple[float, float, str]]:
    """Return the points within half an inch of a text or an arrow, and those under a patch."""
    found: list[tuple[float, float, str]] = []
    if not places:
        return found
    pixels = axes.transData.transform(places)
    for text in axes.texts:
        transform = axes.transData if getattr(text, "xycoords", "") == "data" else text.get_transform()
        away = np.hypot(*(pixels - transform.transform(getattr(text, "xy", text.get_position()))).T)
        if text.get_visible() and np.nanmin(away) < figure.dpi / 2:
            style = (
                text.get_color(),
                text.get_fontsize(),
                text.get_fontweight(),
                getattr(text, "arrow_patch", None) is None,
            )
            found.append((*places[int(np.nanargmin(away))], f"text {style}"))
    for number, patch in enumerate(axes.patches):
        box = patch.get_window_extent().padded(2)
        if patch.get_visible():
            found += [
                (*place, f"patch {number}") for place, at in zip(places, pixels, strict=True) if box.contains(*at)
            ]
    return found


def again(submission: ModuleType, row: dict[str, Any]) -> float:
    """Run the trial of a row of your log once more and return its accuracy."""
    architecture = _architecture(submission, [row[name] for name in PARTS])
    data = load(row["dataset"])
    return float(submission.run_trial(architecture, data, epochs=row["epochs"], seed=row["seed"]).accuracy)


def _architecture(submission: ModuleType, parts: Any) -> Any:
    return submission.Architecture(**dict(zip(PARTS, parts, strict=True)))


def _trial_of(submission: ModuleType, row: dict[str, Any]) -> Any:
    architecture = _architecture(submission, [row[name] for name in PARTS])
    return submission.Trial(architecture=architecture, **{name: row[name] for name in REST})


def _parts(architecture: Any) -> tuple[Any, ...]:
    return tuple(getattr(architecture, name) for name in PARTS)


def _flat(each: Any) -> dict[str, Any]:
    return dict(zip(PARTS, _parts(each.architecture), strict=True)) | {name: getattr(each, name) for name in REST}
