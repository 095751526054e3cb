"""Test operands of different shapes, and compare their gradients with torch.autograd. twin.py derives the tolerance."""

import itertools

import numpy as np

from graders.checks import cases, task
from graders.checks.mismatch import fail
from graders.hidden.meta.twin import check, check_all, check_refusals, names_shape

FLOATS = (np.float64, np.float32)
LARGEST = (2, 3, 2, 4)  # every shape has the last axes of this one, with some sizes replaced by 1
SHAPES = [
    tuple(1 if one else size for size, one in zip(LARGEST[4 - axes :], ones, strict=True))
    for axes in range(5)
    for ones in itertools.product((False, True), repeat=axes)
]
SHORT = [shape for shape in SHAPES if len(shape) <= 2]
LONG = [LARGEST, LARGEST[1:], (1, 1, 1, 1), (2, 1, 2, 1), (1, 1, 2, 1)]
SIGNS = ("+", "*", "-", "/")


def partners(first):
    """Return the shapes to combine with a shape: all of them, or some of the long ones if it is long, too."""
    if len(first) <= 2:
        return SHAPES
    as_long = [shape for shape in SHAPES if len(shape) == len(first)]
    opposite = as_long[-1 - as_long.index(first)]  # it has a 1 wherever the first has none
    return list(dict.fromkeys([*SHORT, first, opposite, *LONG]))


@task("broadcasting")
@cases(len(SHAPES))
def test_pairs_of_shapes(kata, draw, probes):
    first, dtype = SHAPES[draw.case], FLOATS[draw.case % 2]
    rng = np.random.default_rng(draw.seed())
    a = rng.uniform(0.5, 2, first).astype(dtype)
    for number, second in enumerate(partners(first)):
        b = rng.uniform(0.5, 2, second).astype(dtype)
        check_all(kata, probes, draw, [f"a {SIGNS[(number + draw.case) % 4]} b"], {"a": a, "b": b})


@task("broadcasting")
@cases(8)
def test_all_operations_broadcast(kata, draw, probes):
    n, m = draw.sizes("n m", low=2, high=5)
    dtype = FLOATS[draw.case % 2]
    first, second = (((n, m), (m,)), ((n, 1), (1, m)), ((m,), (n, 1)), ((), (n, m)))[draw.case // 2]
    a, b = (np.asarray(draw.uniform(0.5, 2, *shape)).astype(dtype) for shape in (first, second))
    lines = ["a ** b", "b ** a", "a.maximum(b)", "b.minimum(a)", "a - b * a", "a / b + b", "a * b * a"]
    check_all(kata, probes, draw, lines, {"a": a, "b": b}, numerically=True)
    check_all(kata, probes, draw, ["a * b", "b - a"], {"a": a}, {"b": b})
    arrays = ["a + raw", "raw - a", "a * raw", "raw / a"]
    if second:
        as_torch = [line.replace("raw", "Tensor(raw)") for line in arrays]
        check_all(kata, probes, draw, arrays, {"a": a}, {"raw": b}, reference=as_torch)
    code = "y = x + v\ny *= v\ny -= v\ny /= v\ny += v\nz = (x < v)"
    given = {"x": draw.normal(n, m, dtype=dtype), "v": draw.uniform(1, 2, m, dtype=dtype)}
    check(kata, probes, code, constants=given, report=["y", "z"])


@task("broadcasting")
@cases(16)
def test_products_of_stacks_of_matrices(kata, draw, probes):
    n, k, m, p, q = draw.sizes("n k m p q", low=2, high=4)  # axes of size 1 are in the shapes below
    first, second = (
        ((p, n, k), (p, k, m)),
        ((p, n, k), (k, m)),
        ((n, k), (p, k, m)),
        ((p, 1, n, k), (q, k, m)),
        ((q, p, n, k), (q, 1, k, m)),
        ((1, n, k), (p, k, m)),
        ((p, n, k), (k,)),
        ((k,), (p, k, m)),
    )[draw.case // 2]
    a, b = (draw.normal(*shape, dtype=FLOATS[draw.case % 2]) for shape in (first, second))
    check_all(kata, probes, draw, ["a @ b"], {"a": a, "b": b}, numerically=True)


@task("refusals", title="Errors for shapes that don't broadcast")
@cases(1)
def test_errors_for_shapes_that_do_not_broadcast(kata, probes):
    """Shapes that don't broadcast raise a RuntimeError that names both shapes."""
    why = "the shapes are incompatible, and the message must name both"
    pairs = (((2, 3), (4,)), ((2, 3), (3, 2)), ((5,), (2, 1, 4)), ((2, 3, 4), (2, 4)))
    for first, second in pairs:
        given = {"a": np.ones(first), "b": np.ones(second)}
        lines = ["a + b", "a - b", "a * b", "a / b", "a ** b", "a.maximum(b)", "a == b"]
        check_messages(kata, probes, lines, given, first, second, why)
    for first, second in (
        ((2, 3), (4, 5)),
        ((2,), (3,)),
        ((2, 3), (4,)),
        ((2, 4, 3), (2, 4, 3)),
        ((2, 3, 4), (5, 4, 6)),
    ):
        check_messages(kata, probes, ["a @ b"], {"a": np.ones(first), "b": np.ones(second)}, first, second, why)
    given = {"a": np.ones((2, 2)), "b": np.ones(())}
    check_refusals(kata, probes, ["a @ b"], {}, given, ["RuntimeError"], "b has no axes", allowed=["a @ a", "a * b"])


def check_messages(kata, probes, lines, given, first, second, why):
    given = given | {"c": np.ones(first[-1])}
    allowed = [line.replace("b", "c") for line in lines]
    texts = check_refusals(kata, probes, lines, {}, given, ["RuntimeError"], why, allowed=allowed)
    for line, text in zip(lines, texts, strict=True):
        for shape in (first, second):
            if not names_shape(text, shape):
                fail(f"program `{line}` with shapes {first} and {second}: {why}; the message is: {text}", shape, text)
