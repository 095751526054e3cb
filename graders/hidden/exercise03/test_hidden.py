"""two_layer_forward against the same network in PyTorch.

Allowance: h is a sum of fan_in products, so |error| <= c eps fan_in |W1||x|; relu makes no error larger. y sums hidden
products of such h, so |error| <= c eps (fan_in + hidden) |W2||W1||x|.
"""

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_close, assert_equal, assert_parts, cases, task

LAYOUTS = ("fortran", "strided", "backwards", "contiguous")
LARGEST = {
    np.int8: 127,
    np.uint8: 255,
    np.int32: 2**31 - 1,
    np.int64: 2**40,
}  # products that overflow unless they are made in float64


def assert_layers(actual, x, W1, W2, dtype=np.float64):
    first, second = assert_parts(actual, "h", "y")
    x, W1, W2 = (torch.tensor(a, dtype=torch.float64) for a in (x, W1, W2))
    hidden, fan_in = W1.shape
    size_of_h = F.linear(abs(x), abs(W1))
    h = F.relu(F.linear(x, W1))
    assert_close(first, h, dtype=dtype, scale=size_of_h, terms=fan_in, name="h")
    size_of_y = F.linear(size_of_h, abs(W2))
    assert_close(second, F.linear(h, W2), dtype=dtype, scale=size_of_y, terms=fan_in + hidden, name="y")


def arguments(draw, *, batch):
    """x, W1, W2: distinct sizes first, then ones, a square, and axes that are long, or of any length, in turn."""
    n, fan_in, hidden, fan_out = draw.sizes("n fan_in hidden fan_out")
    any_length = draw.sizes("any_length", low=9, high=1000)
    special = {
        1: (1, 1, 1, 1),
        2: (1, fan_in, hidden, fan_out),
        3: (n, 1, hidden, fan_out),
        4: (n, fan_in, 1, fan_out),
        5: (n, fan_in, hidden, 1),
        6: (4, 4, 4, 4),
        7: (1100, 3, 2, 4),
        8: (2, 1100, 3, 4),
        9: (2, 3, 1100, 4),
        10: (2, 3, 4, 1100),
        11: (any_length, fan_in, hidden, fan_out),
        12: (n, any_length, hidden, fan_out),
        13: (n, fan_in, any_length, any_length),
    }
    n, fan_in, hidden, fan_out = special.get(draw.case, (n, fan_in, hidden, fan_out))
    scale = (1.0, 1e4, 1e-4)[draw.case % 3]
    x = draw.normal(n, fan_in, scale=scale) if batch else draw.normal(fan_in, scale=scale)
    return x, draw.normal(hidden, fan_in), draw.normal(fan_out, hidden)


def small_arguments(draw, dtype, *, calls=1):
    """x, W1 and W2 of one dtype for each of the calls, all of the same shapes: a vector and a batch in turn."""
    n, fan_in, hidden, fan_out = draw.sizes("n fan_in hidden fan_out", low=4)
    shapes = ((fan_in,), (n, fan_in))[(draw.case + draw.case // 4) % 2], (hidden, fan_in), (fan_out, hidden)
    if np.issubdtype(dtype, np.floating):
        return [[draw.normal(*shape, dtype=dtype) for shape in shapes] for _ in range(calls)]
    low, high = -LARGEST[dtype], LARGEST[dtype] + 1
    return [[draw.integers(low, high, *shape).astype(dtype) for shape in shapes] for _ in range(calls)]


@task("vector")
@cases(14)
def test_a_vector_passes_through_both_layers(kata, draw):
    x, W1, W2 = arguments(draw, batch=False)
    assert_layers(kata.two_layer_forward(x, W1, W2), x, W1, W2)


@task("batch")
@cases(14)
def test_a_batch_passes_through_row_by_row(kata, draw):
    x, W1, W2 = arguments(draw, batch=True)
    assert_layers(kata.two_layer_forward(x, W1, W2), x, W1, W2)


@task("types")
@cases(10)
def test_float32_stays_float32_and_integers_count_as_float64(kata, draw):
    dtype = (np.float32, np.int8, np.int32, np.int64, np.uint8)[draw.case % 5]
    ((x, W1, W2),) = small_arguments(draw, dtype)
    promised = np.float32 if dtype is np.float32 else np.float64
    assert_layers(kata.two_layer_forward(x, W1, W2), x, W1, W2, dtype=promised)


@task("inputs")
@cases(12)
def test_arrays_of_any_layout_are_read_as_what_they_are_and_left_alone(kata, draw, probes):
    layout, dtype = LAYOUTS[draw.case % 4], (np.float64, np.float32, np.int64)[draw.case // 4]
    (before,) = small_arguments(draw, dtype)
    layers, *after = kata.run(probes.call_with_layout, "two_layer_forward", layout, *before)
    assert_layers(layers, *before, dtype=np.float32 if dtype is np.float32 else np.float64)
    for name, array, given in zip(("x", "W1", "W2"), after, before, strict=True):
        with about(f"{name}, after the call"):
            assert_equal(array, given)


@task("inputs")
@cases(4)
def test_calls_have_nothing_to_do_with_one_another(kata, draw, probes):
    first, second = small_arguments(draw, np.float64, calls=2)
    calls = [["two_layer_forward", *first], ["two_layer_forward", *second]]
    answers, later = kata.run(probes.answers_of_calls, calls)
    for answer, arguments in zip(answers, (first, second), strict=True):
        assert_layers(answer, *arguments)
    for name, at_last, answer in zip("hy", later[0], answers[0], strict=True):
        with about(f"{name} of the first call, after the second"):
            assert_equal(at_last, answer)
    assert_layers(kata.run(probes.answer_after_renewal, "two_layer_forward", first, second), *second)
