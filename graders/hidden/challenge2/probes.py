"""Probes that call the submission for the hidden tests. They return plain values, which the judge recomputes."""

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
    """Return search_space() as tuples."""
    return [_parts(each) for each in submission.search_space()]


def kinds(submission: ModuleType) -> dict[str, Any]:
    """Return whether equal architectures act as the same dict key, and whether an architecture can be changed."""
    one, other = submission.search_space()[7], submission.search_space()[7]
    try:
        one.width = 1
        changed = True
    except FrozenInstanceError:
        changed = False
    return {"keys": len({one: 1, other: 2}), "changed": changed}


def samples(submission: ModuleType, n: int, seeds: list[int]) -> list[Any]:
    """Return a sample for each seed, with the global random generators in a different state each time."""
    found = []
    for number, seed in enumerate(seeds):
        np.random.seed(number)
        torch.manual_seed(number)
        found.append([_parts(each) for each in submission.sample(n, np.random.default_rng(seed))])
    return found


def network(submission: ModuleType, parts: tuple[Any, ...], n_inputs: int, n_classes: int, X: np.ndarray) -> Any:
    """Return a network's parameters in order, its logits for X in evaluation mode, and the number of parameters."""
    architecture = _architecture(submission, parts)
    torch.manual_seed(7)
    model = submission.build(architecture, n_inputs, n_classes)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # otherwise the activations are nearly linear
    model = model.double().eval()
    with torch.no_grad():
        logits = model(torch.from_numpy(X)).numpy()
    parameters = [parameter.detach().numpy() for parameter in model.parameters()]
    return {"parameters": parameters, "logits": logits, "count": _count(submission, architecture, n_inputs, n_classes)}


def count(submission: ModuleType, parts: tuple[Any, ...], n_inputs: int, n_classes: int) -> Any:
    """Return what count_parameters returns."""
    return _count(submission, _architecture(submission, parts), n_inputs, n_classes)


def _count(submission: ModuleType, architecture: Any, n_inputs: int, n_classes: int) -> Any:
    return submission.count_parameters(architecture, n_inputs, n_classes)


def drawn(submission: ModuleType, parts: tuple[Any, ...], seeds: list[int]) -> list[Any]:
    """For each seed, seed torch's generator, build a network, and return its weights."""
    found = []
    for seed in seeds:
        torch.manual_seed(seed)
        model = submission.build(_architecture(submission, parts), 5, 3)
        found.append([parameter.detach().flatten().double().tolist() for parameter in model.parameters()])
    return found


def passed(submission: ModuleType, parts: tuple[Any, ...], value: float, n: int, seed: int) -> np.ndarray:
    """Pass n rows through a network in training mode.

    The weights are set so that every unit of the first layer receives `value`, and every unit of a later layer receives
    the output of one unit of the layer before it.
    """
    model = submission.build(_architecture(submission, parts), 5, 3).double().train()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
            if parameter.ndim == 2 and parameter.shape[1] == 5:
                parameter[:, 0] = value
            elif parameter.ndim == 2:
                parameter.copy_(torch.eye(*parameter.shape))
    torch.manual_seed(seed)
    with torch.no_grad():
        return model(torch.ones(n, 5, dtype=torch.float64)).numpy()


# ------------------------------------------------------------------------------------------------- trials


def trials(submission: ModuleType, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Call run_trial for each run; return each trial with a record of what passed through its networks.

    Shown as:
        import search
        from probes import trials
        for run in runs:
            (found,) = trials(search, run["parts"], [run])
            print({{name: found[name] for name in ("seed", "accuracy", "seconds", "parameters", "threads")}})
            print("rows in each training step:", [len(batch) for batch in found["batches"]])
        print("the mean square of the last training step's output:", found["last"])
    """
    return [_trial(submission, number, **run) for number, run in enumerate(runs)]


def trials_again(submission: ModuleType, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Call run_trial for runs from the log, as `trials` does.

    Shown as:
        import search
        from probes import again
        print("the log says", row["accuracy"], "and the trial gives", again(search, row))
    """
    return trials(submission, runs)


def _trial(
    submission: ModuleType,
    number: int,
    parts: tuple[Any, ...],
    data: dict[str, Any],
    epochs: int,
    seed: int,
    pause: float = 0.0,
    closely: bool = True,
) -> dict[str, Any]:
    """Run one trial after keeping the processor busy for `pause` seconds.

    `closely` says whether to number the rows that pass through the networks.
    """
    pictures = ImageData(**data)
    torch.manual_seed(1000 + number)  # start each trial from a different state
    np.random.seed(1000 + number)
    torch.rand(number + 1)
    idle = time.process_time() + pause
    while time.process_time() < idle:
        pass
    with _passages(pictures.n_inputs, closely) as passages:
        begun = time.perf_counter()
        trial = submission.run_trial(_architecture(submission, parts), pictures, epochs=epochs, seed=seed)
        took = time.perf_counter() - begun
    training = np.array([each.training for each in passages], np.bool_)
    after_it = passages[int(np.flatnonzero(training).max(initial=-1)) + 1 :]
    width = after_it[-1].answers.shape[1] if after_it else 0
    after_it = [each for each in after_it if each.answers.shape == (each.rows, width)]
    return {
        **_flat(trial),
        "took_seconds": took,
        "rows": np.array([each.rows for each in passages], np.int64),
        "training": training,
        "threads": max((each.threads for each in passages if each.training), default=1),
        "which": np.array([row for each in passages if each.training for row in each.which], np.int64),
        "heard": np.array([each.heard for each in passages]),
        "said": np.array([each.said for each in passages]),
        "last": np.concatenate([each.answers for each in after_it]) if after_it else np.zeros((0, 1)),
        "last_rows": np.array([each.rows for each in after_it], np.int64),
        "like": _looks_like([each.glimpse for each in after_it], pictures.X_validation),
        "shapes": _shapes(after_it[-1].modules) if after_it else [],
    }


def _shapes(modules: list[torch.nn.Module]) -> list[tuple[int, ...]]:
    """Return the shapes of all parameters in these modules, counting each parameter once."""
    parameters = {id(parameter): parameter for module in modules for parameter in module.parameters()}
    return [tuple(parameter.shape) for parameter in parameters.values()]


def _looks_like(glimpses: list[np.ndarray], pictures: np.ndarray) -> np.ndarray:
    """Return the index of the most similar picture for each row that went through a network.

    However the submission scales the pictures, each row is most similar to the picture that it was made from.
    """
    if not glimpses or not len(pictures):
        return np.zeros(0, np.int64)
    rows, others = _standardised(np.concatenate(glimpses)), _standardised(_glimpse(pictures))
    return np.asarray((rows @ others.T).argmax(axis=1), np.int64)


def _glimpse(rows: np.ndarray) -> np.ndarray:
    """Return about 256 of the columns, evenly spaced."""
    return rows[:, :: max(1, rows.shape[1] // 256)].astype(np.float32)


def _standardised(rows: np.ndarray) -> np.ndarray:
    """Scale every column to mean 0 and standard deviation 1, then every row to length 1."""
    rows = (rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), 1e-6)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6))


class _Passage:
    """A record of one forward pass.

    `which` holds a number for each row, and equal rows have equal numbers. `heard` and `said` are the mean squares of
    the input and the output. In evaluation mode, `glimpse` holds some columns of the rows, and `answers` is the output.
    If a submission calls the parts of a network one by one, `modules` lists them in order.
    """

    def __init__(self, x: torch.Tensor, training: bool, which: list[int]) -> None:
        self.rows, self.training, self.which = len(x), training, which
        self.threads = torch.get_num_threads()
        self.heard, self.said = _mean_square(x), 0.0
        self.glimpse = _glimpse(np.zeros((0, x.shape[1])) if training else x.float().numpy())
        self.answers = np.zeros((0, 1))
        self.modules: list[torch.nn.Module] = []


@contextmanager
def _passages(n_inputs: int, closely: bool) -> Iterator[list[_Passage]]:
    """Yield a list of all forward passes, which grows as rows go through networks."""
    found: list[_Passage] = []
    numbers: dict[bytes, int] = {}

    def before(module: torch.nn.Module, x: torch.Tensor) -> None:
        x = x.detach().reshape(-1, n_inputs)
        which = [numbers.setdefault(row.tobytes(), len(numbers)) for row in x.float().numpy()] if closely else []
        found.append(_Passage(x, module.training, which))

    def after(module: torch.nn.Module, output: Any) -> None:
        if not found or not torch.is_tensor(output) or output.ndim != 2 or len(output) != found[-1].rows:
            return
        if closely and not found[-1].modules:
            found[-1].said = _mean_square(output.detach())
        found[-1].modules.append(module)
        if not found[-1].training:
            found[-1].answers = output.detach().double().numpy().copy()

    with _outermost(n_inputs, before, after):
        yield found


def _mean_square(x: torch.Tensor) -> float:
    return float(x.double().square().mean()) if x.numel() else 0.0


@contextmanager
def _outermost(n_inputs: int, before: Callable[..., None], after: Callable[..., None]) -> Iterator[None]:
    """Call `before` when rows enter a whole network, not only a part of one, and call `after` with its output."""
    depth = 0

    def enter(module: torch.nn.Module, arguments: Any) -> None:
        nonlocal depth
        if depth == 0 and arguments and torch.is_tensor(arguments[0]) and arguments[0].shape[-1:] == (n_inputs,):
            before(module, arguments[0])
        depth += 1

    def leave(module: torch.nn.Module, arguments: Any, output: Any) -> None:
        nonlocal depth
        del arguments
        depth = max(depth - 1, 0)  # `before` may have raised before the depth grew
        if depth == 0:
            after(module, output)

    hooks = [
        torch.nn.modules.module.register_module_forward_pre_hook(enter),
        torch.nn.modules.module.register_module_forward_hook(leave, always_call=True),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


# ------------------------------------------------------------------------------------------------ searches


def searches(submission: ModuleType, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run several searches in turn with the same log.

    The results of trials are made up. If search bypasses run_trial, the trials are real but short. Each run gives the
    architectures, dataset, epochs and seed. It may also give `stop`, the number of the trial that raises `fault`, and
    `away`, the number of bytes to cut off the end of the log beforehand.

    Shown as:
        import search
        from probes import searches
        found = searches(search, [{{"cut": run.get("away", 0)}} | run for run in runs])
        for each in found:
            print({{name: each[name] for name in each if name not in ("trials", "log_with_seconds")}})
            print("widths of the returned ones:", [trial["width"] for trial in each["trials"]])
        print(found[-1]["log_with_seconds"])
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
    away: int = 0,
) -> dict[str, Any]:
    """Run one search. `begun` counts the trials that started, and `ran` lists those that used `run_trial`."""
    if away:
        log.write_bytes(log.read_bytes()[:-away])
    ran: list[dict[str, Any]] = []
    trained: list[torch.nn.Module] = []  # keeps the networks alive, so that no id is reused
    begun = 0

    def begin() -> None:
        nonlocal begun
        if begun + 1 == stop:
            raise {"KeyboardInterrupt": KeyboardInterrupt, "ValueError": ValueError}[fault](fault)
        begun += 1

    def run_trial(architecture: Any, data: Any, *, epochs: int, seed: int) -> Any:
        begin()
        trial = _made_up(submission, architecture, data.name, epochs, seed)
        ran.append(_flat(trial))
        return trial

    def goes_in(module: torch.nn.Module, _: torch.Tensor) -> None:
        if module.training and not any(module is each for each in trained):
            begin()
            trained.append(module)

    asked, few = [_architecture(submission, parts) for parts in architectures], _few(dataset)
    raised, found = "", []
    with _in_place_of(submission, run_trial), _outermost(few.n_inputs, goes_in, lambda *_: None):
        try:
            found = submission.search(asked, few, epochs=epochs, seed=seed, executor=None, log=str(log))
        except (KeyboardInterrupt, ValueError) as raising:
            raised = type(raising).__name__
    answer = {"trials": [_flat(trial) for trial in found], "ran": ran, "begun": begun, "raised": raised}
    return answer | {"log_with_seconds": _bytes(log)}


def on_executor(
    submission: ModuleType, architectures: list[Any], order: list[int], failing: int | None, fault: str = ""
) -> Any:
    """Search with an executor whose trials finish in a given order.

    Before each trial finishes, search has time to log the previous one. `rows` holds the number of lines in the log
    after each trial, and `inside` holds that number just before each trial's future is done. Trial number `failing`
    raises `fault`.

    Shown as:
        import search
        from probes import on_executor
        found = on_executor(search, architectures, order, -1 if {failing} is None else {failing})
        print({{name: found[name] for name in ("given", "rows", "early", "raised")}})
        print([trial["width"] for trial in found["trials"]])
        print(found["log_with_seconds"])
    """
    log = Path("log", "on_executor.csv")
    log.parent.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    executor = _Held(order, log, failing, fault)

    def run_trial(architecture: Any, data: Any, *, epochs: int, seed: int) -> Any:
        return _made_up(submission, architecture, data.name, epochs, seed)

    asked = [_architecture(submission, parts) for parts in architectures]
    raised, found = "", []
    with _in_place_of(submission, run_trial):
        try:
            found = submission.search(asked, _few("shapes32"), epochs=2, seed=3, executor=executor, log=log)
        except (KeyboardInterrupt, ValueError) as raising:
            raised = type(raising).__name__
        finally:
            executor.close()
    answer = {"rows": executor.rows, "inside": executor.inside, "given": len(executor.held)}
    answer |= {"log_with_seconds": _bytes(log)}
    log.unlink(missing_ok=True)
    return answer | {"trials": [_flat(trial) for trial in found], "raised": raised}


class _Held(Executor):
    """An executor that runs and finishes trials in a given order, in another thread."""

    def __init__(self, order: list[int], log: Path, failing: int | None, fault: str) -> None:
        self.held: list[tuple[Future[Any], Callable[[], Any]]] = []
        self.rows: list[int] = []
        self.inside: list[int] = []
        self._order, self._log, self._failing, self._fault = order, log, failing, fault
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._finish)
        self._thread.start()

    def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.held.append((future, functools.partial(function, *arguments, **options)))
        return future

    def shutdown(self, *_: Any, **__: Any) -> None:
        pass

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _finish(self) -> None:
        self._until(lambda: len(self.held) == len(self._order))
        for done, number in enumerate(self._order, 1):
            if number < len(self.held) and self._run(number):
                self._until(lambda least=done + 1: _lines(self._log) >= least)
                self.rows.append(_lines(self._log))
        while not self._closed.wait(0.005):  # also run trials that are submitted late
            for number in range(len(self.held)):
                self._run(number)

    def _run(self, number: int) -> bool:
        """Run a submitted trial that hasn't run yet, and return whether it finished."""
        future, call = self.held[number]
        if future.done() or not future.set_running_or_notify_cancel():
            return False
        if number == self._failing:
            kind = {"KeyboardInterrupt": KeyboardInterrupt, "ValueError": ValueError}[self._fault]
            future.set_exception(kind("this trial fails"))
            return False
        try:
            answer = call()
            self.inside.append(_lines(self._log))
            future.set_result(answer)
        except Exception as fault:  # noqa: BLE001
            future.set_exception(fault)
        return True

    def _until(self, true: Callable[[], bool], seconds: float = 3.0) -> None:
        end = time.monotonic() + seconds
        while not true() and time.monotonic() < end and not self._closed.is_set():
            time.sleep(0.002)


def sent(submission: ModuleType, architectures: list[Any], data: dict[str, Any], epochs: int, seed: int) -> Any:
    """Run a search with real trials, on an executor that pickles what it receives, as a process pool does.

    Shown as:
        import search
        from probes import on_processes
        print(on_processes(search, architectures))
    """
    executor = _Sending()
    asked = [_architecture(submission, parts) for parts in architectures]
    found = submission.search(asked, ImageData(**data), epochs=epochs, seed=seed, executor=executor)
    alone = submission.search(asked, ImageData(**data), epochs=epochs, seed=seed)
    again = executor.submit(int, "5").result()
    both = ([_flat(trial) for trial in trials] for trials in (found, alone))
    return {"sent": executor.count - 1, "trials": next(both), "alone": next(both), "again": again}


class _Sending(Executor):
    """An executor that pickles functions, arguments and results."""

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
    rng = np.random.default_rng([architecture.layers, architecture.width, architecture.batch_size, epochs, seed])
    accuracy, seconds = float(rng.uniform()), float(rng.uniform(1, 9))
    parameters = int(rng.integers(1e4, 1e6))
    return submission.Trial(architecture, dataset, epochs, seed, accuracy, seconds, parameters)


def _few(name: str) -> ImageData:
    """Return a data set with so few rows that a trial takes almost no time."""
    rng = np.random.default_rng(0)
    rows, classes = rng.integers(0, 256, (40, 6)).astype(np.uint8), rng.integers(0, 3, 40)
    return ImageData(name, rows, classes, rows, classes, n_classes=3)


# ------------------------------------------------------------------------------------------------- results


def front(submission: ModuleType, rows: list[dict[str, Any]]) -> list[Any]:
    """Return the front of these trials.

    Shown as:
        from search import Architecture, Trial
        for trial in pareto_front([Trial(Architecture(*parts), *rest) for parts, *rest in trials]):
            print(trial)
        print()
    """
    return [_flat(trial) for trial in submission.pareto_front([_trial_of(submission, row) for row in rows])]


def written(submission: ModuleType, rows: list[dict[str, Any]], folder: str) -> dict[str, Any]:
    """Return the files that write_results writes to a new folder, and the contents of its picture.

    Shown as:
        from pathlib import Path
        from search import Architecture, Trial
        place = Path("{folder}")
        write_results([Trial(Architecture(*parts), *rest) for parts, *rest in trials], place)
        print((place / "experiment_log.csv").read_text())
        print((place / "best_models.json").read_text())
        print("Look at", place / "tradeoff_plot.png")
    """
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
    return {"labels": around, "axes": [_axes(each, figure.dpi) for each in figure.axes]}


def _axes(axes: Any, dpi: float) -> dict[str, Any]:
    """Return the labels and limits of axes, and the points and styles of each artist.

    `marks` lists the points that have text next to them or a patch over them, in the same form.
    """
    artists = []
    for line in axes.lines:
        points = np.asarray(line.get_xydata(), float)
        look = [line.get_color(), line.get_marker(), line.get_markersize(), line.get_markerfacecolor()]
        look += [line.get_markeredgecolor(), line.get_linestyle(), line.get_linewidth(), line.get_alpha()]
        if line.get_visible() and len(points):
            artists.append({"points": points, "looks": [f"line {look}"] * len(points)})
    for collection in axes.collections:
        points = np.ma.filled(np.ma.asarray(collection.get_offsets(), float), np.nan)
        if collection.get_visible() and len(points):
            looks = [collection.get_facecolors(), collection.get_edgecolors(), collection.get_linewidths()]
            looks += [collection.get_sizes()] if hasattr(collection, "get_sizes") else []
            shape = [np.array2string(path.vertices, precision=3) for path in collection.get_paths()[:1]]
            each = [[_look(look, number) for look in looks] for number in range(len(points))]
            artists.append({"points": points, "looks": [" ".join([*shape, *look]) for look in each]})
    labels, limits = [axes.get_xlabel(), axes.get_ylabel()], [sorted(axes.get_xlim()), sorted(axes.get_ylim())]
    return {"labels": labels, "limits": limits, "artists": artists} | _marks(axes, dpi, artists)


def _marks(axes: Any, dpi: float, artists: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the points under each patch, and for each text the points within half an inch, the nearest first.

    An arrow refers to the nearest point only.
    """
    if not artists:
        return {"marks": [], "texts": []}
    places = np.concatenate([artist["points"] for artist in artists])
    pixels, texts, found = axes.transData.transform(places), [], []
    for text in filter(_is_visible, axes.texts):
        transform = axes.transData if getattr(text, "xycoords", "") == "data" else text.get_transform()
        away = np.hypot(*(pixels - transform.transform(getattr(text, "xy", text.get_position()))).T)
        style = text.get_color(), text.get_fontsize(), text.get_fontweight(), getattr(text, "arrow_patch", None) is None
        near = [point for point in np.argsort(away) if away[point] < dpi / 2][: 1 if hasattr(text, "xy") else None]
        texts.append({"points": places[near], "looks": f"text {style}"})
    for number, patch in enumerate(filter(_is_visible, axes.patches)):
        box = patch.get_window_extent().padded(2)
        inside = places[[box.contains(*at) for at in pixels]]
        found.append({"points": inside, "looks": [f"patch {number}"] * len(inside)})
    return {"marks": found, "texts": texts}


def _is_visible(artist: Any) -> bool:
    return bool(artist.get_visible())


def _look(values: Any, number: int) -> str:
    values = np.asarray(values, float)
    return np.array2string(values[number % len(values)], precision=3) if len(values) else ""


# ----------------------------------------------------------------------------------------------- shared helpers


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
