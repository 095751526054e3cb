"""Probes of the visible tests: they run next to your functions and return plain values."""

from __future__ import annotations

import contextlib
import copy
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import backbones
import numpy as np
import torch
from backbones import tiny
from photos import Photos, load_photos
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

torch.set_num_threads(1)  # a second thread doesn't speed up networks this small, and slows them down on a busy machine


def backbone_of(submission: ModuleType, seed: int) -> dict[str, Any]:
    """Load the backbone, compute its features of four random images, and look for weights of a fresh network."""
    backbone = submission.load_backbone()
    fresh = tiny(0).state_dict()
    with torch.no_grad():
        features = backbone(torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(seed)))
    return {
        "stages": len(backbone.stages),
        "n_features": int(backbone.n_features),
        "features": tuple(features.shape),
        "training": backbone.training,
        "again": all(map(torch.equal, _copied(backbone), _copied(submission.load_backbone()))),
        "shared": submission.load_backbone("tiny") is backbone,
        "fresh": [name for name, values in backbone.named_parameters() if torch.equal(values, fresh[name])],
    }


def load(submission: ModuleType, name: str) -> None:
    """Load a backbone by its name."""
    submission.load_backbone(name)


def run_of(submission: ModuleType, approach: str, options: dict[str, Any], n_train: int = 24) -> dict[str, Any]:
    """Train once on a few images; report stages, trained parameters and history.

    frozen_norms: how often a batch norm with an untrained weight ran in training mode.
    """
    data = _few(n_train)
    backbone = tiny(1).eval()
    before = _copied(backbone)
    with _watched_norms() as norms, _stopwatch(submission) as took:
        run = getattr(submission, approach)(backbone, data, **options)
    training = any(module.training for module in run.model.modules())
    parts = ((data.train_images, data.train_labels), (data.validation_images, data.validation_labels))
    with torch.no_grad():
        measured = [(run.model(images).numpy(), labels.numpy()) for images, labels in parts]
    return {
        "stages": _marks(tiny(1), run.model.backbone),
        "passed": all(torch.equal(*pair) for pair in zip(before, _copied(backbone), strict=True)),
        "requires_grad": sum(p.numel() for p in run.model.parameters() if p.requires_grad),
        "head": sum(p.numel() for p in run.model.head.parameters()),
        "trainable_parameters": int(run.trainable_parameters),
        "frozen_norms": norms[0],
        "training": training,
        "history": _history(run.history),
        "seconds": float(run.seconds),
        **took,
        "measured": measured,
    }


def predicted(submission: ModuleType) -> list[np.ndarray]:
    """Train for an epoch on 24 images; return what predict and the model say about the validation images."""
    data = _few()
    run = submission.full_training(tiny(1).eval(), data, epochs=1, seed=7)
    with torch.no_grad():
        logits = run.model(data.validation_images).numpy()
    return [np.asarray(submission.predict(run, data.validation_images)), logits]


def learned(submission: ModuleType, approach: str, options: dict[str, Any]) -> list[np.ndarray]:
    """Train the learned backbone on 24 images; return the model's logits for these images, and their classes."""
    data, backbone = _few(), tiny()
    backbone.load_state_dict(backbones.tiny_weights())
    run = getattr(submission, approach)(backbone.eval(), data, **options)
    with torch.no_grad():
        return [run.model(data.train_images).numpy(), data.train_labels.numpy()]


def _marks(before: nn.Module, after: nn.Module) -> list[str]:
    """Return a string per stage with a mark for each of its arrays: = unchanged, x changed."""
    stages = []
    for old, new in zip(before.stages, after.stages, strict=True):
        pairs = zip(old.state_dict().values(), new.state_dict().values(), strict=True)
        stages.append("".join("=" if torch.equal(*pair) else "x" for pair in pairs))
    return stages


def changed(submission: ModuleType, approach: str, epochs: int, ways: list[str]) -> list[tuple[bool, int]]:
    """Train again with one thing changed at a time; report whether the model is the same, and the history's length.

    "again": nothing changed; "seed": a different seed, which must change the model only if every epoch draws random
    numbers; "validation": different validation images; "labels": different labels for the last fifth of the training
    images.
    """
    found, first = [], None
    for way in ["", *ways]:
        data = _few()
        if way == "validation":
            other = load_photos(24)
            images, labels = other.validation_images[40:80], (other.validation_labels[40:80] + 1) % 6
            data = Photos(data.train_images, data.train_labels, images, labels, data.classes)
        if way == "labels":
            labels = torch.cat([data.train_labels[:20], (data.train_labels[20:] + 1) % 6])
            data = Photos(data.train_images, labels, data.validation_images, data.validation_labels, data.classes)
        torch.rand(3)
        run = getattr(submission, approach)(tiny(1).eval(), data, epochs=epochs, seed=4 if way == "seed" else 3)
        weights = [*_copied(run.model.head), *_copied(run.model.backbone)]
        first = first or weights
        same = all(map(torch.equal, first, weights))
        found.append((same and (way != "seed" or _draws(submission, approach)), len(run.history)))
    return found[1:]


def _draws(submission: ModuleType, approach: str) -> bool:
    """Return whether every epoch draws random numbers, such as an order of the images."""
    counts = []
    for epochs in (1, 2):
        with _Draws() as draws:
            getattr(submission, approach)(tiny(1).eval(), _few(), epochs=epochs, seed=3)
        counts.append(draws.count)
    return counts[1] > counts[0]


class _Draws(TorchDispatchMode):
    """A counter of random draws that ignores the seed that a DataLoader draws in every pass."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        drawn = torch.Tag.nondeterministic_seeded in function.tags
        self.count += drawn and not function.name().startswith("aten::random_")
        return function(*arguments, **(options or {}))


def begins(submission: ModuleType, lengths: list[int]) -> list[list[list[float]]]:
    """Run feature extraction for each of these numbers of epochs and return the histories."""
    runs = [submission.feature_extraction(tiny(1).eval(), _few(), epochs=epochs, seed=3) for epochs in lengths]
    return [_history(run.history)["rows"] for run in runs]


def of_seven_stages(submission: ModuleType, approach: str, options: dict[str, Any]) -> dict[str, Any]:
    """Train a backbone of seven stages with dropout, in mixed modes, twice; one class has no image."""
    torch.manual_seed(5)
    backbone, data = _Long(), _few()
    data = Photos(data.train_images, data.train_labels, data.validation_images, data.validation_labels, (*"abcdefg",))
    before, modes = copy.deepcopy(backbone), _modes(backbone)
    generator, awake = torch.get_rng_state(), set()

    def look(module: nn.Module, *_: Any) -> None:
        if isinstance(module, _Dropout) and module.training:
            awake.add(module.stage)

    handle = nn.modules.module.register_module_forward_hook(look)
    try:
        run = getattr(submission, approach)(backbone, data, **options)
    finally:
        handle.remove()
    touched = not torch.equal(generator, torch.get_rng_state())
    torch.rand(11)
    again = getattr(submission, approach)(backbone, data, **options)
    return {
        "stages": _marks(before, run.model.backbone),
        "awake": sorted(awake),
        "classes": len(run.model.head.bias),
        "passed": all(map(torch.equal, _copied(before), _copied(backbone))),
        "modes": modes == _modes(backbone),
        "touched": touched,
        "again": all(map(torch.equal, _copied(run.model), _copied(again.model))),
    }


def _modes(module: nn.Module) -> list[bool]:
    modes = [each.training for each in module.modules()]
    return modes + [parameter.requires_grad for parameter in module.parameters()]


def refused(submission: ModuleType, unfrozen: int) -> None:
    """Call fine_tuning with this number of unfrozen stages."""
    submission.fine_tuning(tiny(), _few(), unfrozen=unfrozen, epochs=1, seed=0)


def of_elsewhere(submission: Any, name: str, seed: int) -> dict[str, Any]:
    """Load a backbone by its name, with stand-ins for the weights that torch.hub or torchvision would download.

    They replace torch.hub's download and from_torchvision, in the supplied module and under the submission's own names.
    asked: the arguments of from_torchvision; same: how many arrays equal the stand-in's, and how many there are;
    unable: whether the submission looked for torchvision and did not find it.
    """
    torch.manual_seed(seed)
    hub, elsewhere = backbones.resnet18(), tiny(seed)
    asked: list[list[Any]] = []

    def fetched(*_: Any, **__: Any) -> dict[str, torch.Tensor]:
        return dict(hub.state_dict()) | {"fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}

    def from_torchvision(name: str, *, pretrained: bool = True) -> nn.Module:
        asked.append([str(name), bool(pretrained)])
        return elsewhere.train()

    with (
        _replaced(torch.hub, "load_state_dict_from_url", fetched, submission),
        _replaced(backbones, "from_torchvision", from_torchvision, submission),
    ):
        try:
            found = submission.load_backbone(name)
        except ImportError:
            return {"unable": True, "asked": asked}
    state, expected = found.state_dict(), (hub if name == "resnet18" else elsewhere).state_dict()
    same = [key in state and torch.equal(state[key], values) for key, values in expected.items()]
    return {
        "unable": False,
        "asked": asked,
        "same": [sum(same), len(same)],
        "stages": type(found.stages).__name__,
        "n_features": int(found.n_features),
        "training": any(module.training for module in found.modules()),
    }


class _Dropout(nn.Dropout):
    """A dropout layer that stores the number of its stage."""

    def __init__(self, stage: int) -> None:
        super().__init__(0.3)
        self.stage = stage


class _Long(nn.Module):
    """Seven stages, each with a batch norm and dropout, some in training mode and some not, some without gradients."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 6, 6, 7, 7, 8, 8, 9)
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, wider, 3, 1 + (stage < 3), padding=1, bias=False),
                nn.BatchNorm2d(wider),
                nn.ReLU(),
                _Dropout(stage),
            )
            for stage, (width, wider) in enumerate(itertools.pairwise(widths))
        )
        self.n_features = 9
        self.eval()
        self.stages[1].train()
        self.stages[4][1].train()
        self.stages[6][3].train()
        self.stages[2].requires_grad_(False)

    def normalised(self, images: torch.Tensor) -> torch.Tensor:
        return 2 * images - 1

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.normalised(images)
        for stage in self.stages:
            x = stage(x)
        return x.mean(dim=(2, 3))


def interrupted(submission: ModuleType, approach: str, done: int, clock: str, share: float) -> dict[str, Any]:
    """Start a run of five epochs; press Ctrl-C when a given share of the epoch after `done` epochs has passed.

    To time it, the clock counts "gradients" or "forwards" (calls of modules). silent: it counted nothing in that epoch.
    """
    data, train = _few(), getattr(submission, approach)
    counted = {"gradients": _gradients, "forwards": _forwards}[clock]
    counts = []
    for epochs in (done, done + 1):
        with counted(lambda _: None, submission) as count:
            if epochs:
                train(tiny(1).eval(), data, epochs=epochs, seed=0)
        counts.append(count[0])
    place = counts[0] + max(1, round(share * (counts[1] - counts[0])))

    def press(count: int) -> None:
        if count == place:
            raise KeyboardInterrupt

    found: dict[str, Any] = {"silent": counts[1] <= counts[0], "raised": False}
    with counted(press, submission):
        try:
            run = train(tiny(1).eval(), data, epochs=5, seed=0)
        except KeyboardInterrupt:
            return found | {"raised": True}
    with torch.no_grad():
        loss = nn.functional.cross_entropy(run.model(data.validation_images), data.validation_labels).item()
    return found | {"rows": _history(run.history)["rows"], "loss": loss}


def comparison_interrupted(submission: ModuleType) -> dict[str, Any]:
    """Press Ctrl-C in the middle of compare's second training run; return the approaches in its table."""
    data, counts = _first(load_photos(24), 12, 8), []
    for train in (submission.feature_extraction, submission.fine_tuning):
        with _gradients(lambda _: None, submission) as count:
            train(submission.load_backbone(), data, epochs=submission.EPOCHS, seed=2)
        counts.append(count[0])

    def press(count: int) -> None:
        if count == counts[0] + counts[1] // 2:
            raise KeyboardInterrupt

    with _gradients(press, submission):
        try:
            frame = submission.compare(data, seeds=[2])
        except KeyboardInterrupt:
            return {"raised": True}
    return {"raised": False, "silent": counts[1] < 2, "approach": [str(name) for name in frame["approach"]]}


@contextlib.contextmanager
def _watched_norms() -> Iterator[list[int]]:
    """Count how often a batch norm with requires_grad off runs in training mode."""
    count = [0]

    def look(module: nn.Module, *_: Any) -> None:
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training and module.weight is not None:
            count[0] += not module.weight.requires_grad

    handle = nn.modules.module.register_module_forward_hook(look)
    try:
        yield count
    finally:
        handle.remove()


processor_time = time.process_time


@contextlib.contextmanager
def _stopwatch(submission: Any) -> Iterator[dict[str, float]]:
    """Measure the wall time of a block, and its time by the clock that the submission reads in it.

    That is the processor's clock if the submission asks for it, and the wall clock otherwise.
    """
    asked: list[float] = []

    def read() -> float:
        asked.append(processor_time())
        return asked[-1]

    found: dict[str, float] = {}
    began = time.perf_counter(), processor_time()
    with _replaced(time, "process_time", read, submission):
        yield found
    found["wall_seconds"] = time.perf_counter() - began[0]
    found["clock_seconds"] = processor_time() - began[1] if asked else found["wall_seconds"]


@contextlib.contextmanager
def _replaced(module: Any, name: str, other: Any, submission: Any) -> Iterator[None]:
    """Replace a function wherever it has a name: in its module and in the submission."""
    old = getattr(module, name)
    names = [key for key, value in vars(submission).items() if value is old]
    for place, key in [(module, name), *((submission, key) for key in names)]:
        setattr(place, key, other)
    try:
        yield
    finally:
        for place, key in [(module, name), *((submission, key) for key in names)]:
            setattr(place, key, old)


@contextlib.contextmanager
def _gradients(tell: Callable[[int], None], submission: Any) -> Iterator[list[int]]:
    """Count gradient computations, including those by Tensor.backward, and call `tell` before each."""
    count = [0]

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*arguments: Any, **options: Any) -> Any:
            count[0] += 1
            tell(count[0])
            return function(*arguments, **options)

        return asked

    with (
        _replaced(torch.autograd, "backward", counted(torch.autograd.backward), submission),
        _replaced(torch.autograd, "grad", counted(torch.autograd.grad), submission),
    ):
        yield count


@contextlib.contextmanager
def _forwards(tell: Callable[[int], None], _: Any) -> Iterator[list[int]]:
    """Count the calls of modules, and call `tell` before each."""
    count = [0]

    def look(*_: Any) -> None:
        count[0] += 1
        tell(count[0])

    handle = nn.modules.module.register_module_forward_pre_hook(look)
    try:
        yield count
    finally:
        handle.remove()


def accuracies(submission: ModuleType, n_train: int, epochs: int, seed: int) -> dict[str, float]:
    """Train with the three approaches and from scratch; return the validation accuracies."""
    data, found = _first(load_photos(n_train, seed=seed), n_train, 100), {}
    few = _first(data, n_train, 12)  # enough while it trains
    for approach, train, backbone in (
        ("feature extraction", submission.feature_extraction, submission.load_backbone()),
        ("fine-tuning", submission.fine_tuning, submission.load_backbone()),
        ("full training", submission.full_training, submission.load_backbone()),
        ("from scratch", submission.full_training, tiny(seed)),
    ):
        found[approach] = _accuracy(train(backbone, few, epochs=epochs, seed=seed), data)
    return found


def _accuracy(run: Any, data: Photos) -> float:
    """Return the share of the validation images that a run's model gets right."""
    with torch.no_grad():
        classes = run.model(data.validation_images).argmax(dim=1)
    return (classes == data.validation_labels).float().mean().item()


def _runs(submission: ModuleType, data: Photos) -> dict[str, Any]:
    return {
        "Alder": submission.feature_extraction(tiny(1).eval(), data, epochs=2, seed=0),
        "Birch": submission.full_training(tiny(1).eval(), data, epochs=3, seed=0),
    }


def curves(submission: ModuleType) -> dict[str, Any]:
    """Plot the learning curves of two runs; return their histories and the figure's contents."""
    runs = _runs(submission, _few())
    histories = {name: _history(run.history)["rows"] for name, run in runs.items()}
    return {"histories": histories, **_drawn(lambda path: submission.plot_learning_curves(runs, path))}


def matrices(submission: ModuleType) -> dict[str, Any]:
    """Plot the confusion matrices of two runs, for images of five of the six classes."""
    data = _few()
    runs = _runs(submission, data)
    others = load_photos(24)
    images, labels = others.validation_images[:100], others.validation_labels[:100]
    images, labels = images[labels < 5], labels[labels < 5]
    with torch.no_grad():
        predicted = {name: run.model(images).argmax(dim=1).numpy() for name, run in runs.items()}
    drawn = _drawn(lambda path: submission.plot_confusion_matrices(runs, images, labels, path))
    return {"labels": labels.numpy(), "predicted": predicted, "classes": list(data.classes), **drawn}


def layer_features(submission: ModuleType) -> dict[str, Any]:
    """Plot the features of an image; return the figure, the stages' outputs, and what changed in the model."""
    data = _few()
    run = submission.fine_tuning(tiny(1).eval(), data, epochs=1, seed=1)
    before = (*_around(run.model).values(), _copied(run.model))
    image = data.train_images[0]
    drawn = _drawn(lambda path: submission.plot_layer_features(run.model, image, path))
    after = (*_around(run.model).values(), _copied(run.model))
    same = [before[0] == after[0], before[1] == after[1], all(map(torch.equal, before[2], after[2]))]
    with torch.no_grad():
        x, given = run.model.eval().backbone.normalised(image[None]), []
        for stage in run.model.backbone.stages:
            x = stage(x)
            given.append(x[0].numpy())
    return {"same": same, "given": given, **drawn}


def _around(model: nn.Module) -> dict[str, Any]:
    """Return which parameters of a model require gradients, and how many hooks it has."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return {
        "requires_grad": [parameter.requires_grad for parameter in model.parameters()],
        "hooks": sum(len(getattr(module, name, ())) for module in model.modules() for name in hooks),
    }


def _drawn(plot: Callable[[Path], None]) -> dict[str, Any]:
    """Return the plotted file and the contents of the figures when they were saved; see _seen."""
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    seen: list[dict[str, Any]] = []
    saving = Figure.savefig

    def look(figure: Any, *arguments: Any, **options: Any) -> Any:
        result = saving(figure, *arguments, **options)
        seen.append(_seen(figure))
        return result

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        Figure.savefig = look  # type: ignore[method-assign]
        try:
            plot(path)
        finally:
            Figure.savefig = saving  # type: ignore[method-assign]
            plt.close("all")
        picture = path.read_bytes() if path.is_file() else b""
    return {"picture": picture, "figures": seen}


def _seen(figure: Any) -> dict[str, Any]:
    """Return all text of a figure, and for each axes its lines, its grids of numbers and its two labels."""
    axes = [each for each in figure.axes if each.get_visible()]
    texts = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    return {
        "texts": [text for text in texts if text.strip()],
        "around": [str(figure.get_supxlabel()), str(figure.get_supylabel())],
        "axes": [
            {
                "lines": [_line(each, line) for line in each.lines if line.get_visible()],
                "grids": list(_grids(each)),
                "labels": [each.get_xlabel(), each.get_ylabel()],
                "title": " ".join(each.get_title(loc=place) for place in ("left", "center", "right")),
                "notes": len([text for text in each.texts if text.get_text().strip()]),
            }
            for each in axes
        ],
    }


def _line(axes: Any, line: Any) -> dict[str, Any]:
    """Return a line's points, its look, and how many of its points lie within the axes."""
    from matplotlib.colors import to_hex

    x, y = (np.asarray(values, np.float64).copy() for values in (line.get_xdata(), line.get_ydata()))
    inside = np.ones(np.broadcast(x, y).shape, bool) if x.shape == y.shape else np.zeros(0, bool)
    for values, limits in ((x, axes.get_xlim()), (y, axes.get_ylim())):
        if inside.size:
            inside &= (values >= min(limits)) & (values <= max(limits))
    marker, style = str(line.get_marker()), str(line.get_linestyle())
    bare = style.strip() in ("", "None") and marker.strip() in ("", "None")
    colour = to_hex(line.get_color(), keep_alpha=True)
    return {
        "x": x,
        "y": y,
        "inside": 0 if bare else int(inside.sum()),
        "look": " ".join(
            str(part)
            for part in (
                colour,
                style,
                getattr(line, "_unscaled_dash_pattern", ""),  # for styles without a name
                line.get_linewidth(),
                line.get_alpha(),
                marker,
                line.get_markersize(),
                line.get_markerfacecolor(),
            )
        ),
    }


def _grids(axes: Any) -> Iterator[dict[str, Any]]:
    """Yield every image and mesh, with the row drawn at the top first.

    values: its numbers; shown: the place of each on the colour scale, 0 to 1; scale: nine numbers from one end of the
    scale to the other, as the scale maps them; cells: the texts in cells (row, column, text); ticks: the labels of rows
    and of columns (row or column, text).
    """
    bottom, top = axes.get_ylim()
    for image in axes.images:
        values = np.ma.filled(np.ma.asarray(image.get_array()).astype(float), np.nan)
        if values.ndim == 2:
            left, right, low, high = image.get_extent()
            down = (high, low) if image.origin == "upper" else (low, high)
            edges = np.linspace(*down, len(values) + 1), np.linspace(left, right, values.shape[1] + 1)
            yield _grid(axes, image.norm, values, *edges, turned=(image.origin == "upper") != (bottom > top))
    for mesh in axes.collections:
        if hasattr(mesh, "get_coordinates"):  # a mesh from pcolormesh
            corners = np.asarray(mesh.get_coordinates())
            values = np.ma.filled(np.ma.asarray(mesh.get_array()).astype(float), np.nan)
            values = values.reshape(corners.shape[0] - 1, corners.shape[1] - 1)
            yield _grid(axes, mesh.norm, values, corners[:, 0, 1], corners[0, :, 0], turned=bottom <= top)


def _grid(
    axes: Any, norm: Any, values: np.ndarray, down: np.ndarray, across: np.ndarray, *, turned: bool
) -> dict[str, Any]:
    """Describe one grid: `down` and `across` are the edges of its cells, `turned` means its last row is at the top."""

    def cell(edges: np.ndarray, place: float) -> int:
        return int(np.sum(np.sort(edges) < place)) - 1 if edges[0] < edges[-1] else int(np.sum(edges > place)) - 1

    def row(place: float) -> int:
        found = cell(down, place)
        return len(values) - 1 - found if turned else found

    def shares(numbers: np.ndarray) -> np.ndarray:
        return np.clip(np.ma.filled(np.ma.asarray(norm(numbers)).astype(float), np.nan), 0, 1)

    ends = [0.0 if end is None else float(end) for end in (norm.vmin, norm.vmax)]
    cells = []
    for text in axes.texts:
        place = text.get_position()
        if text.get_text().strip() and text.get_transform() == axes.transData:
            cells.append([row(float(place[1])), cell(across, float(place[0])), text.get_text()])
    ticks = [
        [
            [at(float(place)), label.get_text()]
            for place, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=False)
        ]
        for at, axis in ((row, axes.yaxis), (lambda place: cell(across, place), axes.xaxis))
    ]
    return {
        "values": (values[::-1] if turned else values).copy(),
        "shown": shares(values[::-1] if turned else values),
        "scale": shares(np.linspace(*ends, 9)),
        "cells": cells,
        "ticks": ticks,
    }


def table_of(submission: ModuleType, seeds: list[int]) -> dict[str, Any]:
    """Run compare on a few images, and train two of its rows again."""
    data, epochs = _first(load_photos(24), 12, 25), submission.EPOCHS
    frame = submission.compare(data, seeds=seeds)
    again = {}
    for row, train, backbone, seed in (
        (5, submission.fine_tuning, submission.load_backbone(), seeds[1]),
        (7, submission.full_training, tiny(seeds[1]), seeds[1]),
    ):
        again[row] = _accuracy(train(backbone, data, epochs=epochs, seed=seed), data)
    columns = {str(name): [each if isinstance(each, str) else float(each) for each in frame[name]] for name in frame}
    return {"columns": columns, "again": again}


def _history(frame: Any) -> dict[str, Any]:
    return {"columns": [str(name) for name in frame.columns], "rows": np.asarray(frame, np.float64).tolist()}


def _few(n_train: int = 24) -> Photos:
    """Return a few images for training and 40 for validation."""
    return _first(load_photos(n_train), n_train, 40)


def _first(data: Photos, n_train: int, n_validation: int) -> Photos:
    """Return the first images of each part."""
    train, validation = slice(n_train), slice(n_validation)
    return Photos(
        data.train_images[train],
        data.train_labels[train],
        data.validation_images[validation],
        data.validation_labels[validation],
        data.classes,
    )


def _copied(module: nn.Module) -> list[torch.Tensor]:
    return [values.clone() for values in module.state_dict().values()]
