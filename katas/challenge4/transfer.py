"""Challenge 4: what a network has learned of one kind of image, put to use on a few images of another kind.

    katas run challenge4                   # or python transfer.py FOLDER for photos of your own

writes results/: comparison.csv, learning_curves.png, confusion_matrices.png, layer_features.png.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from backbones import tiny
from photos import Photos, load_folder, load_photos
from torch import Tensor, nn

EPOCHS = 20  # what compare trains for
SEEDS = range(5)  # of the results


@dataclass(frozen=True)
class Run:
    """What came of one training.

    model: takes images (n, 3, height, width) and gives logits (n, classes); in evaluation mode. It has `backbone`, a
        copy of the one that was passed, trained as far as it was to be, and `head`, an nn.Linear from its features to
        all of data.classes: model(images) is head(backbone(images)). What is trained has requires_grad, nothing else.
    history: a row for each epoch, with the columns epoch (from 1), train_loss, train_accuracy, validation_loss and
        validation_accuracy. All four are measured after the epoch, in evaluation mode, on all of the images, unchanged
        (not mirrored): losses are the mean cross-entropy, accuracies the share that is right.
    seconds: how long all epochs took together, with or without the measuring.
    trainable_parameters: how many numbers were trained, those of the head too.
    """

    model: nn.Module
    history: pd.DataFrame
    seconds: float
    trainable_parameters: int


def load_backbone(name: str = "tiny") -> nn.Module:
    """A network with learned weights, made anew with every call, in evaluation mode.

    "tiny" is backbones.tiny with the weights of backbones.tiny_weights. Extra: "resnet18" has ImageNet's weights, any
    other name is one of torchvision's (backbones.py has all three), and an unknown name is a ValueError.
    It has `stages` (an nn.ModuleList, input to output) and `n_features`; forward gives features (n, n_features): the
    mean over height and width of what the last stage returns. The first stage gets backbone.normalised(images).
    """
    raise NotImplementedError


# The three approaches. Each trains by the cross-entropy of the logits on all of data.train_images; batches, optimizer,
# rates and variations of the images are yours. The validation images and their labels don't influence what is trained.
# The backbone that is passed keeps its weights and statistics: train a copy. Frozen stages keep all of their
# parameters and batch-norm statistics bit for bit, and work as they do in evaluation mode while the rest is trained.
# All that is not frozen is trained, batch-norm statistics included. You may train the head alone for up to five epochs;
# from the sixth on everything that is not frozen moves. The seed decides everything random: equal seeds give equal
# runs, whatever the state of torch's global generator.
#
# Extra, `kinds`: backbones of any architecture, with dropout, with parts in training mode or with requires_grad off,
# are treated in the same way. The backbone passed in keeps its modes and its requires_grad, and torch's global
# generator keeps its state. These backbones have `stages`, `n_features` and `normalised` too. Extra, `interrupted`: a
# run of fewer epochs is the beginning of a longer one, so no rate depends on `epochs`. Ctrl-C (KeyboardInterrupt) ends
# it with the run of the epochs that were finished, as if no more had been asked. If no epoch was finished, the function
# raises KeyboardInterrupt.


def feature_extraction(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    """All of the backbone is frozen; the head is trained on its features."""
    raise NotImplementedError


def fine_tuning(backbone: nn.Module, data: Photos, *, unfrozen: int = 1, epochs: int, seed: int) -> Run:
    """The last `unfrozen` stages and the head are trained; the stages before them are frozen. With 0, all of them are.

    Extra: ValueError where `unfrozen` is below 0 or above the number of stages.
    """
    raise NotImplementedError


def full_training(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    """Everything is trained."""
    raise NotImplementedError


def predict(run: Run, images: Tensor) -> Tensor:
    """Class numbers (n,), integers, of images (n, 3, height, width): the largest logits of the run's model."""
    raise NotImplementedError


# Pictures are PNG files, at least 300 × 200 pixels, drawn with matplotlib.


def plot_learning_curves(runs: Mapping[str, Run], path: str | Path) -> None:
    """Losses and accuracies of every run over its epochs, training and validation, with the names of the runs.

    Each is a line that can be seen, and told from the others in its axes by colour, style or marker.
    """
    raise NotImplementedError


def plot_confusion_matrices(runs: Mapping[str, Run], images: Tensor, labels: Tensor, path: str | Path) -> None:
    """A matrix for each run, with its name: how many images of a true class (row) were given each class (column).

    Cells are those of imshow, matshow or pcolormesh, the counts or the shares of a row; every matrix has all classes
    that the model has, in the order of their numbers, and says on its axes which is "true" and which is "predicted".
    """
    raise NotImplementedError


def plot_layer_features(model: nn.Module, image: Tensor, path: str | Path) -> None:
    """What each stage of a run's model makes of one image (3, height, width), in evaluation mode.

    For each stage, input to output, at least four of its channels (or all, if it has fewer), each an image of its own,
    whose numbers are the stage's output or a linear function of it. The scale of colours is linear (no LogNorm) and
    covers them. The weights and `requires_grad` of the model stay as they are, and no hook stays.
    """
    raise NotImplementedError


def compare(data: Photos, *, seeds: Sequence[int]) -> pd.DataFrame:
    """Four approaches with the backbone "tiny", each trained for EPOCHS epochs with each seed.

    Returns:
        Columns approach, seed, accuracy (of the validation images), seconds, trainable_parameters. For each seed, in
        the given order, a row for "feature extraction", "fine-tuning" (of one stage), "full training" and "from
        scratch", the last of which is full_training of backbones.tiny(seed). Extra, `interrupted`: after Ctrl-C the
        table ends before the training that was not finished.
    """
    raise NotImplementedError


def main() -> None:
    """Compare on the rendered photos, or on those of a folder, and write tables and pictures into results/."""
    torch.set_num_threads(1)
    data = load_folder(sys.argv[1]) if sys.argv[1:] else load_photos()
    table = compare(data, seeds=SEEDS)
    print(table.groupby("approach", sort=False)[["accuracy", "seconds"]].agg(["mean", "std"]).round(3))
    if len(table) < 4 * len(SEEDS):
        raise SystemExit(f"stopped after {len(table)} of {4 * len(SEEDS)} trainings: results/ is as it was")
    results = Path(__file__).with_name("results")
    results.mkdir(exist_ok=True)
    table.to_csv(results / "comparison.csv", index=False)
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
