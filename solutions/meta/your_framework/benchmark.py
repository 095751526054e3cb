"""How long a training step takes, compared with PyTorch, on one thread:

    OPENBLAS_NUM_THREADS=1 python -m your_framework.benchmark

A step is zero_grad, forward pass, loss, backward pass and optimiser step, in float32. The two frameworks take turns, so
that what else the machine does hits both. Times are processor times. Measured on two cores of an AMD EPYC with Linux,
Python 3.11, NumPy 2.4 and torch 2.13, while other programs kept both cores busy, so look at the ratios:

    784-128-10   your_framework   2.182 ms, half of the rounds from 1.935 to 2.391
    784-128-10   PyTorch          3.893 ms, half of the rounds from 3.232 to 4.381
    convolution  your_framework   3.721 ms, half of the rounds from 3.420 to 4.049
    convolution  PyTorch          6.757 ms, half of the rounds from 6.208 to 7.165
"""

import time
from statistics import quantiles

import numpy as np

NETWORKS = {  # the layers, the optimiser, and the shape of a batch
    "784-128-10": ([("Linear", 784, 128), ("ReLU",), ("Linear", 128, 10)], "Adam", (64, 784)),
    "convolution": (
        [("Conv2d", 1, 8, 3), ("ReLU",), ("MaxPool2d", 2), ("Flatten",), ("Linear", 1352, 10)], "SGD", (32, 1, 28, 28)
    ),
}  # fmt: skip
STEPS, ROUNDS = 10, 100


def training(nn, optim, tensor, layers, optimizer, shape):
    """Return a function that makes one training step. `nn` has the layers, `optim` the optimisers."""
    rng = np.random.default_rng(0)
    x, y = tensor(rng.random(shape, dtype=np.float32)), tensor(rng.integers(0, 10, shape[0]))
    model = nn.Sequential(*(getattr(nn, name)(*sizes) for name, *sizes in layers))
    optimizer, criterion = getattr(optim, optimizer)(model.parameters(), lr=0.001), nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()

    return step


def milliseconds(step):
    """Return the processor time of one step, the mean of STEPS."""
    start = time.process_time()
    for _ in range(STEPS):
        step()
    return 1000 * (time.process_time() - start) / STEPS


if __name__ == "__main__":
    import torch

    import your_framework

    torch.set_num_threads(1)
    for title, network in NETWORKS.items():
        ours = training(your_framework, your_framework, your_framework.Tensor, *network)
        theirs = training(torch.nn, torch.optim, torch.from_numpy, *network)
        times = [(milliseconds(ours), milliseconds(theirs)) for _ in range(ROUNDS + 1)][1:]  # the first warms up
        for name, values in zip(("your_framework", "PyTorch"), zip(*times, strict=True), strict=True):
            low, middle, high = quantiles(values, n=4)
            print(f"{title:11}  {name:14}  {middle:6.3f} ms, half of the rounds from {low:.3f} to {high:.3f}")
