"""Compare convolution and pooling with torch.nn. twin.py derives the tolerance."""

import functools
import itertools

import numpy as np
from torch import nn
from torch.nn.functional import conv2d

from graders.checks import about, assert_uniform, cases, task
from graders.checks.mismatch import fail
from graders.hidden.meta.twin import check, check_refusals, ran

KINDS = ("float64", "float32")
# each row: input channels, output channels, height, width, kernel size, further arguments
CONVOLUTIONS = (
    (2, 3, 6, 7, "3", ""),
    (1, 1, 1, 1, "1", ""),
    (3, 4, 5, 4, "1", ""),
    (2, 3, 4, 5, "(4, 5)", ""),
    (3, 2, 5, 8, "(2, 3)", ""),
    (2, 2, 7, 6, "(1, 4)", ", bias=False"),
    (2, 3, 8, 7, "3", ", stride=2"),
    (2, 3, 7, 9, "(3, 2)", ", stride=(2, 3)"),
    (1, 2, 5, 5, "2", ", stride=3"),
    (2, 3, 5, 6, "3", ", padding=1"),
    (2, 3, 4, 3, "3", ", padding=(0, 2)"),
    (2, 2, 3, 3, "(3, 5)", ", padding=(1, 2), bias=False"),
    (2, 3, 8, 9, "3", ", dilation=2"),
    (2, 3, 9, 7, "(2, 3)", ", dilation=(3, 1)"),
    (2, 3, 9, 8, "3", ", stride=2, padding=2, dilation=2"),
    (4, 6, 5, 6, "3", ", groups=2"),
    (3, 3, 6, 5, "2", ", groups=3, padding=1"),
    (4, 8, 7, 7, "3", ", stride=2, padding=1, groups=4"),
    (4, 2, 8, 8, "(2, 3)", ", stride=(1, 2), padding=(1, 0), dilation=(2, 1), groups=2, bias=False"),
    (2, 3, 2, 2, "5", ", padding=2"),
)


@task("convolution")
@cases(2 * len(CONVOLUTIONS))
def test_convolution(kata, draw, probes):
    inputs, outputs, height, width, kernel, more = CONVOLUTIONS[draw.case // 2]
    n, kind = draw.sizes("n", low=1, high=3), KINDS[draw.case % 2]
    x = draw.normal(n, inputs, height, width).astype(kind)
    groups = int(more.partition("groups=")[2][:1] or 1)
    size = eval(kernel) if "(" in kernel else (int(kernel),) * 2
    constants = {"raw_w": draw.normal(outputs, inputs // groups, *size).astype(kind)}
    code = f"layer = Conv2d({inputs}, {outputs}, {kernel}{more})\nlayer.to({kind})\nput(layer.weight, raw_w)\n"
    report = ["y", "x.grad", "layer.weight.grad", "layer.weight.shape"]
    if "bias=False" not in more:
        constants["raw_b"] = draw.normal(outputs).astype(kind)
        code += "put(layer.bias, raw_b)\n"
        report.append("layer.bias.grad")
    code += "y = layer(x)"
    inputs = dict(zip(["x.grad", "layer.weight.grad", "layer.bias.grad"], [x, *constants.values()], strict=False))
    function = functools.partial(conv2d, **eval(f"dict({more.replace('bias=False', '').strip(', ')})"))
    check(kata, probes, code, {"x": x}, constants, report, draw=draw, numerically=(function, inputs))


# each row: kernel size, further arguments
POOLS = (
    ("2", ""),
    ("3", ", stride=1"),
    ("(2, 3)", ""),
    ("3", ", stride=2"),
    ("3", ", stride=(1, 2)"),
    ("2", ", padding=1"),
    ("(3, 4)", ", stride=2, padding=(1, 2)"),
    ("1", ""),
    ("(6, 7)", ""),
    ("2", ", stride=3"),
    ("4", ", stride=2, padding=2"),
)


@task("convolution")
@cases(2 * len(POOLS))
def test_pooling(kata, draw, probes):
    """Pool numbers of both signs, then only negative numbers, which padding must not exceed."""
    kernel, more = POOLS[draw.case // 2]
    n, channels, kind = draw.sizes("n", low=1, high=3), draw.sizes("channels", low=1, high=3), KINDS[draw.case % 2]
    rng = np.random.default_rng(draw.seed())
    x = (rng.permutation(n * channels * 42).reshape(n, channels, 6, 7) / 8 - 2 * n * channels).astype(
        kind
    )  # no two numbers are equal
    for name, numbers in itertools.product(("MaxPool2d", "AvgPool2d"), (x, x - x.max() - 1)):
        made = f"{name}({kernel}{more})"
        code = f"layer = {made}\ny = layer(x)"
        numeric = (eval(made, dict(vars(nn))), {"x.grad": x}) if numbers is x else None
        check(kata, probes, code, {"x": numbers}, draw=draw, numerically=numeric)
    if draw.case % 2 == 0 and "padding" not in more:
        wide = (rng.permutation(n * channels * 130).reshape(n, channels, 10, 13) / 8).astype(kind)
        code = f"layer = MaxPool2d({kernel if kernel != '(6, 7)' else '(3, 2)'}, stride=2, dilation=2)\ny = layer(x)"
        check(kata, probes, code, {"x": wide}, draw=draw)


@task("corners")
@cases(4)
def test_pooling_equal_numbers(kata, draw, probes):
    """Of several equal numbers that are the largest in a window, the first one gets the gradient."""
    kernel, more = POOLS[draw.case]
    x = draw.integers(0, 3, 2, 2, 6, 7).astype(KINDS[draw.case % 2])
    check(kata, probes, f"layer = MaxPool2d({kernel}{more})\ny = layer(x)", {"x": x}, draw=draw)


@task("convolution")
@cases(2)
def test_a_small_convolutional_network(kata, draw, probes):
    kind = KINDS[draw.case]
    x = draw.normal(3, 1, 10, 9).astype(kind)
    constants = {
        "raw1": draw.normal(4, 1, 3, 3),
        "raw2": draw.normal(6, 4, 3, 3, scale=0.3),
        "raw3": draw.normal(5, 24),
    }
    code = f"""
model = Sequential(
    Conv2D(1, 4, 3, padding=1), ReLU(), MaxPool2d(2), Conv2D(4, 6, kernel_size=3, stride=1), Tanh(),
    AvgPool2d((1, 1)), Flatten(), Linear({6 * 3 * 2}, 5),
)
model.to({kind})
put(model[0].weight, raw1)
put(model[3].weight, raw2)
put(model[7].weight, raw3)
put(model[0].bias, np.zeros(4))
put(model[3].bias, np.ones(6))
put(model[7].bias, np.zeros(5))
y = model(x)"""
    constants["raw3"] = np.random.default_rng(draw.seed()).standard_normal((5, 36))
    g = draw.normal(3, 5).astype(kind)
    report = [
        "y",
        "x.grad",
        "model[0].weight.grad",
        "model[3].weight.grad",
        "model[3].bias.grad",
        "model[7].weight.grad",
    ]
    check(kata, probes, f"{code}\ny.backward(g)", {"x": x}, constants | {"g": g}, report)


@task("convolution")
@cases(1)
def test_initial_weights(kata, probes):
    code = """
        layers = [Conv2d(6, 12, (3, 2), groups=2) for _ in range(30)]
        w = [layer.weight for layer in layers]
        b = [layer.bias for layer in layers]
    """
    found = ran(kata, probes, code, {}, {}, ["w", "b", "Conv2D is Conv2d or issubclass(Conv2D, Conv2d)"])
    bound = 1 / np.sqrt(3 * 3 * 2) * (1 + 1e-6)
    for name in "wb":
        with about(f"{'weights' if name == 'w' else 'biases'} of Conv2d(6, 12, (3, 2), groups=2)"):
            assert_uniform(np.stack(found[name]), -bound, bound)
    if found["Conv2D is Conv2d or issubclass(Conv2D, Conv2d)"] is not True:
        fail("Conv2D should be another name for Conv2d", True, False)


@task("refusals", title="Errors for images and groups that are incompatible with a convolution")
@cases(1)
def test_what_convolutions_refuse(kata, probes):
    image = {"x": np.ones((2, 3, 4, 4), np.float32)}
    lines = ["Conv2d(2, 3, 3)(x)", "Conv2d(3, 4, 5)(x)", "Conv2d(3, 4, 3, dilation=2)(x)"]
    why, allowed = "the image has the shape (2, 3, 4, 4)", ["Conv2d(3, 3, 3)(x)", "Conv2d(3, 4, 4)(x)"]
    check_refusals(kata, probes, lines, {}, image, ["RuntimeError"], why, allowed=allowed)
    lines, allowed = ["Conv2d(3, 4, 3, groups=2)"], ["Conv2d(4, 4, 3, groups=2)"]
    check_refusals(kata, probes, lines, {}, {}, ["ValueError"], "2 groups don't divide 3 channels", allowed=allowed)
