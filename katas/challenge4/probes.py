"""What the visible tests have done beside your functions; plain values come back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from backbones import tiny
from photos import Photos, load_photos
from torch import nn

torch.set_num_threads(1)  # networks this small gain nothing from a second, and lose much on a busy machine


def backbone_of(submission: ModuleType, seed: int) -> dict[str, Any]:
    """The backbone: its stages, its features of four random images, and which of its weights are fresh ones."""
    backbone = submission.load_backbone()
    fresh = tiny(0).state_dict()
    with torch.no_grad():
        features = backbone(torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(seed)))
    return {
        "stages": len(backbone.stages),
        "n_features": int(backbone.n_features),
        "features": tuple(features.shape),
        "training": backbone.training,
        "fresh": [name for name, values in backbone.named_parameters() if torch.equal(values, fresh[name])],
    }


def load(submission: ModuleType, name: str) -> None:
    """Load a backbone by its name."""
    submission.load_backbone(name)


def run_of(submission: ModuleType, approach: str, options: dict[str, Any]) -> dict[str, Any]:
    """One training on a few photos: which stages moved, what is trained, the history and what the model does."""
    data = _few()
    backbone = tiny(1).eval()
    before = _copied(backbone)
    run = getattr(submission, approach)(backbone, data, **options)
    stages = []
    for old, new in zip(tiny(1).stages, run.model.backbone.stages, strict=True):
        pairs = zip(old.state_dict().values(), new.state_dict().values(), strict=True)
        stages.append("".join("=" if torch.equal(*pair) else "x" for pair in pairs))
    with torch.no_grad():
        logits = run.model(data.validation_images)
    return {
        "stages": stages,
        "passed": all(torch.equal(*pair) for pair in zip(before, _copied(backbone), strict=True)),
        "requires_grad": sum(p.numel() for p in run.model.parameters() if p.requires_grad),
        "head": sum(p.numel() for p in run.model.head.parameters()),
        "trainable_parameters": int(run.trainable_parameters),
        "columns": [str(name) for name in run.history.columns],
        "last": [float(value) for value in run.history.iloc[-1]],
        "logits": logits.numpy(),
        "labels": data.validation_labels.numpy(),
        "predicted": np.asarray(submission.predict(run, data.validation_images)),
    }


def refused(submission: ModuleType, unfrozen: int) -> None:
    """Fine-tuning of so many stages."""
    submission.fine_tuning(tiny(), _few(), unfrozen=unfrozen, epochs=1, seed=0)


def interrupted(submission: ModuleType) -> int | None:
    """The rows of the history of five epochs, Ctrl-C being pressed at a gradient that three epochs take and two do not.

    None where no gradients are asked for.
    """
    data, count, stop = _few(), [0], [0]
    asked = {name: getattr(torch.autograd, name) for name in ("backward", "grad")}  # Tensor.backward calls the first
    places = [(torch.autograd, name, function) for name, function in asked.items()]
    for key, value in vars(submission).items():
        places += [(submission, key, value) for function in asked.values() if value is function]

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            count[0] += 1
            if count[0] == stop[0]:
                raise KeyboardInterrupt
            return function(*arguments, **options)

        return called

    def rows(epochs: int) -> int:
        count[0] = 0
        return len(submission.feature_extraction(tiny(), data, epochs=epochs, seed=0).history)

    for place, key, function in places:
        setattr(place, key, counted(function))
    try:
        rows(2)
        two = count[0]
        rows(3)
        stop[0] = two + (count[0] - two + 1) // 2
        return rows(5) if stop[0] > two else None
    finally:
        for place, key, function in places:
            setattr(place, key, function)


def accuracies(submission: ModuleType, n_train: int, epochs: int, seed: int) -> dict[str, float]:
    """The validation accuracy of three approaches and from scratch, after so many photos and epochs."""
    data, found = _first(load_photos(n_train, seed=seed), n_train, 100), {}
    for approach, train, backbone in (
        ("feature extraction", submission.feature_extraction, submission.load_backbone()),
        ("fine-tuning", submission.fine_tuning, submission.load_backbone()),
        ("full training", submission.full_training, submission.load_backbone()),
        ("from scratch", submission.full_training, tiny(seed)),
    ):
        classes = np.asarray(
            submission.predict(train(backbone, data, epochs=epochs, seed=seed), data.validation_images)
        )
        found[approach] = float(np.mean(classes == data.validation_labels.numpy()))
    return found


def picture(submission: ModuleType, which: str) -> bytes:
    """One of the three pictures of two short runs, as it lies in the file."""
    data = _few()
    runs = {
        "frozen": submission.feature_extraction(tiny(), data, epochs=2, seed=0),
        "free": submission.full_training(tiny(), data, epochs=2, seed=0),
    }
    plots: dict[str, Callable[[Path], None]] = {
        "curves": lambda path: submission.plot_learning_curves(runs, path),
        "matrices": lambda path: submission.plot_confusion_matrices(
            runs, data.validation_images, data.validation_labels, path
        ),
        "features": lambda path: submission.plot_layer_features(runs["free"].model, data.train_images[0], path),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        plots[which](path)
        return path.read_bytes()


def table_of(submission: ModuleType, seeds: list[int]) -> dict[str, list[Any]]:
    """The columns of what compare gives for a few photos."""
    frame = submission.compare(_first(load_photos(24), 12, 12), seeds=seeds)
    return {str(name): [entry if isinstance(entry, str) else float(entry) for entry in frame[name]] for name in frame}


def _few() -> Photos:
    """24 photos to train on and 40 to validate with."""
    return _first(load_photos(24), 24, 40)


def _first(data: Photos, n_train: int, n_validation: int) -> Photos:
    """The first photos of each part."""
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
