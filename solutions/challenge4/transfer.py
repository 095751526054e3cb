"""Challenge 4: reuse what a network has learned from one kind of image on a few images of a different kind."""

import copy
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pandas as pd
import torch
import torch.nn.functional as F
from backbones import from_torchvision, resnet18_on_imagenet, tiny, tiny_weights
from matplotlib.figure import Figure
from photos import Photos, keep, load_folder, load_photos
from progress import shown
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from torch import Tensor, nn

APPROACHES = ("feature extraction", "fine-tuning", "full training", "from scratch")
EPOCHS = 20  # how long compare trains each approach
SEEDS = range(5)  # for the results
BATCH_SIZE = 25
HEAD_RATE, STAGE_RATE = 1e-2, 2e-3  # the new head may move further than learned weights
WEIGHT_DECAY = 0.01
AT_ONCE = 100  # images per batch outside training; larger batches are slower
COLUMNS = ["epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]


class Classifier(nn.Module):
    """A copy of a backbone whose last `unfrozen` stages are trained, and a new linear head."""

    def __init__(self, backbone: nn.Module, classes: Sequence[str], unfrozen: int, seed: int) -> None:
        super().__init__()
        self.classes = tuple(classes)
        self.backbone = copy.deepcopy(backbone)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.head = nn.Linear(backbone.n_features, len(classes))
        stages = self.backbone.stages
        if not 0 <= unfrozen <= len(stages):
            raise ValueError(f"{unfrozen} stages cannot be trained: the backbone has {len(stages)}")
        self.backbone.requires_grad_(False)
        self.frozen = len(stages) - unfrozen
        for stage in stages[self.frozen :]:
            stage.requires_grad_(True)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.backbone(images))

    def train(self, mode: bool = True) -> "Classifier":
        """Keep frozen stages out of training mode, in which every batch would move their batch-norm statistics."""
        super().train(mode)
        for stage in self.backbone.stages[: self.frozen]:
            stage.eval()
        return self


@dataclass(frozen=True)
class Run:
    """A trained model, its history (one row per epoch), its processor time and its number of trained parameters."""

    model: Classifier
    history: pd.DataFrame
    seconds: float
    trainable_parameters: int


def load_backbone(name: str = "tiny") -> nn.Module:
    """Return tiny with its shipped weights, resnet18 with PyTorch's weights, or any other backbone from torchvision."""
    if name == "tiny":
        backbone = tiny()
        backbone.load_state_dict(tiny_weights())
    elif name == "resnet18":
        backbone = resnet18_on_imagenet()
    else:
        backbone = from_torchvision(name)
    return backbone.eval()


def feature_extraction(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    return fit("feature extraction", backbone, data, 0, epochs, seed)


def fine_tuning(backbone: nn.Module, data: Photos, *, unfrozen: int = 1, epochs: int, seed: int) -> Run:
    return fit("fine-tuning", backbone, data, unfrozen, epochs, seed)


def full_training(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    return fit("full training", backbone, data, len(backbone.stages), epochs, seed)


def fit(title: str, backbone: nn.Module, data: Photos, unfrozen: int, epochs: int, seed: int) -> Run:
    """Train the head and the last `unfrozen` stages; Ctrl-C keeps the finished epochs."""
    began = time.process_time()
    model = Classifier(backbone, data.classes, unfrozen, seed)
    stages = [parameter for parameter in model.backbone.parameters() if parameter.requires_grad]
    groups = [{"params": model.head.parameters(), "lr": HEAD_RATE}, {"params": stages, "lr": STAGE_RATE}]
    model.to(data.train_images.device)
    optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)
    generator = torch.Generator().manual_seed(seed)
    rows, done = [], None
    steps = shown(title, total=epochs, unit="images", each=len(data.train_images))
    with torch.random.fork_rng(devices=[]), steps as tell:
        torch.manual_seed(seed)  # for random layers of the backbone, such as dropout
        try:
            for epoch in range(1, epochs + 1):
                train_epoch(model, optimizer, data, generator)
                row = (epoch, *loss_and_accuracy(model, data.train_images, data.train_labels))
                row += loss_and_accuracy(model, data.validation_images, data.validation_labels)
                rows, done = [*rows, row], copy.deepcopy(model.state_dict())
                tell(epoch, *row[3:])
        except KeyboardInterrupt:
            if done is None:
                raise
            model.load_state_dict(done)
    model.eval()
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    return Run(model, pd.DataFrame(rows, columns=COLUMNS), time.process_time() - began, trained)


def train_epoch(model: Classifier, optimizer: torch.optim.Optimizer, data: Photos, generator: torch.Generator) -> None:
    """Train on every image once, in random batches; mirror each image with probability 1/2."""
    model.train()
    for rows in torch.randperm(len(data.train_images), generator=generator).split(BATCH_SIZE):
        mirrored = torch.rand(len(rows), 1, 1, 1, generator=generator).to(data.train_images.device) < 0.5
        images = data.train_images[rows]
        loss = F.cross_entropy(model(torch.where(mirrored, images.flip(3), images)), data.train_labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@torch.no_grad()
def logits_of(model: Classifier, images: Tensor) -> Tensor:
    """Return logits (n, n_classes) without changing the weights or statistics of the model."""
    model.eval()
    return torch.cat([model(part) for part in images.split(AT_ONCE)])


def loss_and_accuracy(model: Classifier, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return the mean cross-entropy and the accuracy."""
    logits = logits_of(model, images)
    return F.cross_entropy(logits, labels).item(), (logits.argmax(dim=1) == labels).float().mean().item()


def predict(run: Run, images: Tensor) -> Tensor:
    return logits_of(run.model, images).argmax(dim=1)


def plot_learning_curves(runs: Mapping[str, Run], path: str | Path) -> None:
    """Plot losses on the left, accuracies on the right: one colour per run, dashed for the training images."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, measure in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for number, (name, run) in enumerate(runs.items()):
            epochs = run.history["epoch"]
            axes.plot(epochs, run.history[f"validation_{measure}"], f"C{number}", label=name)
            axes.plot(epochs, run.history[f"train_{measure}"], f"C{number}--", label=f"{name}, training", alpha=0.6)
        axes.set(xlabel="epoch", ylabel=measure)
    axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, format="png", dpi=150)


def plot_confusion_matrices(runs: Mapping[str, Run], images: Tensor, labels: Tensor, path: str | Path) -> None:
    """Plot a matrix for each run: rows are true classes, columns predicted ones."""
    figure = Figure(figsize=(4.2 * len(runs), 4.2), layout="constrained")
    for axes, (name, run) in zip(figure.subplots(1, len(runs), squeeze=False)[0], runs.items(), strict=True):
        classes = run.model.classes
        matrix = confusion_matrix(labels, predict(run, images), labels=range(len(classes)))
        ConfusionMatrixDisplay(matrix, display_labels=classes).plot(ax=axes, colorbar=False, xticks_rotation=45)
        axes.set_title(name)
    figure.savefig(path, format="png", dpi=150)


@torch.no_grad()
def plot_layer_features(model: Classifier, image: Tensor, path: str | Path) -> None:
    """Show the image, and below it the six most active channels of each stage."""
    mode, backbone = model.training, model.eval().backbone
    x = backbone.normalised(image[None])
    figure = Figure(figsize=(8, 1.35 * (len(backbone.stages) + 1)), layout="constrained")
    rows = figure.subplots(len(backbone.stages) + 1, 6)
    rows[0, 0].imshow(image.permute(1, 2, 0).numpy())
    rows[0, 0].set_title("image", fontsize="small")
    for number, stage in enumerate(backbone.stages):
        x = stage(x)
        strongest = x[0].mean(dim=(1, 2)).argsort(descending=True)[:6]
        for axes, channel in zip(rows[number + 1], strongest.tolist(), strict=True):
            axes.imshow(x[0, channel].numpy(), cmap="magma")
            axes.set_title(f"stage {number}, channel {channel}", fontsize="x-small")
    for axes in rows.flat:
        axes.axis("off")
    figure.savefig(path, format="png", dpi=150)
    model.train(mode)


def compare(data: Photos, *, seeds: Sequence[int]) -> pd.DataFrame:
    """Train the four approaches with each seed; after Ctrl-C the table ends before the interrupted run."""
    table = []
    for seed, approach in product(seeds, APPROACHES):
        try:
            run = trained(approach, data, epochs=EPOCHS, seed=seed)
        except KeyboardInterrupt:  # in its first epoch
            break
        if len(run.history) < EPOCHS:
            break
        accuracy = run.history["validation_accuracy"].iloc[-1]
        table.append((approach, seed, accuracy, run.seconds, run.trainable_parameters))
    return pd.DataFrame(table, columns=["approach", "seed", "accuracy", "seconds", "trainable_parameters"])


def trained(approach: str, data: Photos, *, epochs: int, seed: int) -> Run:
    """Train the small backbone by one of the four approaches."""
    match approach:
        case "feature extraction":
            return feature_extraction(load_backbone(), data, epochs=epochs, seed=seed)
        case "fine-tuning":
            return fine_tuning(load_backbone(), data, epochs=epochs, seed=seed)
        case "full training":
            return full_training(load_backbone(), data, epochs=epochs, seed=seed)
        case _:
            return full_training(tiny(seed), data, epochs=epochs, seed=seed)


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
