"""Compare losses and their gradients with torch.nn, also for extreme values. twin.py derives the tolerance."""

import numpy as np
import torch
from torch import nn

from graders.checks import away_from_kinks, cases, task
from graders.hidden.meta.twin import check, check_refusals

KINDS = (np.float64, np.float32)
MILD = 2.0  # the largest logit. All probabilities are above 0.002, so log(p + 1e-12) is right; `corners` has the others
REDUCTIONS = ("", "reduction='mean'", "reduction='sum'", "reduction='none'")


def check_loss(kata, probes, draw, make, leaves, constants, targets="t", *, numerically=False):
    for reduction in REDUCTIONS:
        given = make.replace("()", f"({reduction})") if "()" in make else f"{make[:-1]}, {reduction})"
        code = f"y = {given.replace(', )', ')')}(x, {targets})"
        reference = code.replace(targets, f"Tensor({targets})") if targets.startswith("raw") else code
        function = torchs_loss(given.replace(", )", ")"), constants.get(targets))
        inputs = {f"{name}.grad": array for name, array in leaves.items()}
        numeric = (function, inputs) if numerically else None
        check(kata, probes, code, leaves, constants, reference=reference, draw=draw, numerically=numeric)


def torchs_loss(make, target):
    """Return PyTorch's loss as a function of the input and, if `target` is None, of the target."""
    loss = eval(make, dict(vars(nn)))
    rest = [] if target is None else [torch.tensor(target)]
    return lambda *tensors: loss(*tensors, *rest)


@task("losses")
@cases(6)
def test_squares_and_absolute_differences(kata, draw, probes):
    n, m = draw.sizes("n m", low=1, high=6)
    shape = ((n, m), (n,), (n, m, 2))[draw.case // 2]
    x, t = (draw.normal(*shape).astype(KINDS[draw.case % 2]) for _ in "xt")
    t = (x - away_from_kinks(x - t)).astype(x.dtype)
    for make in ("MSELoss()", "L1Loss()"):
        check_loss(kata, probes, draw, make, {"x": x}, {"t": t})
        check_loss(kata, probes, draw, make, {"x": x, "t": t}, {}, numerically=True)
        check_loss(kata, probes, draw, make, {"x": x}, {"raw_t": t}, targets="raw_t")


@task("losses")
@cases(6)
def test_binary_cross_entropy_of_logits(kata, draw, probes):
    n, m = draw.sizes("n m", low=1, high=6)
    shape = ((n, m), (n,), (n, m, 2))[draw.case // 2]
    kind = KINDS[draw.case % 2]
    x, t = draw.uniform(-MILD, MILD, *shape).astype(kind), draw.uniform(0, 1, *shape).astype(kind)
    truth = (t > 0.5).astype(kind)
    for targets in (t, truth):
        check_loss(kata, probes, draw, "BCEWithLogitsLoss()", {"x": x}, {"t": targets}, numerically=True)
    check_loss(kata, probes, draw, "BCEWithLogitsLoss()", {"x": x}, {"raw_t": truth}, targets="raw_t")


@task("losses")
@cases(8)
def test_cross_entropy(kata, draw, probes):
    n, classes = draw.sizes("n classes", low=2, high=7)
    kind = KINDS[draw.case % 2]
    x, t = draw.uniform(-MILD, MILD, n, classes).astype(kind), draw.integers(0, classes, n)
    check_loss(kata, probes, draw, "CrossEntropyLoss()", {"x": x}, {"t": t}, numerically=True)
    check_loss(kata, probes, draw, "CrossEntropyLoss()", {"x": x}, {"raw_t": t}, targets="raw_t")
    check_loss(kata, probes, draw, "CrossEntropyLoss()", {"x": x[:1]}, {"t": t[:1]})
    check_loss(kata, probes, draw, "CrossEntropyLoss()", {"x": np.zeros_like(x)}, {"t": t})
    smoothing = ("0.1", "0.3", "1.0", "0.05")[draw.case // 2]
    check_loss(kata, probes, draw, f"CrossEntropyLoss(label_smoothing={smoothing})", {"x": x}, {"t": t})
    some = t.copy()
    some[draw.integers(0, n - 1)] = -100
    for make in ("CrossEntropyLoss()", f"CrossEntropyLoss(label_smoothing={smoothing})"):
        check_loss(kata, probes, draw, make, {"x": x}, {"t": some}, numerically=True)
    ignored = int(t[-1])
    rest = t.copy()
    rest[0] = (ignored + 1) % classes  # so that not all rows are ignored
    check_loss(kata, probes, draw, f"CrossEntropyLoss(ignore_index={ignored})", {"x": x}, {"t": rest})


@task("corners", title="Losses for logits of 0 and up to 10 000, and L1Loss at its kink")
@cases(4)
def test_losses_of_large_numbers(kata, draw, probes):
    """For such logits, sigmoid rounds to 0 or 1, so logarithms may be infinite, and exponentials may overflow."""
    n, classes = draw.sizes("n classes", low=2, high=7)
    kind = KINDS[draw.case % 2]
    x, t = draw.normal(n, classes, scale=2).astype(kind), draw.integers(0, classes, n)
    for numbers in ((x * 5000).astype(kind), (x + 1e4).astype(kind), (x - 1e4).astype(kind)):
        check_loss(kata, probes, draw, "CrossEntropyLoss()", {"x": numbers}, {"t": t})
    share = draw.uniform(0, 1, n, classes).astype(kind)
    for targets in (share, (share > 0.5).astype(kind)):
        for numbers in ((x * 6000).astype(kind), np.zeros_like(x)):
            check_loss(kata, probes, draw, "BCEWithLogitsLoss()", {"x": numbers}, {"t": targets})
    equal = x.copy()
    equal[0] += 1
    check_loss(kata, probes, draw, "L1Loss()", {"x": x}, {"t": equal})


@task("losses")
@cases(2)
def test_losses_in_graphs(kata, draw, probes):
    kind = KINDS[draw.case]
    leaves = {"w": draw.normal(4, 3, scale=0.3).astype(kind), "b": draw.normal(3, scale=0.3).astype(kind)}
    constants = {"x": draw.normal(5, 4).astype(kind), "t": draw.integers(0, 3, 5), "v": draw.normal(5, 3).astype(kind)}
    code = """
        z = x @ w + b
        y = CrossEntropyLoss()(z, t) + 0.5 * MSELoss()(z, v) + L1Loss(reduction='sum')(z * 2, v)
        y = y + BCEWithLogitsLoss()(z, v.sigmoid())
        y.backward()
    """
    check(kata, probes, code, leaves, constants, report=["y", "z", "w.grad", "b.grad", "y.shape"])


@task("refusals", title="Errors raised by losses")
@cases(1)
def test_errors_of_losses(kata, probes):
    lines = [f"{name}(reduction='average')(x, x)" for name in ("MSELoss", "L1Loss", "BCEWithLogitsLoss")]
    lines += ["CrossEntropyLoss(reduction='average')(x, t)"]
    given = {
        "x": np.ones((2, 3)),
        "t": np.array([0, 1]),
        "u": np.array([0, 3]),
        "n": np.array([-1, 1]),
        "v": np.array([0, 1, 2]),
    }
    sums, means = [line.replace("average", "sum") for line in lines], ["CrossEntropyLoss()(x, t)"]
    check_refusals(kata, probes, lines, {}, given, ["ValueError"], "the reduction doesn't exist", allowed=sums)
    for labels, kinds, why in (
        ("n", ["IndexError"], "there is no class -1"),
        ("u", ["IndexError"], "there are three classes"),
        ("v", ["ValueError", "RuntimeError", "IndexError"], "there are two rows but three labels"),
    ):
        check_refusals(kata, probes, [f"CrossEntropyLoss()(x, {labels})"], {}, given, kinds, why, allowed=means)
