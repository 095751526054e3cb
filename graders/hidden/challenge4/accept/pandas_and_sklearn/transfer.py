"""Transfer learning, the tables with pandas and the metrics with scikit-learn."""

import copy
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import pandas as pd
import torch
from backbones import from_torchvision, resnet18_on_imagenet, tiny, tiny_weights
from photos import Photos, load_folder, load_photos
from sklearn.metrics import accuracy_score, log_loss
from torch import Tensor, nn

matplotlib.use("Agg")
import matplotlib.pyplot as plt

EPOCHS = 20  # how long compare trains each approach
SEEDS = range(3)  # of the results


@dataclass(frozen=True)
class Run:
    model: nn.Module
    history: pd.DataFrame
    seconds: float
    trainable_parameters: int


def load_backbone(name: str = "tiny") -> nn.Module:
    match name:
        case "tiny":
            backbone = tiny()
            backbone.load_state_dict(tiny_weights())
        case "resnet18":
            backbone = resnet18_on_imagenet()
        case _:
            backbone = from_torchvision(name)
    return backbone.eval()


class Trainer:
    """One training, kept together."""

    def __init__(self, backbone: nn.Module, data: Photos, n_trained: int, seed: int) -> None:
        torch.manual_seed(seed)
        self.data = data
        self.model = nn.Sequential()
        self.model.add_module("backbone", copy.deepcopy(backbone))
        self.model.add_module("head", nn.Linear(backbone.n_features, len(data.classes)))
        stages = list(self.model.backbone.stages)
        self.frozen = stages[: len(stages) - n_trained]
        for stage in self.frozen:
            stage.requires_grad_(False)
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=2e-3, weight_decay=0.05)

    def epoch(self) -> None:
        self.model.train()
        for stage in self.frozen:
            stage.eval()
        frame = pd.DataFrame({"label": self.data.train_labels.numpy()})
        shuffled = frame.sample(frac=1, random_state=int(torch.randint(2**31, ())))
        for start in range(0, len(shuffled), 16):
            rows = torch.tensor(shuffled.index[start : start + 16].to_numpy())
            loss = nn.functional.cross_entropy(self.model(self.data.train_images[rows]), self.data.train_labels[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    def row(self) -> dict[str, float]:
        self.model.eval()
        row = {}
        for part in ("train", "validation"):
            images, labels = getattr(self.data, f"{part}_images"), getattr(self.data, f"{part}_labels")
            with torch.no_grad():
                p = self.model(images).double().softmax(1).numpy()
            row[f"{part}_loss"] = log_loss(labels, p, labels=range(len(self.data.classes)))
            row[f"{part}_accuracy"] = accuracy_score(labels, p.argmax(1))
        return row

    def run(self, epochs: int) -> Run:
        began = time.perf_counter()
        rows = {}
        for epoch in range(1, epochs + 1):
            self.epoch()
            rows[epoch] = self.row()
        history = pd.DataFrame.from_dict(rows, orient="index").rename_axis("epoch").reset_index()
        return Run(self.model, history, time.perf_counter() - began, sum(p.numel() for p in self.parameters))


def feature_extraction(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    return Trainer(backbone, data, 0, seed).run(epochs)


def fine_tuning(backbone: nn.Module, data: Photos, *, unfrozen: int = 1, epochs: int, seed: int) -> Run:
    if unfrozen not in range(len(backbone.stages) + 1):
        raise ValueError(f"unfrozen must be 0 to {len(backbone.stages)}, not {unfrozen}")
    return Trainer(backbone, data, unfrozen, seed).run(epochs)


def full_training(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    return Trainer(backbone, data, len(backbone.stages), seed).run(epochs)


def predict(run: Run, images: Tensor) -> Tensor:
    with torch.no_grad():
        return run.model(images).max(dim=1).indices


def plot_learning_curves(runs: Mapping[str, Run], path: str | Path) -> None:
    figure, axes = plt.subplots(2, len(runs), figsize=(4 * len(runs), 7), squeeze=False)
    for column, (name, run) in enumerate(runs.items()):
        table = run.history.set_index("epoch")
        table.filter(like="loss").plot(ax=axes[0, column], title=name)
        table.filter(like="accuracy").plot(ax=axes[1, column], ylim=(0, 1))
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def plot_confusion_matrices(runs: Mapping[str, Run], images: Tensor, labels: Tensor, path: str | Path) -> None:
    figure, axes = plt.subplots(1, len(runs), figsize=(5 * len(runs), 5), squeeze=False)
    for ax, (name, run) in zip(axes[0], runs.items()):
        table = pd.crosstab(
            pd.Series(labels.numpy(), name="true"), pd.Series(predict(run, images).numpy(), name="predicted")
        )
        classes = range(run.model.head.out_features)
        table = table.reindex(index=classes, columns=classes, fill_value=0)
        table = table.rename_axis(index="true", columns="predicted")
        ax.matshow(table)
        for i in range(table.shape[0]):
            for j in range(table.shape[1]):
                ax.annotate(str(table.iloc[i, j]), (j, i), color="red", ha="center")
        ax.set_title(name)
        ax.set_xlabel(table.columns.name)
        ax.set_ylabel(table.index.name)
    figure.savefig(path)
    plt.close(figure)


def plot_layer_features(model: nn.Module, image: Tensor, path: str | Path) -> None:
    found = {}
    handles = []
    for number, stage in enumerate(model.backbone.stages):
        handles.append(
            stage.register_forward_hook(lambda _, __, output, number=number: found.update({number: output[0].detach()}))
        )
    model.eval()
    model(image.unsqueeze(0))
    for handle in handles:
        handle.remove()
    figure, axes = plt.subplots(len(found), 8, figsize=(12, 1.6 * len(found)))
    for number, output in found.items():
        for channel in range(8):
            axes[number, channel].imshow(output[channel], cmap="magma")
            axes[number, channel].set_axis_off()
        axes[number, 0].set_title(f"stage {number}: {tuple(output.shape)}", fontsize=8, loc="left")
    figure.savefig(path)
    plt.close(figure)


def compare(data: Photos, *, seeds: Sequence[int]) -> pd.DataFrame:
    approaches = {
        "feature extraction": lambda seed: feature_extraction(load_backbone(), data, epochs=EPOCHS, seed=seed),
        "fine-tuning": lambda seed: fine_tuning(load_backbone(), data, unfrozen=1, epochs=EPOCHS, seed=seed),
        "full training": lambda seed: full_training(load_backbone(), data, epochs=EPOCHS, seed=seed),
        "from scratch": lambda seed: full_training(tiny(seed), data, epochs=EPOCHS, seed=seed),
    }
    table = pd.MultiIndex.from_product([seeds, approaches], names=["seed", "approach"]).to_frame(index=False)
    runs = [approaches[approach](seed) for seed, approach in zip(table.seed, table.approach)]
    return table[["approach", "seed"]].assign(
        accuracy=[run.history.validation_accuracy.iloc[-1] for run in runs],
        seconds=[run.seconds for run in runs],
        trainable_parameters=[run.trainable_parameters for run in runs],
    )


def main() -> None:
    """Compare on the rendered photos, or on those of a folder, and write tables and pictures into results/."""
    torch.set_num_threads(1)
    data = load_folder(sys.argv[1]) if sys.argv[1:] else load_photos()
    table = compare(data, seeds=SEEDS)
    print(table.groupby("approach", sort=False)[["accuracy", "seconds"]].agg(["mean", "std"]).round(3))
    if len(table) < 4 * len(SEEDS):
        raise SystemExit(f"stopped after {len(table)} of {4 * len(SEEDS)} training runs: results/ is unchanged")
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
