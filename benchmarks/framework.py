"""Compare the training speed of the kata meta's solution with that of PyTorch and small frameworks.

    python benchmarks/framework.py [--rounds 30]

A step consists of zero_grad, forward pass, loss, backward pass and optimiser step, in float32 on the CPU. The networks:

- mlp: 784-128-10, ReLU, Adam, batch 64: the network from the kata's README
- conv: 1 → 8 channels 3×3, ReLU, max-pool 2, 8 → 16 channels 3×3, ReLU, max-pool 2, linear; SGD, batch 32 of 28×28
- deep: 50 layers of width 16, ReLU, Adam, batch 16: almost only overhead
- gpt: the language model of the kata milestone4, AdamW, clipped gradients, 16 passages of 48 words
- scalar: 3-4-4-1, ReLU, 4 samples, gradient descent: micrograd's typical size

Our framework is compared with PyTorch in eager mode, using 1 thread and 2 threads. With 1 thread, it is also compared
with tinygrad (using its TinyJit) and micrograd if they are installed (`pip install tinygrad micrograd`; tinygrad needs
clang). The frameworks run in turns in one process. Ours and PyTorch start with the same weights and must reach the same
losses. With 1 thread, times are processor time, which other work on the machine hardly disturbs; with 2 threads, they
are wall-clock time. The figures are medians over the rounds. Ratios (the other framework's time / ours) come with a
95 % bootstrap interval. Memory is the peak growth of the resident set during one step with a batch 64 times as large,
in a separate process that has made a small step before.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
THREADS = (1, 2)
SECONDS = 0.01  # the minimum duration of one framework's round

RELU, POOL, FLAT = ("ReLU",), ("MaxPool2d", 2), ("Flatten",)
MLP = [("Linear", 784, 128), RELU, ("Linear", 128, 10)]
CONV = [("Conv2d", 1, 8, 3), RELU, POOL, ("Conv2d", 8, 16, 3), RELU, POOL, FLAT, ("Linear", 400, 10)]
DEEP = [("Linear", 16, 16), RELU] * 49 + [("Linear", 16, 10)]
WORK = {  # layers, optimiser, batch size, shape of a sample
    "mlp": (MLP, "Adam", 64, (784,)),
    "conv": (CONV, "SGD", 32, (1, 28, 28)),
    "deep": (DEEP, "Adam", 16, (16,)),
}


def batch(name: str, times: int = 1):
    """Return the inputs and classes of a workload; they are always the same."""
    import numpy as np

    rng = np.random.default_rng(0)
    _, _, size, shape = WORK[name]
    x = rng.standard_normal((size * times, *shape)).astype(np.float32)
    return x, rng.integers(0, 10, size * times)


def built(name: str, layers) -> list:
    """Build the layers of a workload from a module's classes."""
    return [getattr(layers, kind)(*arguments) for kind, *arguments in WORK[name][0]]


def trainer(model, criterion, optimizer, x, y) -> Callable[[], float]:
    """Return a function that makes one training step, using only names that PyTorch and our framework share."""

    def step() -> float:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def torch_side(name: str, times: int = 1) -> Callable[[], float]:
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(0)
    model = torch.nn.Sequential(*built(name, torch.nn))
    optimizer = getattr(torch.optim, WORK[name][1])(model.parameters(), lr=1e-3)
    return trainer(model, torch.nn.CrossEntropyLoss(), optimizer, *map(torch.tensor, batch(name, times)))


def our_side(name: str, times: int = 1, same: bool = False) -> Callable[[], float]:
    sys.path.insert(0, str(ROOT / "solutions" / "meta"))
    import your_framework

    if same:
        import torch

        torch.manual_seed(0)
        model = your_framework.from_torch(torch.nn.Sequential(*built(name, torch.nn)))
    else:
        model = your_framework.Sequential(*built(name, your_framework))
    optimizer = getattr(your_framework, WORK[name][1])(model.parameters(), lr=1e-3)
    data = map(your_framework.Tensor, batch(name, times))
    return trainer(model, your_framework.CrossEntropyLoss(), optimizer, *data)


def gpt_sides() -> dict[str, Callable[[], Callable[[], float]]]:
    """Return both sides of the language model: the solution's, and the twin in the kata's visible tests."""
    sys.path[:0] = [str(ROOT / folder) for folder in ("solutions/meta", "solutions/milestone4", "katas/milestone4")]
    import gpt
    import numpy as np
    import test_milestone4
    import torch
    import training
    from your_framework import AdamW

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    text = training.corpus.of_stories(training.corpus.words_of, training.CONTEXT)
    sizes = len(text.tokens), training.CONTEXT, training.FEATURES, training.N_HEADS, training.N_BLOCKS
    state = training.initial_state(len(text.tokens), np.random.default_rng(0))
    x, y = training.passages(text.ids, text.starts, training.BATCH, training.CONTEXT, np.random.default_rng(1))

    def ours() -> Callable[[], float]:
        model = gpt.GPT(*sizes)
        model.load_state_dict(state)
        optimizer = AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
        return lambda: gpt.train_step(model, optimizer, x, y, 1e-3)

    def theirs() -> Callable[[], float]:
        model = test_milestone4.twin(sizes, state, torch.float32)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)

        def step() -> float:
            optimizer.zero_grad()
            loss = test_milestone4.twin_loss(model, x, y)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            return loss.item()

        return step

    return {"ours": ours, "PyTorch": theirs}


def tinygrad_side(name: str) -> Callable[[], float]:
    from tinygrad import Tensor, TinyJit, nn

    names = {"ReLU": lambda: Tensor.relu, "MaxPool2d": lambda k: lambda x: x.max_pool2d((k, k))}
    names["Flatten"] = lambda: lambda x: x.flatten(1)
    layers = argparse.Namespace(Linear=nn.Linear, Conv2d=nn.Conv2d, **names)
    model = built(name, layers)
    optimizer = getattr(nn.optim, WORK[name][1])(nn.state.get_parameters(model), lr=1e-3)
    x, y = map(Tensor, batch(name))

    @TinyJit
    def step() -> Tensor:
        optimizer.zero_grad()
        loss = x.sequential(model).sparse_categorical_crossentropy(y).backward()
        return loss.realize(*optimizer.schedule_step())

    return lambda: step().item()


def scalar_data() -> tuple[list[list[float]], list[float]]:
    return [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]], [1.0, -1.0, -1.0, 1.0]


def micrograd_scalar() -> Callable[[], float]:
    from micrograd.nn import MLP

    model = MLP(3, [4, 4, 1])
    xs, ys = scalar_data()

    def step() -> float:
        loss = sum((model(x) - y) ** 2 for x, y in zip(xs, ys, strict=True))
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 1e-3 * p.grad
        return loss.data

    return step


def our_scalar() -> Callable[[], float]:
    sys.path.insert(0, str(ROOT / "solutions" / "meta"))
    from your_framework import SGD, Linear, MSELoss, ReLU, Sequential, Tensor

    model = Sequential(Linear(3, 4), ReLU(), Linear(4, 4), ReLU(), Linear(4, 1))
    xs, ys = scalar_data()
    data = Tensor(xs), Tensor([[y] for y in ys])
    return trainer(model, MSELoss(reduction="sum"), SGD(model.parameters(), lr=1e-3), *data)


def measure(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Return how many seconds a step took in each round, for each workload and framework."""
    alone = os.environ["OMP_NUM_THREADS"] == "1"
    clock = time.process_time if alone else time.perf_counter
    found: dict[str, dict[str, list[float]]] = {}
    for name in [*WORK, "gpt", *["scalar"] * alone]:
        if name == "gpt":
            sides = gpt_sides()
        elif name == "scalar":
            sides = {"ours": our_scalar, "micrograd": micrograd_scalar}
        else:
            sides = {"ours": lambda name=name: our_side(name, same=True), "PyTorch": lambda name=name: torch_side(name)}
            if alone:
                sides["tinygrad"] = lambda name=name: tinygrad_side(name)
        steps = {}
        for side, make in sides.items():
            try:
                steps[side] = make()
                losses = [steps[side]() for _ in range(5)]
            except (ImportError, FileNotFoundError) as error:  # not installed, or no clang
                steps.pop(side, None)
                print(f"{name}: without {side}: {error}", file=sys.stderr)
                continue
            if side == "ours":
                expected = losses
            elif side == "PyTorch":
                assert all(abs(a - b) < 1e-4 * b for a, b in zip(losses, expected, strict=True)), (losses, expected)
        counts = {}
        for side, step in steps.items():
            started = clock()
            step()
            counts[side] = max(1, round(SECONDS / (clock() - started)))
        times: dict[str, list[float]] = {side: [] for side in steps}
        for _ in range(rounds):
            for side, step in steps.items():
                started = clock()
                for _ in range(counts[side]):
                    step()
                times[side].append((clock() - started) / counts[side])
        found[name] = times
    return found


def peak(side: str, name: str) -> float:
    """Return by how many megabytes the resident set grows at the peak of one step with a large batch."""
    make = {"ours": our_side, "PyTorch": torch_side}[side]
    make(name)()  # load and set up the libraries
    step = make(name, 64)

    def status(key: str) -> int:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(key))

    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # reset the peak
    before = status("VmRSS")
    step()
    return (status("VmHWM") - before) / 1024


def child(*arguments: str, threads: int = 1) -> str:
    """Run this file with these arguments in a process with `threads` threads, and return its output."""
    variables = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(variables, str(threads)) | {"DEV": "CPU", "TRAINING": "1"}
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--times", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.times:
        print(json.dumps(measure(options.rounds)))
        return
    if options.peak:
        print(peak(*options.peak))
        return
    from graders.checks.speed import median_interval

    for threads in THREADS:
        for name, times in json.loads(child("--times", "--rounds", str(options.rounds), threads=threads)).items():
            for side, seconds in times.items():
                line = f"{threads} thread{'s'[: threads - 1]} {name:6s} {side:9s} {1e3 * median(seconds):8.3f} ms"
                if side != "ours":
                    ratios = [a / b for a, b in zip(seconds, times["ours"], strict=True)]
                    line += "   {:.2f} times ours ({:.2f} to {:.2f})".format(*median_interval(ratios))
                print(line)
    for name in WORK:
        ours, theirs = (float(child("--peak", side, name)) for side in ("ours", "PyTorch"))
        print(f"peak memory of a step, batch × 64: {name:6s} ours {ours:7.1f} MB, PyTorch {theirs:7.1f} MB")


if __name__ == "__main__":
    main()
