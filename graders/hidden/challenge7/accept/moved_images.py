# PyTorch inside: L-BFGS with masked weights, and students that learn from logits of images moved by a pixel
# independent
"""Challenge 7: a network in fewer bytes.

Everything happens in PyTorch; only the borders of the functions are NumPy.
Pruned networks are tuned with L-BFGS on all digits at once, and students learn by regression on the teacher's logits for
images that are moved by up to one pixel.
"""

import sys

import digit_network
import numpy as np
import torch
from matplotlib.figure import Figure

CLASSES = 10
SIDE = 28


def quantize(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n, k = a.shape
    q = np.empty((n, k), dtype=np.int8)
    scale = np.ones(n, dtype=a.dtype)
    for i in range(n):
        row = a[i]
        largest = max(row.max(), -row.min())
        if largest > 0:
            scale[i] = largest / 127
        q[i] = np.floor(row / scale[i] + 0.5)
    return q, scale


def dequantize(q: np.ndarray, scale: np.ndarray) -> np.ndarray:
    result = np.empty(q.shape, dtype=scale.dtype)
    for i, s in enumerate(scale):
        result[i] = q[i] * s
    return result


def integer_product(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    # nothing can overflow in 64 bits, and the sums fit into 32
    product = torch.einsum("nk,mk->nm", torch.from_numpy(x).long(), torch.from_numpy(w).long())
    return product.int().numpy()


def integer_layer(x: np.ndarray, q: np.ndarray, scale: np.ndarray, b: np.ndarray) -> np.ndarray:
    x_q, x_scale = quantize(x)
    z = integer_product(x_q, q).astype(np.float64)
    z *= x_scale.reshape(-1, 1)
    z *= scale
    z += b
    return z


def quantize_network(network: dict) -> dict:
    W1, scale1 = quantize(np.asarray(network["W1"], dtype=np.float32))
    W2, scale2 = quantize(np.asarray(network["W2"], dtype=np.float32))
    return {
        "W1": W1,
        "scale1": scale1,
        "b1": np.array(network["b1"], dtype=np.float32),
        "W2": W2,
        "scale2": scale2,
        "b2": np.array(network["b2"], dtype=np.float32),
    }


def integer_forward(network: dict, images: np.ndarray) -> np.ndarray:
    z = integer_layer(images, network["W1"], network["scale1"], network["b1"])
    z[z < 0] = 0
    return integer_layer(z, network["W2"], network["scale2"], network["b2"])


def stored_bytes(network: dict) -> int:
    total = 0
    for array in network.values():
        nonzero = array != 0
        packed = np.packbits(nonzero).nbytes + array[nonzero].nbytes
        total += packed if packed < array.nbytes else array.nbytes
    return total


def prune(network: dict, share: float) -> dict:
    pruned = {}
    for name, array in network.items():
        tensor = torch.tensor(array)
        if name.startswith("W"):
            flat = tensor.view(-1)
            count = round(share * flat.numel())
            flat[flat.abs().topk(count, largest=False).indices] = 0
        pruned[name] = tensor.numpy()
    return pruned


def run(parameters: list, images: torch.Tensor) -> torch.Tensor:
    """Return the logits of a network given as [W1, b1, W2, b2]."""
    W1, b1, W2, b2 = parameters
    return torch.nn.functional.linear(torch.nn.functional.linear(images, W1, b1).clamp(min=0), W2, b2)


def to_dict(parameters: list) -> dict:
    return dict(zip(("W1", "b1", "W2", "b2"), (p.detach().numpy() for p in parameters)))


def fine_tune(network: dict, images: np.ndarray, labels: np.ndarray, seed: int) -> dict:
    """L-BFGS with all images in one batch; so there's nothing random here, and the seed isn't needed."""
    images, labels = torch.tensor(images), torch.tensor(labels)
    start = [torch.tensor(network[name]) for name in ("W1", "b1", "W2", "b2")]
    keep_1, keep_2 = start[0] != 0, start[2] != 0
    free = [tensor.clone().requires_grad_() for tensor in start]

    def masked() -> list:
        W1, b1, W2, b2 = free
        return [W1 * keep_1, b1, W2 * keep_2, b2]

    optimizer = torch.optim.LBFGS(free, max_iter=40, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        parameters = masked()
        decay = parameters[0].square().sum() + parameters[2].square().sum()
        loss = torch.nn.functional.cross_entropy(run(parameters, images), labels) + 1e-4 * decay
        loss.backward()
        return loss

    optimizer.step(closure)
    return to_dict(masked())


def distillation_loss(student: np.ndarray, teacher: np.ndarray, temperature: float) -> tuple[float, np.ndarray]:
    log_q = torch.log_softmax(torch.from_numpy(student) / temperature, dim=1)
    log_p = torch.log_softmax(torch.from_numpy(teacher) / temperature, dim=1)
    p, q = log_p.exp(), log_q.exp()
    n = len(student)
    loss = temperature**2 / n * torch.sum(p * (log_p - log_q))
    gradient = temperature / n * (q - p)
    return loss.item(), gradient.numpy()


def shifted(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Move a batch of images by -1, 0 or 1 pixel in both directions."""
    down, right = torch.randint(-1, 2, (2,), generator=generator).tolist()
    return images.view(-1, SIDE, SIDE).roll((down, right), dims=(1, 2)).reshape(-1, SIDE * SIDE)


def distill(teacher: dict, images: np.ndarray, hidden: int, seed: int) -> dict:
    """Let the student's logits come close to the teacher's, in the mean square (the limit of a large temperature)."""
    generator = torch.Generator()
    generator.manual_seed(seed)
    images = torch.tensor(images)
    large = [torch.tensor(teacher[name]) for name in ("W1", "b1", "W2", "b2")]
    inputs = images.shape[1]
    small = [
        torch.randn(hidden, inputs, generator=generator) * (2 / inputs) ** 0.5,
        torch.zeros(hidden),
        torch.randn(CLASSES, hidden, generator=generator) * (2 / hidden) ** 0.5,
        torch.zeros(CLASSES),
    ]
    for parameter in small:
        parameter.requires_grad_()

    steps, batch = 1500, 100
    optimizer = torch.optim.AdamW(small, lr=0.01, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=steps)
    for _ in range(steps):
        rows = torch.randint(len(images), (batch,), generator=generator)
        x = shifted(images[rows], generator)
        with torch.no_grad():
            target = run(large, x)
        loss = torch.nn.functional.mse_loss(run(small, x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return to_dict(small)


def pareto_front(points: list) -> list:
    best = {}  # the highest accuracy for each number of bytes
    for _, size, accuracy in points:
        best[size] = max(accuracy, best.get(size, accuracy))

    front = []
    record = float("-inf")
    for size in sorted(best):
        if best[size] > record:
            record = best[size]
            front += [point for point in points if point[1] == size and point[2] == record]
    return front


def plot_front(points: list, path) -> None:
    figure = Figure(figsize=(7, 4.5))
    ax = figure.subplots()
    ax.semilogx([p[1] for p in points], [p[2] for p in points], "o", color="steelblue")
    front = pareto_front(points)
    ax.semilogx([p[1] for p in front], [p[2] for p in front], "-", color="firebrick")
    ax.set_xlabel("bytes")
    ax.set_ylabel("accuracy")
    ax.grid(True, which="both", alpha=0.2)
    figure.tight_layout()
    figure.savefig(path)


if __name__ == "__main__":
    digit_network.main(sys.modules[__name__], *sys.argv[1:])
