"""Train the weights of `tiny` on shapes32, ten classes of rendered pictures, in a few minutes.

    python katas/challenge4/train_tiny.py            # writes tiny.safetensors next to this file

Pictures are rotated, sheared and recoloured during training. A shape stays the same in any colour, and a network that
has learned this is more useful for other tasks.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
import torch.nn.functional as F
from backbones import WEIGHTS, tiny
from rich.console import Console
from safetensors.torch import save_file
from torch import Tensor, nn

from graders.datasets import shapes32

SEED = 0
N_TRAIN, N_TEST = 10_000, 2_000
TRAIN_IMAGES, TEST_IMAGES = 4001, 4002  # seeds of the pictures
EPOCHS, BATCH_SIZE, LEARNING_RATE, WEIGHT_DECAY, SMOOTHING = 15, 64, 4e-3, 0.02, 0.0
LIMIT = 2_000_000  # bytes of the file


def pictures(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Render pictures (n, 3, 32, 32), from 0 to 1, and their classes (n,)."""
    images, labels = shapes32.render(n, seed)
    return torch.tensor(images).permute(0, 3, 1, 2).float() / 255, torch.tensor(labels)


def varied(images: Tensor, generator: torch.Generator) -> Tensor:
    """Rotate, scale, shear and shift every picture, mix its colours, and invert half of the pictures."""
    n = len(images)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(n, *shape, generator=generator)

    angle, size = uniform(-math.pi, math.pi), uniform(0.75, 1.3)
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], dim=1).view(n, 2, 2) * size[:, None, None]
    slant = torch.eye(2) + uniform(-0.2, 0.2, 2, 2)
    places = F.affine_grid(
        torch.cat([turn @ slant, uniform(-0.15, 0.15, 2, 1)], dim=2), images.shape, align_corners=False
    )
    images = F.grid_sample(images, places, padding_mode="reflection", align_corners=False)
    mixed = torch.einsum("ncd,ndhw->nchw", uniform(0, 1, 3, 3).softmax(dim=2), images)
    images = torch.where(uniform(0, 1, 1, 1, 1) < 0.5, images[:, torch.randperm(3, generator=generator)], mixed)
    return torch.where(uniform(0, 1, 1, 1, 1) < 0.5, 1 - images, images)


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    model.eval()
    predicted = torch.cat([model(part).argmax(dim=1) for part in images.split(500)])
    return (predicted == labels).float().mean().item()


def main(to: Path) -> None:
    console = Console()
    X, y = pictures(N_TRAIN, TRAIN_IMAGES)
    X_test, y_test = pictures(N_TEST, TEST_IMAGES)
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    backbone = tiny(SEED)
    model = nn.Sequential(backbone, nn.Linear(backbone.n_features, len(shapes32.CLASSES)))
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * -(-N_TRAIN // BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    began = time.perf_counter()
    for epoch in range(1, EPOCHS + 1):
        model.train()
        losses = []
        for rows in torch.randperm(N_TRAIN, generator=generator).split(BATCH_SIZE):
            loss = F.cross_entropy(model(varied(X[rows], generator)), y[rows], label_smoothing=SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        right, seconds = accuracy(model, X_test, y_test), time.perf_counter() - began
        mean = sum(losses) / len(losses)
        console.print(f"epoch {epoch}/{EPOCHS}: loss {mean:.3f}, accuracy on new pictures {right:.1%}, {seconds:.0f} s")
    told = {"seed": SEED, "source": f"shapes32, {N_TRAIN} pictures", "accuracy": round(right, 4)}
    state = {name: values.contiguous() for name, values in backbone.eval().state_dict().items()}
    save_file(state, to, metadata={"made": json.dumps(told)})  # a single entry, since the order of several isn't fixed
    to.chmod(0o644)
    size = to.stat().st_size
    console.print(f"{to}: {size} bytes")
    if size > LIMIT:
        sys.exit(f"{to}: {size} bytes; the limit for shipping is {LIMIT}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=WEIGHTS, help="the file to write (default: %(default)s)")
    main(parser.parse_args().to)
