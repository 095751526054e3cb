import sys, time
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import torch
import torch.nn.functional as F
from backbones import tiny, tiny_weights
from photos import load_folder, load_photos
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from torch import nn

EPOCHS, SEEDS = 20, range(3)


@dataclass(frozen=True)
class Run:
    model: nn.Module
    history: pd.DataFrame
    seconds: float
    trainable_parameters: int


class M(nn.Module):
    def __init__(s, b, n):
        super().__init__()
        s.backbone, s.head = deepcopy(b), nn.Linear(b.n_features, n)

    def forward(s, x):
        return s.head(s.backbone(x))


def load_backbone(name="tiny"):
    b = {"tiny": tiny}[name]()
    b.load_state_dict(tiny_weights())
    return b.eval()


def score(m, x, y):
    with torch.no_grad():
        z = m.eval()(x)
    return F.cross_entropy(z, y).item(), (z.argmax(1) == y).float().mean().item()


def fit(b, d, k, epochs, seed):
    t = time.time()
    torch.manual_seed(seed)
    m = M(b, len(d.classes))
    for s in m.backbone.stages[:k]:
        s.requires_grad_(False)
    ps = [p for p in m.parameters() if p.requires_grad]
    opt = torch.optim.SGD(ps, lr=0.05, momentum=0.9, weight_decay=1e-4)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs)
    h = []
    for e in range(epochs):
        m.train()
        [s.eval() for s in m.backbone.stages[:k]]
        for i in torch.randperm(len(d.train_labels)).split(25):
            x = d.train_images[i]
            if torch.rand(()) < 0.5:
                x = x.flip(3)
            opt.zero_grad()
            F.cross_entropy(m(x), d.train_labels[i]).backward()
            opt.step()
        sched.step()
        h.append(
            (e + 1, *score(m, d.train_images, d.train_labels), *score(m, d.validation_images, d.validation_labels))
        )
    return Run(
        m,
        pd.DataFrame(h, columns="epoch train_loss train_accuracy validation_loss validation_accuracy".split()),
        time.time() - t,
        sum(p.numel() for p in ps),
    )


def feature_extraction(backbone, data, *, epochs, seed):
    return fit(backbone, data, 99, epochs, seed)


def fine_tuning(backbone, data, *, unfrozen=1, epochs, seed):
    return fit(backbone, data, len(backbone.stages) - unfrozen, epochs, seed)


def full_training(backbone, data, *, epochs, seed):
    return fit(backbone, data, 0, epochs, seed)


@torch.no_grad()
def predict(run, images):
    return run.model(images).argmax(1)


def plot_learning_curves(runs, path):
    f, ax = plt.subplots(1, 2, figsize=(12, 5))
    for n, r in runs.items():
        for c in r.history.columns[1:]:
            ax[int("acc" in c)].plot(r.history.epoch, r.history[c], label=f"{n} {c}")
    [a.legend(fontsize=6) for a in ax]
    f.savefig(path)


def plot_confusion_matrices(runs, images, labels, path):
    f, ax = plt.subplots(1, len(runs), figsize=(5 * len(runs), 4))
    for a, (n, r) in zip(ax, runs.items()):
        ConfusionMatrixDisplay(
            confusion_matrix(labels, predict(r, images), labels=range(r.model.head.out_features))
        ).plot(ax=a)
        a.set_title(n)
    f.savefig(path)


@torch.no_grad()
def plot_layer_features(model, image, path):
    x = model.eval().backbone.normalised(image[None])
    f, ax = plt.subplots(len(model.backbone.stages), 6)
    for s, row in zip(model.backbone.stages, ax):
        x = s(x)
        for c, a in zip(x[0], row):
            a.imshow(c)
            a.axis("off")
    f.savefig(path)


def compare(data, *, seeds):
    out = []
    for s in seeds:
        for n, g, b in [
            ("feature extraction", feature_extraction, load_backbone()),
            ("fine-tuning", fine_tuning, load_backbone()),
            ("full training", full_training, load_backbone()),
            ("from scratch", full_training, tiny(s)),
        ]:
            r = g(b, data, epochs=EPOCHS, seed=s)
            out.append((n, s, r.history.validation_accuracy.iat[-1], r.seconds, r.trainable_parameters))
    return pd.DataFrame(out, columns="approach seed accuracy seconds trainable_parameters".split())


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
