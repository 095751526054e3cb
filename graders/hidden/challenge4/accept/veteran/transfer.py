"""Challenge 4: transfer learning."""

import copy
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
import torch.nn.functional as F
from backbones import from_torchvision, resnet18_on_imagenet, tiny, tiny_weights
from matplotlib.figure import Figure
from photos import Photos, load_folder, load_photos
from progress import shown
from torch import Tensor, nn

EPOCHS = 20
SEEDS = range(5)
BATCH = 32


@dataclass(frozen=True)
class Run:
    model: nn.Module
    history: pd.DataFrame
    seconds: float
    trainable_parameters: int


def load_backbone(name: str = "tiny") -> nn.Module:
    if name == "tiny":
        network = tiny()
        network.load_state_dict(tiny_weights())
    elif name == "resnet18":
        network = resnet18_on_imagenet()
    else:
        network = from_torchvision(name)
    return network.eval()


class TransferModel(nn.Module):
    """Backbone with a fresh head; the first `frozen` stages never leave evaluation mode."""

    def __init__(self, backbone: nn.Module, n_classes: int, frozen: int) -> None:
        super().__init__()
        self.backbone = copy.deepcopy(backbone)
        self.head = nn.Linear(backbone.n_features, n_classes)
        self.frozen = frozen
        self.backbone.requires_grad_(False)
        for stage in self.backbone.stages[frozen:]:
            stage.requires_grad_(True)

    def train(self, mode: bool = True) -> "TransferModel":
        super().train(mode)
        for stage in self.backbone.stages[: self.frozen]:
            stage.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.backbone(images))


@torch.no_grad()
def evaluate(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
    model.eval()
    logits = torch.cat([model(part) for part in images.split(256)])
    return F.cross_entropy(logits, labels).item(), (logits.argmax(1) == labels).float().mean().item()


def fit(title: str, backbone: nn.Module, data: Photos, frozen: int, epochs: int, seed: int) -> Run:
    began = time.perf_counter()
    rows = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = TransferModel(backbone, len(data.classes), frozen)
        body = [p for p in model.backbone.parameters() if p.requires_grad]
        groups = [{"params": model.head.parameters(), "lr": 1e-2}]
        if body:
            groups.append({"params": body, "lr": 1e-3})
        optimizer = torch.optim.Adam(groups)
        generator = torch.Generator().manual_seed(seed)
        kept = None
        try:
            with shown(title, total=epochs, unit="images", each=len(data.train_images)) as tell:
                for epoch in range(1, epochs + 1):
                    model.train()
                    for idx in torch.randperm(len(data.train_images), generator=generator).split(BATCH):
                        loss = F.cross_entropy(model(data.train_images[idx]), data.train_labels[idx])
                        optimizer.zero_grad()
                        loss.backward()
                        optimizer.step()
                    row = (
                        epoch,
                        *evaluate(model, data.train_images, data.train_labels),
                        *evaluate(model, data.validation_images, data.validation_labels),
                    )
                    kept = copy.deepcopy(model.state_dict())
                    rows.append(row)
                    tell(epoch, row[1], row[2])
        except KeyboardInterrupt:
            if kept is None:
                raise
            model.load_state_dict(kept)
    model.eval()
    history = pd.DataFrame(
        rows, columns=["epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]
    )
    n = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return Run(model, history, time.perf_counter() - began, n)


def feature_extraction(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    return fit("feature extraction", backbone, data, len(backbone.stages), epochs, seed)


def fine_tuning(backbone: nn.Module, data: Photos, *, unfrozen: int = 1, epochs: int, seed: int) -> Run:
    n = len(backbone.stages)
    if not 0 <= unfrozen <= n:
        raise ValueError(f"unfrozen = {unfrozen}, the backbone has {n} stages")
    return fit("fine-tuning", backbone, data, n - unfrozen, epochs, seed)


def full_training(backbone: nn.Module, data: Photos, *, epochs: int, seed: int) -> Run:
    return fit("full training", backbone, data, 0, epochs, seed)


@torch.no_grad()
def predict(run: Run, images: Tensor) -> Tensor:
    return torch.cat([run.model(part).argmax(1) for part in images.split(256)])


def plot_learning_curves(runs: Mapping[str, Run], path: str | Path) -> None:
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for i, (name, run) in enumerate(runs.items()):
        h = run.history
        for axes, what in ((left, "loss"), (right, "accuracy")):
            axes.plot(h.epoch, h[f"train_{what}"], "--", color=f"C{i}", label=f"{name}, train")
            axes.plot(h.epoch, h[f"validation_{what}"], "-", color=f"C{i}", label=f"{name}, validation")
            axes.set(xlabel="epoch", ylabel=what)
    right.legend(fontsize=7)
    figure.savefig(path)


def plot_confusion_matrices(runs: Mapping[str, Run], images: Tensor, labels: Tensor, path: str | Path) -> None:
    figure = Figure(figsize=(4.2 * len(runs), 4.2), layout="constrained")
    for axes, (name, run) in zip(figure.subplots(1, len(runs), squeeze=False)[0], runs.items()):
        n = run.model.head.out_features
        matrix = torch.zeros(n, n, dtype=torch.long)
        matrix.index_put_((labels, predict(run, images)), torch.tensor(1), accumulate=True)
        axes.imshow(matrix.numpy(), cmap="Blues")
        for r in range(n):
            for c in range(n):
                dark = matrix[r, c] > matrix.max() / 2
                axes.text(c, r, int(matrix[r, c]), ha="center", va="center", color="white" if dark else "black")
        axes.set(title=name, xlabel="predicted", ylabel="true", xticks=range(n), yticks=range(n))
    figure.savefig(path)


def plot_layer_features(model: nn.Module, image: Tensor, path: str | Path) -> None:
    outputs: list[Tensor] = []
    handles = [s.register_forward_hook(lambda m, i, o: outputs.append(o[0])) for s in model.backbone.stages]
    was = model.training
    model.eval()
    try:
        with torch.no_grad():
            model(image[None])
    finally:
        for handle in handles:
            handle.remove()
        model.train(was)
    figure = Figure(figsize=(10, 2 * len(outputs)), layout="constrained")
    grid = figure.subplots(len(outputs), 6, squeeze=False)
    for number, (row, out) in enumerate(zip(grid, outputs)):
        strongest = out.mean(dim=(1, 2)).argsort(descending=True)[:6].tolist()
        for axes in row:
            axes.axis("off")
        for axes, channel in zip(row, strongest):
            axes.imshow(out[channel].numpy(), cmap="viridis")
            axes.set_title(f"stage {number}, channel {channel}", fontsize=7)
    figure.savefig(path)


def compare(data: Photos, *, seeds: Sequence[int]) -> pd.DataFrame:
    rows = []
    try:
        for seed in seeds:
            for name, approach, make in (
                ("feature extraction", feature_extraction, load_backbone),
                ("fine-tuning", fine_tuning, load_backbone),
                ("full training", full_training, load_backbone),
                ("from scratch", full_training, lambda: tiny(seed)),
            ):
                run = approach(make(), data, epochs=EPOCHS, seed=seed)
                if len(run.history) < EPOCHS:
                    raise KeyboardInterrupt
                accuracy = run.history.validation_accuracy.iloc[-1]
                rows.append((name, seed, accuracy, run.seconds, run.trainable_parameters))
    except KeyboardInterrupt:
        pass
    return pd.DataFrame(rows, columns=["approach", "seed", "accuracy", "seconds", "trainable_parameters"])


def main() -> None:
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
