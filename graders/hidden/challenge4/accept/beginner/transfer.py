"""Challenge 4"""

import copy
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import torch
from backbones import tiny, tiny_weights
from photos import Photos, load_folder, load_photos
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 20  # how long compare trains each approach
SEEDS = range(3)  # 5 took too long


@dataclass(frozen=True)
class Run:
    model: nn.Module
    history: pd.DataFrame
    seconds: float
    trainable_parameters: int


def load_backbone(name: str = "tiny") -> nn.Module:
    backbone = tiny()
    weights = tiny_weights()
    backbone.load_state_dict(weights)
    backbone.eval()
    return backbone


class Classifier(nn.Module):
    def __init__(self, backbone, number_of_classes):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(backbone.n_features, number_of_classes)

    def forward(self, images):
        features = self.backbone(images)
        logits = self.head(features)
        return logits


def measure(model, images, labels):
    model.eval()
    with torch.no_grad():
        logits = model(images)
        loss = nn.functional.cross_entropy(logits, labels)
        right = 0
        for i in range(len(labels)):
            if logits[i].argmax() == labels[i]:
                right += 1
    return loss.item(), right / len(labels)


def train_model(model, frozen_stages, data, epochs, seed):
    torch.manual_seed(seed)
    dataset = TensorDataset(data.train_images, data.train_labels)
    loader = DataLoader(dataset, batch_size=32, shuffle=True)
    trainable = []
    for p in model.parameters():
        if p.requires_grad:
            trainable.append(p)
    optimizer = torch.optim.Adam(trainable, lr=0.003)
    loss_function = nn.CrossEntropyLoss()
    rows = []
    start = time.time()
    for epoch in range(epochs):
        model.train()
        for stage in frozen_stages:
            stage.eval()
        for images, labels in loader:
            optimizer.zero_grad()
            logits = model(images)
            loss = loss_function(logits, labels)
            loss.backward()
            optimizer.step()
        train_loss, train_accuracy = measure(model, data.train_images, data.train_labels)
        validation_loss, validation_accuracy = measure(model, data.validation_images, data.validation_labels)
        rows.append([epoch + 1, train_loss, train_accuracy, validation_loss, validation_accuracy])
    seconds = time.time() - start
    model.eval()
    history = pd.DataFrame(
        rows, columns=["epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]
    )
    number = 0
    for p in trainable:
        number += p.numel()
    return Run(model, history, seconds, number)


def feature_extraction(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    torch.manual_seed(seed)
    backbone = copy.deepcopy(backbone)
    for p in backbone.parameters():
        p.requires_grad = False
    model = Classifier(backbone, len(data.classes))
    return train_model(model, [backbone], data, epochs, seed)


def fine_tuning(backbone: nn.Module, data: Photos, *, unfrozen: int = 1, epochs: int, seed: int) -> Run:
    torch.manual_seed(seed)
    backbone = copy.deepcopy(backbone)
    frozen = []
    for i in range(len(backbone.stages) - unfrozen):
        stage = backbone.stages[i]
        for p in stage.parameters():
            p.requires_grad = False
        frozen.append(stage)
    model = Classifier(backbone, len(data.classes))
    return train_model(model, frozen, data, epochs, seed)


def full_training(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    torch.manual_seed(seed)
    backbone = copy.deepcopy(backbone)
    model = Classifier(backbone, len(data.classes))
    return train_model(model, [], data, epochs, seed)


def predict(run: Run, images: Tensor) -> Tensor:
    run.model.eval()
    with torch.no_grad():
        logits = run.model(images)
    return torch.argmax(logits, dim=1)


def plot_learning_curves(runs: Mapping[str, Run], path: str | Path) -> None:
    fig, axes = plt.subplots(len(runs), 2, figsize=(10, 3 * len(runs)))
    i = 0
    for name, run in runs.items():
        h = run.history
        axes[i][0].plot(h["epoch"], h["train_loss"], label="training")
        axes[i][0].plot(h["epoch"], h["validation_loss"], label="validation")
        axes[i][0].set_title(name + ": loss")
        axes[i][0].legend()
        axes[i][1].plot(h["epoch"], h["train_accuracy"], label="training")
        axes[i][1].plot(h["epoch"], h["validation_accuracy"], label="validation")
        axes[i][1].set_title(name + ": accuracy")
        axes[i][1].legend()
        i += 1
    plt.tight_layout()
    plt.savefig(path)
    plt.close()


def plot_confusion_matrices(runs: Mapping[str, Run], images: Tensor, labels: Tensor, path: str | Path) -> None:
    plt.figure(figsize=(5 * len(runs), 5))
    number = 1
    for name, run in runs.items():
        predicted = predict(run, images)
        classes = run.model.head.out_features
        matrix = []
        for i in range(classes):
            matrix.append([0] * classes)
        for t, p in zip(labels, predicted):
            matrix[t][p] += 1
        plt.subplot(1, len(runs), number)
        plt.imshow(matrix)
        plt.title(name)
        plt.xlabel("predicted")
        plt.ylabel("true")
        plt.colorbar()
        number += 1
    plt.savefig(path)
    plt.close()


def plot_layer_features(model: nn.Module, image: Tensor, path: str | Path) -> None:
    model.eval()
    x = model.backbone.normalised(image.unsqueeze(0))
    stages = model.backbone.stages
    plt.figure(figsize=(8, 2 * len(stages)))
    k = 1
    with torch.no_grad():
        for stage in stages:
            x = stage(x)
            for channel in range(4):
                plt.subplot(len(stages), 4, k)
                plt.imshow(x[0][channel])
                plt.axis("off")
                k += 1
    plt.savefig(path)
    plt.close()


def compare(data: Photos, *, seeds: Sequence[int]) -> pd.DataFrame:
    rows = []
    for seed in seeds:
        run = feature_extraction(load_backbone(), data, epochs=EPOCHS, seed=seed)
        rows.append(make_row("feature extraction", seed, run))
        run = fine_tuning(load_backbone(), data, epochs=EPOCHS, seed=seed)
        rows.append(make_row("fine-tuning", seed, run))
        run = full_training(load_backbone(), data, epochs=EPOCHS, seed=seed)
        rows.append(make_row("full training", seed, run))
        run = full_training(tiny(seed), data, epochs=EPOCHS, seed=seed)
        rows.append(make_row("from scratch", seed, run))
    return pd.DataFrame(rows, columns=["approach", "seed", "accuracy", "seconds", "trainable_parameters"])


def make_row(name, seed, run):
    accuracy = list(run.history["validation_accuracy"])[-1]
    return [name, seed, accuracy, run.seconds, run.trainable_parameters]


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
