"""Compare two_layer_forward with the same network in PyTorch.

The tolerance is derived as follows. h is a sum of fan_in products, so |error| <= c eps fan_in |W1||x|, and relu never
increases an error. y is a sum of `hidden` products with entries of such an h, so
|error| <= c eps (fan_in + hidden) |W2||W1||x|.
"""

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_close, assert_equal, assert_parts, assert_speed, cases, task

LAYOUTS = ("fortran", "strided", "backwards", "contiguous")


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
    """Return x, W1 and W2 for this case.

    The cases cover random sizes, sizes of 1, equal sizes, and one long axis at a time. When an axis is long, the others
    are short, so that nested Python loops are fast enough. There are at most 600 rows, so that recursion over the rows
    stays within Python's limit.
    """
    n, fan_in, hidden, fan_out = draw.sizes("n fan_in hidden fan_out")
    any_length = draw.sizes("any_length", low=9, high=1000)
    special = {
        1: (1, 1, 1, 1),
        2: (1, fan_in, hidden, fan_out),
        3: (n, 1, hidden, fan_out),
        4: (n, fan_in, 1, fan_out),
        5: (n, fan_in, hidden, 1),
        6: (4, 4, 4, 4),
        7: (600, 3, 2, 4),
        8: (2, 1100, 3, 4),
        9: (2, 3, 1100, 4),
        10: (2, 3, 4, 1100),
        11: (min(any_length, 600), 3, 2, 4),
        12: (2, any_length, 3, 4),
        13: (2, 3, any_length, 4),
        14: (2, 3, 4, any_length),
    }
    n, fan_in, hidden, fan_out = special.get(draw.case, (n, fan_in, hidden, fan_out))
    scale = (1.0, 1e4, 1e-4)[draw.case % 3]
    x = draw.normal(n, fan_in, scale=scale) if batch else draw.normal(fan_in, scale=scale)
    return x, draw.normal(hidden, fan_in), draw.normal(fan_out, hidden)


def small_arguments(draw, dtype=np.float64, *, calls=1):
    """Return [x, W1, W2] for each call, with the same dtype and shapes, where x is a vector or a batch."""
    n, fan_in, hidden, fan_out = draw.sizes("n fan_in hidden fan_out", low=4)
    shapes = ((fan_in,), (n, fan_in))[(draw.case + draw.case // 4) % 2], (hidden, fan_in), (fan_out, hidden)
    if np.issubdtype(dtype, np.floating):
        return [[draw.normal(*shape, dtype=dtype) for shape in shapes] for _ in range(calls)]
    limits = 100, 10**9, 100  # weights that float32 would round, and sums that stay far from overflowing int64
    return [
        [draw.integers(-limit, limit + 1, *shape) for limit, shape in zip(limits, shapes, strict=True)]
        for _ in range(calls)
    ]


@task("vector")
@cases(15)
def test_a_vector_passes_through_both_layers(kata, draw):
    x, W1, W2 = arguments(draw, batch=False)
    assert_layers(kata.two_layer_forward(x, W1, W2), x, W1, W2)


@task("batch")
@cases(15)
def test_a_batch_passes_through_both_layers_row_by_row(kata, draw):
    x, W1, W2 = arguments(draw, batch=True)
    assert_layers(kata.two_layer_forward(x, W1, W2), x, W1, W2)


@task("types")
@cases(8)
def test_float32_stays_float32_and_int64_gives_float64(kata, draw):
    dtype, promised = ((np.float32, np.float32), (np.int64, np.float64))[draw.case // 4]
    ((x, W1, W2),) = small_arguments(draw, dtype)
    assert_layers(kata.two_layer_forward(x, W1, W2), x, W1, W2, dtype=promised)


@task("inputs")
@cases(8)
def test_arguments_of_any_layout_work_and_stay_unchanged(kata, draw, probes):
    (before,) = small_arguments(draw)
    if draw.case == 0:  # report a plain call, not a probe, if plain arrays also fail
        assert_layers(kata.two_layer_forward(*before), *before)
    layers, *after = kata.run(probes.call_with_layout, "two_layer_forward", LAYOUTS[draw.case % 4], *before)
    assert_layers(layers, *before)
    for name, array, given in zip(("x", "W1", "W2"), after, before, strict=True):
        with about(f"{name}, after the call"):
            assert_equal(array, given)


@task("inputs")
@cases(4)
def test_calls_do_not_affect_each_other(kata, draw, probes):
    first, second = small_arguments(draw, calls=2)
    if draw.case == 0:
        assert_layers(kata.two_layer_forward(*first), *first)
    calls = [["two_layer_forward", *first], ["two_layer_forward", *second]]
    results, later = kata.run(probes.answers_of_calls, calls)
    for result, arguments in zip(results, (first, second), strict=True):
        assert_layers(result, *arguments)
    for name, at_last, result in zip("hy", later[0], results[0], strict=True):
        with about(f"{name} from the first call, after the second call"):
            assert_equal(at_last, result)
    assert_layers(kata.run(probes.answer_after_renewal, "two_layer_forward", first, second), *second)


@task("speed", title="A large batch takes at most seven times the solution's time")
def test_a_large_batch_takes_at_most_seven_times_as_long(kata, draw):
    speed = kata.speed(
        "two_layer_forward",
        lambda: (draw.normal(3_000, 4), draw.normal(3, 4), draw.normal(2, 3)),
        lambda layers, arguments: assert_layers(layers, *arguments),
        rounds=3,
        at_most=7.0,
        clock="cpu",
    )
    assert_speed(speed, at_most=7.0)
