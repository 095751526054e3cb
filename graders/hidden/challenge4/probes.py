"""What the hidden tests have done beside the submission; plain values come back, and none of them is trusted."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from backbones import tiny
from photos import Photos, load_photos
from torch import nn

torch.set_num_threads(1)  # networks this small gain nothing from a second, and lose much on a busy machine

State = np.ndarray  # all weights and statistics of a backbone, in the order of their names
Parts = Sequence[np.ndarray]  # images (n, height, width, 3) uint8 to train on, their classes, others, their classes
COLUMNS = ("epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy")

# ------------------------------------------------------------------------------------------------------- the backbone


def loaded(submission: Any, images: np.ndarray) -> dict[str, Any]:
    """Several backbones "tiny": what the first is and holds, and its features of images, once the others are shaken."""
    first, *others = submission.load_backbone(), submission.load_backbone("tiny"), submission.load_backbone()
    with torch.no_grad():
        for other in others:
            for parameter in other.parameters():
                parameter.add_(1.0)
        features = first(_tensor(images))
    return {
        "stages": type(first.stages).__name__,
        "count": len(first.stages),
        "n_features": int(first.n_features),
        "training": any(module.training for module in first.modules()),
        "state": _state(first),
        "features": _array(features),
    }


def load(submission: Any, name: str) -> None:
    """Load a backbone by its name."""
    submission.load_backbone(name)


# ------------------------------------------------------------------------------------------------------- the training


def training(
    submission: Any,
    approach: str,
    options: dict[str, Any],
    state: State,
    given: dict[str, bool],
    parts: Parts,
    n_classes: int,
) -> dict[str, Any]:
    """One training of a backbone of this state, given with `training` and `requires_grad` as `given` says.

    passed: the backbone that was passed, before and after; frozen_norms: how often a batch norm whose weight is not
    trained normalised a batch by that batch; touched: whether torch's global generator is another one afterwards.
    """
    backbone = _backbone(state)
    backbone.train(given["training"]).requires_grad_(given["requires_grad"])
    data = _data(parts, n_classes)
    before = _passed(backbone)
    torch.rand(5)
    generator = torch.get_rng_state()
    began = time.perf_counter()
    with _watched_norms() as norms:
        run = getattr(submission, approach)(backbone, data, **options)
    wall = time.perf_counter() - began
    return {
        "passed": [before, _passed(backbone)],
        "touched": not torch.equal(generator, torch.get_rng_state()),
        "frozen_norms": norms[0],
        "wall": wall,
        **_told(run, data.validation_images),
    }


def trainings(
    submission: Any, approach: str, state: State, parts: Sequence[Parts], n_classes: int, options: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Several trainings of the same backbone, with other data or other options each, the global generator moved on."""
    backbone, found = _backbone(state), []
    for each, chosen in zip(parts, options, strict=True):
        torch.rand(7)
        data = _data(each, n_classes)
        found.append(_told(getattr(submission, approach)(backbone, data, **chosen), data.validation_images))
    return found


def refused(submission: Any, state: State, parts: Parts, n_classes: int, unfrozen: int) -> None:
    """Fine-tuning of so many stages."""
    submission.fine_tuning(_backbone(state), _data(parts, n_classes), unfrozen=unfrozen, epochs=1, seed=0)


def of_another_kind(
    submission: Any, approach: str, options: dict[str, Any], seed: int, parts: Parts, n_classes: int
) -> dict[str, Any]:
    """Training of a backbone of three stages that is no residual network: what was fresh in it, and the run."""
    torch.manual_seed(seed)
    backbone = _Plain().eval()
    data = _data(parts, n_classes)
    before = _state(backbone)
    run = getattr(submission, approach)(backbone, data, **options)
    return {"before": before, **_told(run, data.validation_images)}


class _Plain(nn.Module):
    """Three stages: two convolutions with batch norms, the second with a layer that has no parameters before it."""

    def __init__(self) -> None:
        super().__init__()
        first = nn.Sequential(nn.Conv2d(3, 6, 3, 2), nn.BatchNorm2d(6), nn.ReLU())
        second = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(6, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.stages = nn.ModuleList([first, second, nn.Conv2d(8, 9, 1)])
        self.n_features = 9

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = images
        for stage in self.stages:
            x = stage(x)
        return x.mean(dim=(2, 3))


def interrupted(
    submission: Any, approach: str, state: State, parts: Parts, n_classes: int, epochs: int, after: float, seed: int
) -> dict[str, Any]:
    """The run of so many epochs when Ctrl-C is pressed after a number of them; how many gradients it took, and whether
    the interrupt came out.
    """
    data, train = _data(parts, n_classes), getattr(submission, approach)
    with _gradients(lambda _: None) as whole:
        train(_backbone(state), data, epochs=epochs, seed=seed)
    last = int(whole[0] * after / epochs)

    def press(count: int) -> None:
        if count == last + 1:
            raise KeyboardInterrupt

    found: dict[str, Any] = {"gradients": whole[0], "raised": False}
    with _gradients(press):
        try:
            run = train(_backbone(state), data, epochs=epochs, seed=seed)
        except KeyboardInterrupt:
            return found | {"raised": True}
    return found | _told(run, data.validation_images)


def predictions(
    submission: Any, train: Parts, n_classes: int, hidden: np.ndarray, epochs: int, seed: int
) -> dict[str, np.ndarray]:
    """What each approach, and full training from scratch, says of hidden images."""
    data, images, found = _data(train, n_classes), _tensor(hidden), {}
    for approach, backbone in (
        ("feature_extraction", submission.load_backbone()),
        ("fine_tuning", submission.load_backbone()),
        ("full_training", submission.load_backbone()),
        ("from_scratch", tiny(seed)),
    ):
        name = "full_training" if approach == "from_scratch" else approach
        run = getattr(submission, name)(backbone, data, epochs=epochs, seed=seed)
        found[approach] = _classes(submission.predict(run, images))
    return found


# ------------------------------------------------------------------------------------------------------- the pictures


def predicted(submission: Any, state: State, parts: Parts, n_classes: int, seed: int) -> dict[str, Any]:
    """What predict says of images together, one by one and after the model was left in training mode; with the run."""
    data = _data(parts, n_classes)
    run = submission.full_training(_backbone(state), data, epochs=1, seed=seed)
    images = data.validation_images
    together = _classes(submission.predict(run, images))
    alone = np.concatenate([_classes(submission.predict(run, image[None])) for image in images])
    run.model.train()
    after = _classes(submission.predict(run, images))
    run.model.eval()
    return {"together": together, "alone": alone, "after": after, **_told(run, images)}


def curves(submission: Any, state: State, parts: Parts, n_classes: int, epochs: Sequence[int]) -> dict[str, Any]:
    """The learning curves of two runs by names of the judge's; their histories, and what was drawn."""
    runs = _runs(submission, state, _data(parts, n_classes), epochs)
    histories = {name: _history(run.history) for name, run in runs.items()}
    return {"histories": histories, **_drawn(lambda path: submission.plot_learning_curves(runs, path))}


def matrices(
    submission: Any, state: State, parts: Parts, n_classes: int, images: np.ndarray, labels: np.ndarray
) -> dict[str, Any]:
    """The confusion matrices of two runs for these images and labels; the runs, and what was drawn."""
    data = _data(parts, n_classes)
    runs = _runs(submission, state, data, (1, 1))
    shown, truth = _tensor(images), torch.tensor(labels)
    drawn = _drawn(lambda path: submission.plot_confusion_matrices(runs, shown, truth, path))
    return {"runs": {name: _told(run, shown) for name, run in runs.items()}, **drawn}


def layer_features(
    submission: Any, state: State, parts: Parts, n_classes: int, image: np.ndarray, training: bool
) -> dict[str, Any]:
    """The features of an image, as drawn; the model's weights before and after, and whether its mode stayed."""
    data = _data(parts, n_classes)
    run = submission.fine_tuning(_backbone(state), data, epochs=1, seed=1)
    run.model.train(training)
    modes = [module.training for module in run.model.modules()]
    before = _state(run.model)
    drawn = _drawn(lambda path: submission.plot_layer_features(run.model, _tensor(image[None])[0], path))
    after = _state(run.model)
    kept = modes == [module.training for module in run.model.modules()]
    return {"before": before, "after": after, "mode": kept, "backbone": _state(run.model.backbone), **drawn}


def _runs(submission: Any, state: State, data: Photos, epochs: Sequence[int]) -> dict[str, Any]:
    """Two runs of their own names, one of extraction and one of full training."""
    return {
        "Alder": submission.feature_extraction(_backbone(state), data, epochs=epochs[0], seed=3),
        "Birch": submission.full_training(_backbone(state), data, epochs=epochs[1], seed=4),
    }


# ----------------------------------------------------------------------------------------------------- the comparison


def comparison(submission: Any, parts: Parts, n_classes: int, seeds: Sequence[int]) -> dict[str, Any]:
    """What compare gives, the seconds that it took, and every row trained once more by hand: logits and parameters."""
    data = _data(parts, n_classes)
    epochs = submission.EPOCHS
    began = time.perf_counter()
    frame = submission.compare(data, seeds=list(seeds))
    wall = time.perf_counter() - began
    again = []
    for seed in seeds:
        for train, backbone in (
            (submission.feature_extraction, submission.load_backbone()),
            (submission.fine_tuning, submission.load_backbone()),
            (submission.full_training, submission.load_backbone()),
            (submission.full_training, tiny(seed)),
        ):
            run = train(backbone, data, epochs=epochs, seed=seed)
            again.append([_logits(run.model, data.validation_images), int(run.trainable_parameters)])
    return {
        "kind": type(frame).__name__,
        "columns": [str(name) for name in frame.columns],
        "approach": [str(name) for name in frame["approach"]],
        **{name: [float(v) for v in frame[name]] for name in ("seed", "accuracy", "seconds", "trainable_parameters")},
        "wall": wall,
        "again": again,
    }


def trained_again(submission: Any, approach: str, seed: int) -> dict[str, Any]:
    """One row of a comparison on the photos that everybody has: logits of the validation images, and their classes."""
    data, epochs = load_photos(), submission.EPOCHS
    train = {"feature extraction": submission.feature_extraction, "fine-tuning": submission.fine_tuning}
    backbone = tiny(seed) if approach == "from scratch" else submission.load_backbone()
    run = train.get(approach, submission.full_training)(backbone, data, epochs=epochs, seed=seed)
    return {
        "logits": _logits(run.model, data.validation_images),
        "labels": data.validation_labels.numpy(),
        "parameters": int(run.trainable_parameters),
    }


# ----------------------------------------------------------------------------------------------------------- watching


@contextlib.contextmanager
def _watched_norms() -> Iterator[list[int]]:
    """Counts how often a batch norm whose weight takes no gradient works in training mode."""
    count = [0]

    def look(module: nn.Module, *_: Any) -> None:
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training and module.weight is not None:
            count[0] += not module.weight.requires_grad

    handle = nn.modules.module.register_module_forward_hook(look)
    try:
        yield count
    finally:
        handle.remove()


@contextlib.contextmanager
def _gradients(tell: Callable[[int], None]) -> Iterator[list[int]]:
    """Counts how often gradients are asked for, and tells of each time before it."""
    count, backward, grad = [0], torch.Tensor.backward, torch.autograd.grad

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*arguments: Any, **options: Any) -> Any:
            count[0] += 1
            tell(count[0])
            return function(*arguments, **options)

        return asked

    torch.Tensor.backward, torch.autograd.grad = counted(backward), counted(grad)
    try:
        yield count
    finally:
        torch.Tensor.backward, torch.autograd.grad = backward, grad


def _drawn(plot: Callable[[Path], None]) -> dict[str, Any]:
    """The file that is plotted, and what the figures held when they were saved; see _seen."""
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
    """Everything written in a figure, and for each axes its lines (x, y), its grids of numbers and its two labels."""
    axes = [each for each in figure.axes if each.get_visible()]
    texts = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    return {
        "texts": [text for text in texts if text.strip()],
        "around": [str(figure.get_supxlabel()), str(figure.get_supylabel())],
        "axes": [
            {
                "lines": [_line(line) for line in each.lines if line.get_visible()],
                "grids": list(_grids(each)),
                "labels": [each.get_xlabel(), each.get_ylabel()],
                "title": " ".join(each.get_title(loc=place) for place in ("left", "center", "right")),
            }
            for each in axes
        ],
    }


def _line(line: Any) -> list[np.ndarray]:
    return [np.asarray(values, np.float64).copy() for values in (line.get_xdata(), line.get_ydata())]


def _grids(axes: Any) -> Iterator[np.ndarray]:
    """The numbers of every image and mesh, the row that is drawn at the top first."""
    for image in axes.images:
        values = np.ma.filled(np.ma.asarray(image.get_array()).astype(float), np.nan)
        if values.ndim == 2:
            bottom, top = axes.get_ylim()
            yield (values if (image.origin == "upper") == (bottom > top) else values[::-1]).copy()
    for mesh in axes.collections:
        if hasattr(mesh, "get_coordinates"):  # of pcolormesh
            corners = np.asarray(mesh.get_coordinates())
            values = np.ma.filled(np.ma.asarray(mesh.get_array()).astype(float), np.nan)
            values = values.reshape(corners.shape[0] - 1, corners.shape[1] - 1)
            bottom, top = axes.get_ylim()
            yield (values if bottom > top else values[::-1]).copy()


# ---------------------------------------------------------------------------------------------------------- all of it


def _told(run: Any, images: torch.Tensor) -> dict[str, Any]:
    """A run as plain values: what its backbone and head hold, what is trained, and its logits of images."""
    model = run.model
    return {
        "training": any(module.training for module in model.modules()),
        "trained": sorted(name for name, parameter in model.named_parameters() if parameter.requires_grad),
        "backbone": _state(model.backbone),
        "head": [_array(model.head.weight), _array(model.head.bias)],
        "logits": _logits(model, images),
        "trainable_parameters": int(run.trainable_parameters),
        "seconds": float(run.seconds),
        "history": _history(run.history),
    }


def _history(frame: Any) -> dict[str, Any]:
    columns = [str(name) for name in frame.columns]
    values = {name: np.asarray(frame[name], np.float64).copy() for name in COLUMNS if name in columns}
    return {"kind": type(frame).__name__, "columns": columns, "values": values}


def _passed(backbone: nn.Module) -> dict[str, Any]:
    """All that a backbone is left as."""
    return {
        "state": _state(backbone),
        "requires_grad": [parameter.requires_grad for parameter in backbone.parameters()],
        "training": [module.training for module in backbone.modules()],
        "gradients": sum(parameter.grad is not None for parameter in backbone.parameters()),
    }


def _backbone(state: State) -> nn.Module:
    backbone = tiny()
    place = 0
    for _, values in sorted(backbone.state_dict().items()):
        values.copy_(torch.tensor(state[place : place + values.numel()]).view(values.shape))
        place += values.numel()
    return backbone.eval()


def _data(parts: Parts, n_classes: int) -> Photos:
    train, train_labels, validation, validation_labels = parts
    labels = torch.tensor(train_labels), torch.tensor(validation_labels)
    names = tuple(f"class {number}" for number in range(n_classes))
    return Photos(_tensor(train), labels[0], _tensor(validation), labels[1], names)


def _tensor(images: np.ndarray) -> torch.Tensor:
    """Images (n, height, width, 3) uint8 → (n, 3, height, width) from 0 to 1."""
    return torch.tensor(images).permute(0, 3, 1, 2).float() / 255


@torch.no_grad()
def _logits(model: nn.Module, images: torch.Tensor) -> np.ndarray:
    return _array(torch.cat([model(part) for part in images.split(200)]))


def _classes(values: Any) -> np.ndarray:
    return np.asarray(values).copy()


def _state(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: _array(values) for name, values in module.state_dict().items()}


def _array(values: torch.Tensor) -> np.ndarray:
    return np.array(values.detach().numpy(), order="C")
