"""Challenge 4: reuse what a network has learned from one kind of image on a few images of a different kind.

    katas run challenge4                   # or python transfer.py FOLDER for your own photos

writes results/: comparison.csv, learning_curves.png, confusion_matrices.png, layer_features.png.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from backbones import tiny
from photos import Photos, keep, load_folder, load_photos
from torch import Tensor, nn

EPOCHS = 20  # how long compare trains each approach
SEEDS = range(5)  # for the results


@dataclass(frozen=True)
class Run:
    """The outcome of one training run.

    model: maps images (n, 3, height, width) to logits (n, classes); in evaluation mode. It has `backbone`, a copy of
        the backbone that was passed, trained as far as the approach allows, and `head`, an nn.Linear from its features
        to all of data.classes: model(images) is head(backbone(images)). Exactly the parameters that were trained have
        requires_grad.
    history: one row per epoch, with the columns epoch (from 1), train_loss, train_accuracy, validation_loss and
        validation_accuracy. All four are measured after the epoch, in evaluation mode, on all images, unchanged (not
        mirrored). Losses are the mean cross-entropy, accuracies the fraction of correct predictions.
    seconds: the wall time or processor time that all epochs took together, with or without the measurements after each
        epoch.
    trainable_parameters: how many numbers were trained, including those of the head.
    """

    model: nn.Module
    history: pd.DataFrame
    seconds: float
    trainable_parameters: int


def load_backbone(name: str = "tiny") -> nn.Module:
    """Return a network with learned weights, in evaluation mode; build a new one at every call.

    "tiny" is backbones.tiny with the weights of backbones.tiny_weights. Extra: "resnet18" has ImageNet's weights, any
    other name is one of torchvision's (backbones.py has all three), and an unknown name raises ValueError.
    The network has `stages` (an nn.ModuleList, input to output) and `n_features`. Its forward returns features
    (n, n_features): the mean over height and width of the last stage's output. The first stage takes
    backbone.normalised(images).
    """
    raise NotImplementedError


# The three approaches. What all of them promise is in README.md, "The contract of a training function".


def feature_extraction(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    """Freeze the whole backbone and train the head on its features."""
    raise NotImplementedError


def fine_tuning(backbone: nn.Module, data: Photos, *, unfrozen: int = 1, epochs: int, seed: int) -> Run:
    """Train the head and the last `unfrozen` stages; freeze the stages before them. With 0, all stages are frozen.

    Extra: raise ValueError if `unfrozen` is negative or larger than the number of stages.
    """
    raise NotImplementedError


def full_training(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    """Train everything."""
    raise NotImplementedError


def predict(run: Run, images: Tensor) -> Tensor:
    """Return integer class numbers (n,) for images (n, 3, height, width): the positions of the largest logits."""
    raise NotImplementedError


# Pictures are PNG files of at least 300 × 200 pixels, drawn with matplotlib.


def plot_learning_curves(runs: Mapping[str, Run], path: str | Path) -> None:
    """Plot losses and accuracies of every run over its epochs, training and validation, with the names of the runs.

    Each is a visible line that differs from the others in its axes by colour, style or marker.
    """
    raise NotImplementedError


def plot_confusion_matrices(runs: Mapping[str, Run], images: Tensor, labels: Tensor, path: str | Path) -> None:
    """Plot a matrix for each run, with its name: how many images of each true class (row) got each prediction (column).

    Draw the cells with imshow, matshow or pcolormesh, as counts or as fractions of the row. Every matrix has all
    classes of the model, in the order of their numbers, and its axes are labelled "true" and "predicted". The numbers
    are enough; names are welcome.
    """
    raise NotImplementedError


def plot_layer_features(model: nn.Module, image: Tensor, path: str | Path) -> None:
    """Show the output of each stage of a run's model for one image (3, height, width), in evaluation mode.

    For each stage, from input to output, draw at least four channels (or all, if it has fewer), each as an image of its
    own. Its numbers are the stage's output or a linear function of it. The colour scale is linear (no LogNorm) and
    covers them. The model keeps its weights and `requires_grad`, and no hook stays registered.
    """
    raise NotImplementedError


def compare(data: Photos, *, seeds: Sequence[int]) -> pd.DataFrame:
    """Train the four approaches with the backbone "tiny" for EPOCHS epochs, once with each seed.

    Returns:
        Columns approach, seed, accuracy (on the validation images), seconds, trainable_parameters. For each seed, in
        the given order, one row each for "feature extraction", "fine-tuning" (of one stage), "full training" and "from
        scratch"; the last is full_training of backbones.tiny(seed). Extra, `interrupted`: after Ctrl-C the table ends
        before the training that was interrupted.
    """
    raise NotImplementedError


def main() -> None:
    """Compare the approaches on the rendered images, or on those of a folder, and write results/."""
    torch.set_num_threads(1)
    data = load_folder(sys.argv[1]) if sys.argv[1:] else load_photos()
    kept = {"data": keep(data, Path(sys.argv[1]).resolve().name)} if sys.argv[1:] else {}
    print(f"{4 * len(SEEDS) + 4} training runs, which take two to five minutes of processor time in all", flush=True)
    table = compare(data, seeds=SEEDS)
    print(table.groupby("approach", sort=False)[["accuracy", "seconds"]].agg(["mean", "std"]).round(3))
    if len(table) < 4 * len(SEEDS):
        raise SystemExit(f"stopped after {len(table)} of {4 * len(SEEDS)} training runs: results/ is unchanged")
    results = Path(__file__).with_name("results")
    results.mkdir(exist_ok=True)
    table.assign(**kept).to_csv(results / "comparison.csv", index=False)
    runs = {
        "feature extraction": feature_extraction(load_backbone(), data, epochs=EPOCHS, seed=0),
        "fine-tuning": fine_tuning(load_backbone(), data, epochs=EPOCHS, seed=0),
        "full training": full_training(load_backbone(), data, epochs=EPOCHS, seed=0),
        "from scratch": full_training(tiny(0), data, epochs=EPOCHS, seed=0),
    }
    plot_learning_curves(runs, results / "learning_curves.png")
    plot_confusion_matrices(runs, data.validation_images, data.validation_labels, results / "confusion_matrices.png")
    plot_layer_features(runs["fine-tuning"].model, data.validation_images[0], results / "layer_features.png")


if __name__ == "__main__":
    main()
