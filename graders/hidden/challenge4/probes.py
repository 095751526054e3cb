"""Probes for the hidden tests. They run in the submission's process, so the judge doesn't trust what they return."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import backbones
import numpy as np
import torch
from backbones import tiny
from photos import Photos, load_photos
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

torch.set_num_threads(1)  # for networks this small, a second thread is no faster, and on a busy machine it is slower

State = np.ndarray  # all weights and statistics of a backbone, sorted by name
Parts = Sequence[
    np.ndarray
]  # training images (n, height, width, 3) uint8 and their classes, then other images and their classes
APPROACHES = ("feature extraction", "fine-tuning", "full training", "from scratch")
COLUMNS = ("epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy")

# ------------------------------------------------------------------------------------------------------- the backbone


def loaded(submission: Any, images: np.ndarray) -> dict[str, Any]:
    """Load the backbone "tiny" three times and change two copies; return the state and features of the first.

    Shown as:
        import transfer
        from probes import backbone_of
        print(backbone_of(transfer, 0))
    """
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
    """Load the backbone with this name."""
    submission.load_backbone(name)


def of_elsewhere(submission: Any, name: str, seed: int) -> dict[str, Any]:
    """Load the backbone with this name, with stand-ins for the weights that torch.hub or torchvision would download.

    In both the supplied module and the submission, torch.hub's download and from_torchvision are replaced by functions
    that return stand-ins. `asked` holds the arguments that from_torchvision was called with. `same` holds the number of
    loaded arrays that equal those of the stand-in, and the number of all arrays. `unable` says whether the submission
    looked for torchvision and did not find it.

    Shown as:
        import transfer
        from probes import of_elsewhere
        of_elsewhere(transfer, name, seed)
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


# ------------------------------------------------------------------------------------------------------- the training


def training(
    submission: Any,
    approach: str,
    options: dict[str, Any],
    state: State,
    parts: Parts,
    n_classes: int,
) -> dict[str, Any]:
    """Train once, starting with a backbone in this state.

    `passed` holds the state of the backbone that was passed in, before and after training. `frozen_norms` counts how
    often a batch norm layer with an untrained weight used the batch's statistics.

    Shown as:
        import transfer
        from probes import run_of
        found = run_of(transfer, "{approach}", options)
        for name in found:
            if name != "measured":
                print(name, found[name])
        print()
    """
    backbone = _backbone(state)
    data = _data(parts, n_classes)
    before = _passed(backbone)
    began = time.perf_counter()
    with _watched_norms() as norms:
        run = getattr(submission, approach)(backbone, data, **options)
    wall = time.perf_counter() - began
    return {
        "passed": [before, _passed(backbone)],
        "frozen_norms": norms[0],
        "wall_seconds": wall,
        **_told(run, data.validation_images),
    }


def trainings(
    submission: Any, approach: str, state: State, parts: Sequence[Parts], n_classes: int, options: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Train the same backbone several times, with different data, options and states of the global generator.

    Shown as:
        import transfer
        from probes import changed, run_of
        for each in options[:4]:
            found = run_of(transfer, "{approach}", each)
            print(each, "seconds:", found["seconds"], found["history"])
        ways = ["again", "validation", "labels"]
        print(*zip(ways, changed(transfer, "{approach}", options[0]["epochs"], ways)))
    """
    backbone, found = _backbone(state), []
    for each, chosen in zip(parts, options, strict=True):
        torch.rand(7)
        data = _data(each, n_classes)
        with _stopwatch(submission) as took:
            run = getattr(submission, approach)(backbone, data, **chosen)
        found.append({**took, **_told(run, data.validation_images)})
    return found


def drawn_in_epochs(
    submission: Any, approach: str, state: State, parts: Parts, n_classes: int, seeds: Sequence[int]
) -> dict[str, Any]:
    """Count the random draws in runs of one and of two epochs; also train for three epochs with each of two seeds.

    Shown as:
        import transfer
        from probes import changed
        print("two seeds give the same run:", changed(transfer, "{approach}", 3, ["seed"])[0][0])
    """
    data, train, draws = _data(parts, n_classes), getattr(submission, approach), []
    for epochs in (1, 2):
        with _Draws() as counted:
            train(_backbone(state), data, epochs=epochs, seed=seeds[0])
        draws.append(counted.count)
    runs = [train(_backbone(state), data, epochs=3, seed=seed) for seed in seeds]
    return {"draws": draws, "runs": [_told(run, data.validation_images) for run in runs]}


def logits_and_gradients(
    submission: Any, approach: str, state: State, parts: Parts, n_classes: int, seed: int
) -> list[list[np.ndarray]]:
    """Train for an epoch, and record the head's outputs and their gradients.

    Shown as:
        from backbones import tiny
        from photos import load_photos
        from torch import nn
        def look(module, _, logits):
            if isinstance(module, nn.Linear) and logits.requires_grad:
                print("probabilities of the first image:", logits[0].softmax(0).tolist())
                logits.register_hook(lambda gradient: print("its gradient:", (len(logits) * gradient[0]).tolist()))
        nn.modules.module.register_module_forward_hook(look)
        print({approach}(tiny(1).eval(), load_photos(60), epochs=1, seed=seed).history)
    """
    found: list[list[np.ndarray]] = []

    def look(module: nn.Module, _: Any, logits: torch.Tensor) -> None:
        if isinstance(module, nn.Linear) and module.out_features == n_classes and logits.requires_grad:
            given = _array(logits)
            logits.register_hook(lambda gradient: found.append([given, _array(gradient)]) if len(found) < 20 else None)

    handle = nn.modules.module.register_module_forward_hook(look)
    try:
        getattr(submission, approach)(_backbone(state), _data(parts, n_classes), epochs=1, seed=seed)
    finally:
        handle.remove()
    return found


def refused(submission: Any, state: State, parts: Parts, n_classes: int, unfrozen: int) -> None:
    """Call fine_tuning with this number of unfrozen stages.

    Shown as:
        import transfer
        from probes import refused
        refused(transfer, unfrozen)
    """
    submission.fine_tuning(_backbone(state), _data(parts, n_classes), unfrozen=unfrozen, epochs=1, seed=0)


def of_another_kind(
    submission: Any, approach: str, options: dict[str, Any], seed: int, parts: Parts, n_classes: int, long: bool
) -> dict[str, Any]:
    """Train a backbone that isn't a residual network twice, with the global generator in a different state each time.

    `before` is the state of the backbone. `passed` holds its state before and after the run. `awake` lists the stages
    whose dropout was active during training. `touched` says whether the run changed the state of the global generator.
    `again` is the second run.

    Shown as:
        {lines}
    """
    torch.manual_seed(seed)
    backbone = _Long() if long else _Plain().eval()
    data, train = _data(parts, n_classes), getattr(submission, approach)
    before = _passed(backbone)
    generator = torch.get_rng_state()
    awake: set[int] = set()

    def look(module: nn.Module, *_: Any) -> None:
        if isinstance(module, _Dropout) and module.training:
            awake.add(module.stage)

    handle = nn.modules.module.register_module_forward_hook(look)
    try:
        run = train(backbone, data, **options)
    finally:
        handle.remove()
    touched = not torch.equal(generator, torch.get_rng_state())
    torch.rand(11)
    again = train(backbone, data, **options)
    return {
        "before": before["state"],
        "passed": [before, _passed(backbone)],
        "awake": sorted(awake),
        "touched": touched,
        "again": _told(again, data.validation_images),
        **_told(run, data.validation_images),
    }


class _Plain(nn.Module):
    """A backbone with three stages.

    The first two stages each have a convolution, batch norm and a ReLU. The last stage is a single convolution.
    """

    def __init__(self) -> None:
        super().__init__()
        first = nn.Sequential(nn.Conv2d(3, 6, 3, 2, bias=False), nn.BatchNorm2d(6), nn.ReLU())
        second = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.stages = nn.ModuleList([first, second, nn.Conv2d(8, 9, 1)])
        self.n_features = 9

    def normalised(self, images: torch.Tensor) -> torch.Tensor:
        return 2 * images - 1

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.normalised(images)
        for stage in self.stages:
            x = stage(x)
        return x.mean(dim=(2, 3))


class _Dropout(nn.Dropout):
    """A dropout layer that stores the number of its stage."""

    def __init__(self, stage: int) -> None:
        super().__init__(0.3)
        self.stage = stage


class _Long(nn.Module):
    """A backbone with seven stages, each of which has batch norm and dropout.

    Some stages are in training mode and others in evaluation mode, and the parameters of some require no gradients.
    """

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


def interrupted(
    submission: Any,
    approach: str,
    state: State,
    parts: Parts,
    n_classes: int,
    epochs: Sequence[int],
    seed: int,
    clock: str,
    share: float,
) -> dict[str, Any]:
    """Start a run of epochs[1] epochs; press Ctrl-C when a given share of the epoch after epochs[0] has passed.

    To find that moment, the clock counts "gradients" or "forwards" (calls to modules) in a run of epochs[0] epochs and
    in a run with one more epoch. `silent` says whether it counted nothing in the additional epoch. `raised` says
    whether KeyboardInterrupt escaped.

    Shown as:
        import transfer
        from probes import interrupted
        print(interrupted(transfer, "{approach}", epochs[0], "{clock}", share))
    """
    data, train = _data(parts, n_classes), getattr(submission, approach)
    counted = {"gradients": _gradients, "forwards": _forwards}[clock]
    done = []
    for length in (epochs[0], epochs[0] + 1):
        with counted(lambda _: None, submission) as count:
            if length:
                train(_backbone(state), data, epochs=length, seed=seed)
        done.append(count[0])
    place = done[0] + max(1, round(share * (done[1] - done[0])))
    found: dict[str, Any] = {"silent": done[1] <= done[0], "raised": False}
    if found["silent"]:
        return found

    def press(count: int) -> None:
        if count == place:
            raise KeyboardInterrupt

    with counted(press, submission):
        try:
            run = train(_backbone(state), data, epochs=epochs[1], seed=seed)
        except KeyboardInterrupt:
            return found | {"raised": True}
    return found | _told(run, data.validation_images)


def predictions(
    submission: Any, train: Parts, n_classes: int, hidden: np.ndarray, epochs: int, seed: int
) -> dict[str, np.ndarray]:
    """Train with each approach and from scratch; return the classes of hidden images according to the models.

    Shown as:
        import transfer
        from probes import accuracies
        print(accuracies(transfer, 100, epochs, seed))
    """
    data, images, found = _data(train, n_classes), _tensor(hidden), {}
    for approach, backbone in (
        ("feature_extraction", submission.load_backbone()),
        ("fine_tuning", submission.load_backbone()),
        ("full_training", submission.load_backbone()),
        ("from_scratch", tiny(seed)),
    ):
        name = "full_training" if approach == "from_scratch" else approach
        run = getattr(submission, name)(backbone, data, epochs=epochs, seed=seed)
        with torch.no_grad():
            found[approach] = _classes(torch.cat([run.model(part).argmax(dim=1) for part in images.split(250)]))
    return found


# ------------------------------------------------------------------------------------------------------- the pictures


def predicted(submission: Any, state: State, parts: Parts, n_classes: int, seed: int) -> dict[str, Any]:
    """Predict the classes of images, first all at once and then one by one.

    Shown as:
        import transfer
        from probes import predicted
        answers, logits = predicted(transfer)
        print(answers.shape, answers.dtype, answers.tolist())
        print("the largest logits:", logits.argmax(axis=1).tolist())
    """
    data = _data(parts, n_classes)
    run = submission.full_training(_backbone(state), data, epochs=1, seed=seed)
    images = data.validation_images
    together = _classes(submission.predict(run, images))
    alone = np.concatenate([_classes(submission.predict(run, image[None])) for image in images])
    return {"together": together, "alone": alone, **_told(run, images)}


def curves(submission: Any, state: State, parts: Parts, n_classes: int, epochs: Sequence[int]) -> dict[str, Any]:
    """Plot the learning curves of two runs under the judge's names; return the histories and the figure's contents.

    Shown as:
        from backbones import tiny
        from photos import load_photos
        runs = {{"Alder": feature_extraction(tiny(1).eval(), load_photos(24), epochs=epochs[0], seed=3)}}
        runs["Birch"] = full_training(tiny(1).eval(), load_photos(24), epochs=epochs[1], seed=4)
        plot_learning_curves(runs, "learning_curves.png")
        print("Look at learning_curves.png:", *((name, run.history) for name, run in runs.items()))
    """
    runs = _runs(submission, state, _data(parts, n_classes), epochs)
    histories = {name: _history(run.history) for name, run in runs.items()}
    return {"histories": histories, **_drawn(lambda path: submission.plot_learning_curves(runs, path))}


def matrices(
    submission: Any, state: State, parts: Parts, n_classes: int, images: np.ndarray, labels: np.ndarray, without: int
) -> dict[str, Any]:
    """Plot the confusion matrices of two runs, leaving out the images that either run predicts as the class `without`.

    Return which images remained, the runs, and the figure's contents.

    Shown as:
        from backbones import tiny
        from photos import load_photos
        data = load_photos(24)
        runs = {{"Alder": feature_extraction(tiny(1).eval(), data, epochs=1, seed=3)}}
        runs["Birch"] = full_training(tiny(1).eval(), data, epochs=1, seed=4)
        plot_confusion_matrices(runs, data.validation_images, data.validation_labels, "confusion_matrices.png")
        print("Look at confusion_matrices.png.")
    """
    data = _data(parts, n_classes)
    runs = _runs(submission, state, data, (1, 1))
    shown, truth = _tensor(images), torch.tensor(labels)
    taken = np.stack([_logits(run.model, shown).argmax(axis=1) for run in runs.values()])
    rows = np.flatnonzero((taken != without).all(axis=0))
    shown, truth = shown[rows], truth[rows]
    drawn = _drawn(lambda path: submission.plot_confusion_matrices(runs, shown, truth, path))
    return {"rows": rows, "runs": {name: _told(run, shown) for name, run in runs.items()}, **drawn}


def layer_features(submission: Any, state: State, parts: Parts, n_classes: int, image: np.ndarray) -> dict[str, Any]:
    """Plot the features of an image; return the figure and the model's weights before and after.

    Shown as:
        from backbones import tiny
        from photos import load_photos
        run = fine_tuning(tiny(1).eval(), load_photos(24), epochs=1, seed=1)
        before = [each.clone() for each in run.model.state_dict().values()]
        plot_layer_features(run.model, load_photos(24).train_images[0], "layer_features.png")
        print("The model is the same:", all(map(lambda a, b: a.equal(b), before, run.model.state_dict().values())))
        print("Look at layer_features.png.")
    """
    data = _data(parts, n_classes)
    run = submission.fine_tuning(_backbone(state), data, epochs=1, seed=1)
    around = _around(run.model)
    before = _state(run.model)
    drawn = _drawn(lambda path: submission.plot_layer_features(run.model, _tensor(image[None])[0], path))
    after = _state(run.model)
    return {
        "before": before,
        "after": after,
        "around": [around, _around(run.model)],
        "backbone": _state(run.model.backbone),
        **drawn,
    }


def _around(model: nn.Module) -> dict[str, Any]:
    """Return which of a model's parameters require gradients, and how many hooks it has."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return {
        "requires_grad": [parameter.requires_grad for parameter in model.parameters()],
        "hooks": sum(len(getattr(module, name, ())) for module in model.modules() for name in hooks),
    }


def _runs(submission: Any, state: State, data: Photos, epochs: Sequence[int]) -> dict[str, Any]:
    """Return a run of feature extraction and a run of full training, by name."""
    return {
        "Alder": submission.feature_extraction(_backbone(state), data, epochs=epochs[0], seed=3),
        "Birch": submission.full_training(_backbone(state), data, epochs=epochs[1], seed=4),
    }


# ----------------------------------------------------------------------------------------------------- the comparison


def comparison(submission: Any, parts: Parts, n_classes: int, seeds: Sequence[int]) -> dict[str, Any]:
    """Time a call to compare, and return the table.

    Shown as:
        import transfer
        from probes import table_of
        print(table_of(transfer, seeds))
    """
    data = _data(parts, n_classes)
    began = time.perf_counter()
    frame = submission.compare(data, seeds=list(seeds))
    wall = time.perf_counter() - began
    return {
        "kind": type(frame).__name__,
        "columns": [str(name) for name in frame.columns],
        "approach": [str(name) for name in frame["approach"]],
        **{name: [float(v) for v in frame[name]] for name in ("seed", "accuracy", "seconds", "trainable_parameters")},
        "wall_seconds": wall,
    }


def rows_again(
    submission: Any, parts: Parts, n_classes: int, seeds: Sequence[int], rows: Sequence[int]
) -> list[dict[str, Any]]:
    """Repeat the training runs of some rows of a comparison; return their weights and parameter counts.

    Shown as:
        import transfer
        from probes import table_of
        print(table_of(transfer, seeds))
    """
    data, every = _data(parts, n_classes), [(approach, seed) for seed in seeds for approach in APPROACHES]
    return [_row_again(submission, *every[row], data) for row in rows]


def comparison_interrupted(submission: Any, parts: Parts, n_classes: int, seed: int) -> dict[str, Any]:
    """Press Ctrl-C in the middle of compare's second training run; return the rows that compare returned.

    Shown as:
        import transfer
        from probes import comparison_interrupted
        print(comparison_interrupted(transfer))
    """
    data, epochs = _data(parts, n_classes), submission.EPOCHS
    counts = []
    for train in (submission.feature_extraction, submission.fine_tuning):
        with _gradients(lambda _: None, submission) as count:
            train(submission.load_backbone(), data, epochs=epochs, seed=seed)
        counts.append(count[0])
    place = counts[0] + counts[1] // 2

    def press(count: int) -> None:
        if count == place:
            raise KeyboardInterrupt

    found: dict[str, Any] = {"silent": counts[1] < 2, "raised": False}
    if found["silent"]:
        return found
    with _gradients(press, submission):
        try:
            frame = submission.compare(data, seeds=[seed, seed + 1])
        except KeyboardInterrupt:
            return found | {"raised": True}
    columns = [str(name) for name in frame.columns]
    return found | {"columns": columns, "approach": [str(name) for name in frame["approach"]]}


def trained_again(
    submission: Any, approach: str, seed: int, parts: Parts | None = None, n_classes: int = 0
) -> dict[str, Any]:
    """Repeat the training for one row of a comparison, on the public images or on others; return the trained weights.

    In memory, other images are arranged like those from load_folder, so that rounding is the same.

    Shown as:
        import transfer
        from backbones import tiny
        from photos import load_photos
        backbone, data = tiny(seed) if "{approach}" == "from scratch" else load_backbone(), load_photos()
        run = transfer.{function}(backbone, data, epochs=transfer.EPOCHS, seed=seed)
        right = predict(run, data.validation_images) == data.validation_labels
        print("accuracy:", float(right.float().mean()), "trained parameters:", run.trainable_parameters)
    """
    data = load_photos() if parts is None else _data(parts, n_classes)
    contiguous = [part.contiguous() for part in (data.train_images, data.train_labels)]
    data = Photos(*contiguous, data.validation_images.contiguous(), data.validation_labels, data.classes)
    return _row_again(submission, approach, seed, data)


def _row_again(submission: Any, approach: str, seed: int, data: Photos) -> dict[str, Any]:
    """Repeat the training run of one row of a comparison; return the trained weights and the parameter count."""
    train = {"feature extraction": submission.feature_extraction, "fine-tuning": submission.fine_tuning}
    backbone = tiny(seed) if approach == "from scratch" else submission.load_backbone()
    run = train.get(approach, submission.full_training)(backbone, data, epochs=submission.EPOCHS, seed=seed)
    return {**_weights(run.model), "parameters": int(run.trainable_parameters)}


# ----------------------------------------------------------------------------------------------------------- watching


@contextlib.contextmanager
def _watched_norms() -> Iterator[list[int]]:
    """Count how often a batch norm layer whose weight requires no gradient runs in training mode."""
    count = [0]

    def look(module: nn.Module, *_: Any) -> None:
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training and module.weight is not None:
            count[0] += not module.weight.requires_grad

    handle = nn.modules.module.register_module_forward_hook(look)
    try:
        yield count
    finally:
        handle.remove()


class _Draws(TorchDispatchMode):
    """A counter of random draws that ignores the seed that a DataLoader draws in every pass."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        drawn = torch.Tag.nondeterministic_seeded in function.tags
        self.count += drawn and not function.name().startswith("aten::random_")
        return function(*arguments, **(options or {}))


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
    """Replace a function under all its names, both in its module and in the submission."""
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
    """Count gradient computations, including those by Tensor.backward, and call `tell` before each of them."""
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
    """Count the calls to modules, and call `tell` before each of them."""
    count = [0]

    def look(*_: Any) -> None:
        count[0] += 1
        tell(count[0])

    handle = nn.modules.module.register_module_forward_pre_hook(look)
    try:
        yield count
    finally:
        handle.remove()


def _drawn(plot: Callable[[Path], None]) -> dict[str, Any]:
    """Return the plotted file, and what _seen returns for its figures when they were saved."""
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
    """Return all text in a figure, and the lines, grids of numbers and two labels of each axes."""
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
    """Return a line's points, its style, and how many of the points lie within the axes."""
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
                getattr(line, "_unscaled_dash_pattern", ""),  # distinguishes unnamed line styles
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

    `values` holds its numbers, and `shown` holds the position of each number on the colour scale, from 0 to 1. `scale`
    holds the positions of nine evenly spaced numbers from one end of the scale to the other. `cells` holds the text in
    cells as (row, column, text). `ticks` holds the labels of the rows and of the columns as (row or column, text).
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
    """Describe a grid with cell edges `down` and `across`. `turned` says whether its last row is at the top."""

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


# ----------------------------------------------------------------------------------------------------- shared helpers


def _told(run: Any, images: torch.Tensor) -> dict[str, Any]:
    """Return a run as plain values, together with its model's logits for the images."""
    model = run.model
    return {
        "training": any(module.training for module in model.modules()),
        "trained": sorted(name for name, parameter in model.named_parameters() if parameter.requires_grad),
        **_weights(model),
        "logits": _logits(model, images),
        "trainable_parameters": int(run.trainable_parameters),
        "seconds": float(run.seconds),
        "history": _history(run.history),
    }


def _weights(model: nn.Module) -> dict[str, Any]:
    return {"backbone": _state(model.backbone), "head": [_array(model.head.weight), _array(model.head.bias)]}


def _history(frame: Any) -> dict[str, Any]:
    columns = [str(name) for name in frame.columns]
    values = {name: np.asarray(frame[name], np.float64).copy() for name in COLUMNS if name in columns}
    return {"kind": type(frame).__name__, "columns": columns, "values": values}


def _passed(backbone: nn.Module) -> dict[str, Any]:
    """Return a backbone's arrays, its requires_grad flags, its modules' modes and its number of gradients."""
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
    """Convert images (n, height, width, 3) uint8 to (n, 3, height, width) from 0 to 1."""
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
