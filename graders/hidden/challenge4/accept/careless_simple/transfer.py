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
import torch.nn as nn
from backbones import tiny, tiny_weights
from photos import Photos, load_folder, load_photos
from torch import Tensor

EPOCHS = 20  # how long compare trains each approach
SEEDS = [0, 1, 2]


@dataclass(frozen=True)
class Run:
    model: nn.Module
    history: pd.DataFrame
    seconds: float
    trainable_parameters: int


def load_backbone(name: str = "tiny") -> nn.Module:
    if name == "tiny":
        net = tiny()
        net.load_state_dict(tiny_weights())
        net.eval()
        return net
    raise ValueError(name)


class TransferNet(nn.Module):
    def __init__(self, backbone, n_classes):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(backbone.n_features, n_classes)

    def forward(self, x):
        return self.head(self.backbone(x))


def train(model, data, epochs, seed):
    np.random.seed(seed)
    X, y = data.train_images, data.train_labels
    opt = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=1e-3)
    crit = nn.CrossEntropyLoss()
    hist = {"epoch": [], "train_loss": [], "train_accuracy": [], "validation_loss": [], "validation_accuracy": []}
    t0 = time.time()
    for epoch in range(epochs):
        model.train()
        for m in model.modules():
            if isinstance(m, nn.BatchNorm2d) and not m.weight.requires_grad:
                m.eval()
        perm = np.random.permutation(len(X))
        for i in range(0, len(X), 10):
            idx = perm[i : i + 10]
            out = model(X[idx])
            loss = crit(out, y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            out_train = model(X)
            out = model(data.validation_images)
        hist["epoch"].append(epoch + 1)
        hist["train_loss"].append(crit(out_train, y).item())
        hist["train_accuracy"].append((out_train.argmax(1) == y).float().mean().item())
        hist["validation_loss"].append(crit(out, data.validation_labels).item())
        hist["validation_accuracy"].append((out.argmax(1) == data.validation_labels).float().mean().item())
    return Run(
        model, pd.DataFrame(hist), time.time() - t0, sum(p.numel() for p in model.parameters() if p.requires_grad)
    )


def feature_extraction(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    return fine_tuning(backbone, data, unfrozen=0, epochs=epochs, seed=seed)


def fine_tuning(backbone: nn.Module, data: Photos, *, unfrozen: int = 1, epochs: int, seed: int) -> Run:
    torch.manual_seed(seed)
    model = TransferNet(copy.deepcopy(backbone), int(data.train_labels.max()) + 1)
    for p in model.backbone.parameters():
        p.requires_grad = False
    for i in range(1, unfrozen + 1):
        for p in model.backbone.stages[-i].parameters():
            p.requires_grad = True
    return train(model, data, epochs, seed)


def full_training(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    torch.manual_seed(seed)
    model = TransferNet(copy.deepcopy(backbone), int(data.train_labels.max()) + 1)
    return train(model, data, epochs, seed)


def predict(run: Run, images: Tensor) -> Tensor:
    return run.model(images).argmax(1)


def plot_learning_curves(runs: Mapping[str, Run], path: str | Path) -> None:
    plt.figure(figsize=(12, 8))
    for name, run in runs.items():
        for col in ["train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]:
            plt.plot(run.history[col], label=f"{name} {col}")
    plt.legend()
    plt.savefig(path)


def plot_confusion_matrices(runs: Mapping[str, Run], images: Tensor, labels: Tensor, path: str | Path) -> None:
    fig, axs = plt.subplots(1, len(runs), figsize=(5 * len(runs), 5))
    for ax, name in zip(axs, runs):
        pred = predict(runs[name], images)
        cm = np.zeros((6, 6))
        for a, b in zip(labels, pred):
            cm[a, b] += 1
        ax.imshow(cm)
        ax.set_title(name)
        ax.set_xlabel("Predicted")
        ax.set_ylabel("True")
    plt.savefig(path)


def plot_layer_features(model: nn.Module, image: Tensor, path: str | Path) -> None:
    x = model.backbone.normalised(image[None])
    fig, axs = plt.subplots(5, 4, figsize=(8, 10))
    for i in range(5):
        x = model.backbone.stages[i](x)
        for j in range(4):
            axs[i, j].imshow(x[0, j].detach().numpy())
    plt.savefig(path)


def compare(data: Photos, *, seeds: Sequence[int]) -> pd.DataFrame:
    rows = []
    for seed in seeds:
        runs = {
            "feature extraction": feature_extraction(load_backbone(), data, epochs=EPOCHS, seed=seed),
            "fine-tuning": fine_tuning(load_backbone(), data, epochs=EPOCHS, seed=seed),
            "full training": full_training(load_backbone(), data, epochs=EPOCHS, seed=seed),
            "from scratch": full_training(tiny(seed), data, epochs=EPOCHS, seed=seed),
        }
        for name, run in runs.items():
            rows.append(
                {
                    "approach": name,
                    "seed": seed,
                    "accuracy": run.history["validation_accuracy"].iloc[-1],
                    "seconds": run.seconds,
                    "trainable_parameters": run.trainable_parameters,
                }
            )
    return pd.DataFrame(rows)


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
