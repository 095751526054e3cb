"""Frozen stages give the same numbers in every epoch, so they are asked once."""

import copy
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from backbones import tiny, tiny_weights
from photos import Photos, load_folder, load_photos
from torch import Tensor, nn

EPOCHS = 20  # how long compare trains each approach
SEEDS = range(3)  # of the results


@dataclass(frozen=True)
class Run:
    model: nn.Module
    history: pd.DataFrame
    seconds: float
    trainable_parameters: int


class Net(nn.Module):
    def __init__(self, backbone, head):
        super().__init__()
        self.backbone, self.head = backbone, head

    def forward(self, images):
        return self.head(self.backbone(images))


def load_backbone(name: str = "tiny") -> nn.Module:
    if name != "tiny":
        raise ValueError(f"no backbone {name}")
    backbone = tiny()
    backbone.load_state_dict(tiny_weights())
    return backbone.eval()


def through(stages, x):
    for stage in stages:
        x = stage(x)
    return x


def run_stages(backbone, data, trained, epochs, seed):
    """Train the last `trained` stages and a head on what the stages before them give."""
    start = time.perf_counter()
    rng = np.random.default_rng(seed)
    backbone = copy.deepcopy(backbone).eval()
    split = len(backbone.stages) - trained
    fixed, moving = backbone.stages[:split], backbone.stages[split:]
    backbone.requires_grad_(False)
    moving.requires_grad_(True)

    n, d = len(data.classes), backbone.n_features
    head = nn.Linear(d, n)
    with torch.no_grad():
        head.weight.copy_(torch.tensor(rng.normal(0, d**-0.5, (n, d))))
        head.bias.zero_()

        x_train = through(fixed, backbone.normalised(data.train_images))
        x_valid = through(fixed, backbone.normalised(data.validation_images))

    def logits(x):
        return head(through(moving, x).mean(dim=(2, 3)))

    def measure(x, y):
        moving.eval()
        with torch.no_grad():
            z = logits(x)
        return [nn.functional.cross_entropy(z, y).item(), (z.argmax(1) == y).double().mean().item()]

    optimizer = torch.optim.Adam(
        [{"params": list(moving.parameters()), "lr": 1e-3}, {"params": list(head.parameters()), "lr": 1e-2}]
    )
    rows = []
    for epoch in range(1, epochs + 1):
        moving.train()
        for part in np.array_split(rng.permutation(len(x_train)), max(1, len(x_train) // 20)):
            loss = nn.functional.cross_entropy(logits(x_train[part]), data.train_labels[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        rows.append([epoch, *measure(x_train, data.train_labels), *measure(x_valid, data.validation_labels)])
    columns = ["epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]
    model = Net(backbone, head).eval()
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return Run(model, pd.DataFrame(rows, columns=columns), time.perf_counter() - start, trainable)


def feature_extraction(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    return run_stages(backbone, data, 0, epochs, seed)


def fine_tuning(backbone: nn.Module, data: Photos, *, unfrozen: int = 1, epochs: int, seed: int) -> Run:
    if unfrozen < 0 or unfrozen > len(backbone.stages):
        raise ValueError("so many stages there are not")
    return run_stages(backbone, data, unfrozen, epochs, seed)


def full_training(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    return run_stages(backbone, data, len(backbone.stages), epochs, seed)


def predict(run: Run, images: Tensor) -> Tensor:
    with torch.no_grad():
        return run.model(images).argmax(1)


def plot_learning_curves(runs: Mapping[str, Run], path: str | Path) -> None:
    names = ["train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]
    fig, axes = plt.subplots(2, 2, figsize=(10, 8), sharex=True)
    for ax, column in zip(axes.T.flat, names):
        for name, run in runs.items():
            ax.plot(run.history["epoch"], run.history[column], marker=".", label=name)
        ax.set_title(column)
        ax.legend()
    fig.savefig(path)
    plt.close(fig)


def plot_confusion_matrices(runs: Mapping[str, Run], images: Tensor, labels: Tensor, path: str | Path) -> None:
    y = labels.numpy()
    fig, axes = plt.subplots(1, len(runs), figsize=(5 * len(runs), 5))
    for ax, (name, run) in zip(np.atleast_1d(axes), runs.items()):
        k = run.model.head.out_features
        p = predict(run, images).numpy()
        M = np.bincount(y * k + p, minlength=k * k).reshape(k, k)
        shares = M / np.maximum(M.sum(1, keepdims=True), 1)
        ax.pcolormesh(shares, vmin=0, vmax=1, cmap="Greens")
        for (i, j), v in np.ndenumerate(shares):
            ax.text(j + 0.5, i + 0.5, f"{v:.2f}", ha="center", va="center")
        ax.invert_yaxis()
        ax.set_xticks(np.arange(k) + 0.5, range(k))
        ax.set_yticks(np.arange(k) + 0.5, range(k))
        ax.set_xlabel("predicted class")
        ax.set_ylabel("true class")
        ax.set_title(name)
    fig.savefig(path)
    plt.close(fig)


def plot_layer_features(model: nn.Module, image: Tensor, path: str | Path) -> None:
    backbone = copy.deepcopy(model.backbone).eval()
    x = backbone.normalised(image[None])
    fig, axes = plt.subplots(len(backbone.stages), 4, figsize=(8, 2 * len(backbone.stages)))
    for i, stage in enumerate(backbone.stages):
        x = stage(x)
        for j in range(4):
            a = x[0, j].detach().numpy()
            axes[i, j].imshow(a, cmap="gray", vmin=a.min(), vmax=a.max() + 1e-9)
            axes[i, j].axis("off")
    fig.savefig(path)
    plt.close(fig)


def compare(data: Photos, *, seeds: Sequence[int]) -> pd.DataFrame:
    def row(approach, seed, run):
        hits = predict(run, data.validation_images) == data.validation_labels
        return {
            "approach": approach,
            "seed": seed,
            "accuracy": hits.double().mean().item(),
            "seconds": run.seconds,
            "trainable_parameters": run.trainable_parameters,
        }

    table = []
    for seed in seeds:
        o = {"epochs": EPOCHS, "seed": seed}
        table += [
            row("feature extraction", seed, feature_extraction(load_backbone(), data, **o)),
            row("fine-tuning", seed, fine_tuning(load_backbone(), data, **o)),
            row("full training", seed, full_training(load_backbone(), data, **o)),
            row("from scratch", seed, full_training(tiny(seed), data, **o)),
        ]
    return pd.DataFrame(table)


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
