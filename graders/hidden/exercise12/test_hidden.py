"""Compare convolution and max pooling with torch.nn.functional and torch.autograd.

The tolerances are derived as follows. A number of y is a sum of channels_in · kh · kw products and the bias. A number
of dx is a sum of at most channels_out · kh · kw products, one of dweight a sum of n · rows · columns products, and one
of dbias a sum of as many numbers. An error is at most c eps times the number of terms times the sum of their
magnitudes. A dense matrix and the Fourier transform add up a term for each number of the padded picture instead of each
cell of the kernel, and the transform spreads the errors of the largest numbers over all of them. So the terms are
counted in that way, and the scale of an array is the largest sum for a picture, a kernel, a bias and a dy in which all
numbers are as large as the largest. If float64 arrays are computed in float32, the errors are still far larger.

Max pooling copies numbers. A number of its gradient is a sum of at most size² numbers of dy.
"""

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_close, assert_equal, assert_parts, assert_speed, cases, task

NAMES = ("dx", "dweight", "dbias")
LAYOUTS = ("fortran", "strided", "backwards", "contiguous")
MOVES = ((2, 0), (1, 1), (2, 1), (3, 2), (1, 2), (3, 0), (2, 2), (3, 1))  # stride, padding


def numbers(x, padding):
    """Return how many numbers a channel of the padded picture has."""
    return (x.shape[2] + 2 * padding) * (x.shape[3] + 2 * padding)


def filled(array):
    """Return an array of the same shape in which every number is the largest magnitude of this one."""
    return np.full_like(array, abs(array).max())


def convolved(x, weight, bias, stride, padding):
    x, weight, bias = (None if a is None else torch.tensor(a, dtype=torch.float64) for a in (x, weight, bias))
    return F.conv2d(x, weight, bias, stride, padding)


def assert_convolved(actual, x, weight, bias=None, stride=1, padding=0, dtype=np.float64):
    expected = convolved(x, weight, bias, stride, padding)
    largest = convolved(filled(x), filled(weight), None if bias is None else filled(bias), stride, padding)
    terms = weight.shape[1] * numbers(x, padding) + 1
    assert_close(actual, expected, scale=largest.max().item(), terms=terms, dtype=dtype)


def gradients(dy, x, weight, stride, padding):
    """Return dx, dweight and dbias for a loss whose gradient with respect to the result is dy."""
    leaves = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (x, weight, np.zeros(len(weight)))]
    loss = (torch.tensor(dy, dtype=torch.float64) * F.conv2d(*leaves, stride, padding)).sum()
    return torch.autograd.grad(loss, leaves)


def assert_gradients(actual, dy, x, weight, stride=1, padding=0, dtype=np.float64):
    expected = gradients(dy, x, weight, stride, padding)
    largest = gradients(filled(dy), filled(x), filled(weight), stride, padding)
    terms = len(weight) * numbers(x, padding), len(x) * numbers(x, padding), dy[:, 0].size
    for name, part, *of in zip(NAMES, assert_parts(actual, *NAMES), expected, largest, terms, strict=True):
        assert_close(part, of[0], scale=of[1].max().item(), terms=of[2], dtype=dtype, name=name)


def assert_pooled(actual, x, size, stride=None, dtype=np.float64):
    assert_close(actual, F.max_pool2d(torch.tensor(x, dtype=torch.float64), size, stride), dtype=dtype)


def assert_pooling_gradient(actual, dy, x, size, stride=None, dtype=np.float64):
    def gradient(dy):
        leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        loss = (torch.tensor(dy, dtype=torch.float64) * F.max_pool2d(leaf, size, stride)).sum()
        return torch.autograd.grad(loss, [leaf])[0]

    assert_close(actual, gradient(dy), scale=gradient(abs(dy)), terms=size * size, dtype=dtype)


def convolution(draw, number, stride=1, padding=0):
    """Draw x, weight, bias and dy. Depending on `number`, some sizes are 1, equal, or as large as the picture."""
    n, channels_in, channels_out, kh, kw = draw.sizes("n channels_in channels_out kh kw", low=1, high=3)
    height, width = draw.sizes("height width", low=3, high=7)
    special = {
        1: (1, 1, 1, 1, 1, 3, 4),
        2: (2, 3, 2, 3, 4, 3, 4),
        3: (1, channels_in, channels_out, 1, 3, height, 3),
        4: (n, 1, channels_out, 3, 1, 3, width),
        5: (3, 3, 3, 3, 3, 6, 6),
        6: (n, channels_in, 1, 2, 2, 5, 5),
        7: (2, 2, 3, 5, 2, 8, 6),
        8: (12, 1, 2, 2, 2, 3, 4),
        9: (1, 9, 2, 2, 1, 4, 3),
        10: (1, 2, 9, 1, 2, 4, 3),
        11: (1, 1, 1, 3, 2, 13, 12),
    }
    n, channels_in, channels_out, kh, kw, height, width = special.get(
        number, (n, channels_in, channels_out, kh, kw, height, width)
    )
    x = draw.normal(n, channels_in, height, width, scale=(1.0, 1e3, 1e-3)[number % 3])
    rows, columns = ((side + 2 * padding - k) // stride + 1 for side, k in ((height, kh), (width, kw)))
    return (
        x,
        draw.normal(channels_out, channels_in, kh, kw),
        draw.normal(channels_out, scale=(1.0, 1e3, 1e-3)[number % 3]),
        draw.normal(n, channels_out, rows, columns),
    )


def pooling(draw, number):
    """Draw x, dy, size and stride (None for the default). No two numbers of x are equal, so no window has a tie."""
    n, channels = draw.sizes("n channels", low=1, high=3)
    height, width = draw.sizes("height width", low=3, high=8)
    size, stride = ((2, None), (2, 1), (3, None), (3, 2), (1, None), (2, 3), (3, 1), (1, 2))[number % 8]
    special = {8: (2, 2, 6, 8), 9: (1, 1, 2, 2), 10: (3, 1, 9, 9), 11: (10, 2, 5, 4), 12: (1, 9, 4, 4)}
    n, channels, height, width = special.get(number, (n, channels, height, width))
    count = n * channels * height * width
    x = np.random.default_rng(draw.seed()).permutation(count).reshape(n, channels, height, width)
    x = (x - (0.5, 0.0, 1.0)[number % 3] * count) * 0.5 - 0.25  # of both signs, positive but one, or all negative
    rows, columns = ((side - size) // (stride or size) + 1 for side in (height, width))
    return x, draw.normal(n, channels, rows, columns), size, stride


@task("convolution", title="Any number of samples and channels, pictures and kernels of any size")
@cases(24)
def test_convolution(kata, draw):
    x, weight, bias, _ = convolution(draw, draw.case // 2)
    given = (x, weight, bias) if draw.case % 2 == 0 else (x, weight)
    assert_convolved(kata.conv2d(*given), *given)


@task("stride", title="Any stride and padding")
@cases(24)
def test_stride_and_padding(kata, draw):
    stride, padding = MOVES[draw.case % 8]
    x, weight, bias, _ = convolution(draw, draw.case // 2, stride, padding)
    given = x, weight, bias if draw.case % 2 == 0 else None, stride, padding
    assert_convolved(kata.conv2d(*given), *given)


@task("gradient", title="The gradients for any number of samples and channels, pictures and kernels of any size")
@cases(20)
def test_gradients(kata, draw):
    x, weight, _, dy = convolution(draw, draw.case)
    assert_gradients(kata.conv2d_gradient(dy, x, weight), dy, x, weight)


@task("stride_gradient", title="The gradients with any stride and padding")
@cases(24)
def test_gradients_with_stride_and_padding(kata, draw):
    stride, padding = MOVES[draw.case % 8]
    x, weight, _, dy = convolution(draw, draw.case // 2, stride, padding)
    assert_gradients(kata.conv2d_gradient(dy, x, weight, stride, padding), dy, x, weight, stride, padding)


@task("pooling", title="Pooling with any size and stride")
@cases(24)
def test_pooling(kata, draw):
    x, _, size, stride = pooling(draw, draw.case)
    given = (x, size) if stride is None else (x, size, stride)
    assert_pooled(kata.max_pool2d(*given), *given)


@task("pooling_gradient", title="The gradient of pooling with any size and stride")
@cases(24)
def test_pooling_gradient(kata, draw):
    x, dy, size, stride = pooling(draw, draw.case)
    given = (dy, x, size) if stride is None else (dy, x, size, stride)
    assert_pooling_gradient(kata.max_pool2d_gradient(*given), *given)


@task("types")
@cases(4)
def test_float32_stays_float32(kata, draw):
    stride, padding = MOVES[draw.case]
    drawn = convolution(draw, (7, 0)[draw.case % 2], stride, padding)  # a bias is of several channels
    x, weight, bias, dy = (a.astype(np.float32) for a in drawn)
    given = x, weight, (bias, None)[draw.case % 2], stride, padding
    assert_convolved(kata.conv2d(*given), *given, dtype=np.float32)
    given = dy, x, weight, stride, padding
    assert_gradients(kata.conv2d_gradient(*given), *given, dtype=np.float32)
    x, dy, size, stride = pooling(draw, 8 + draw.case)
    x, dy = x.astype(np.float32), dy.astype(np.float32)
    assert_pooled(kata.max_pool2d(x, size, stride), x, size, stride, np.float32)
    assert_pooling_gradient(kata.max_pool2d_gradient(dy, x, size, stride), dy, x, size, stride, np.float32)


@task("inputs", title="Any memory layout works, and the arguments are unchanged")
@cases(4)
def test_any_memory_layout_works_and_arguments_are_left_alone(kata, draw, probes):
    layout = LAYOUTS[draw.case]
    x, weight, bias, dy = convolution(draw, 0)
    y, *after = kata.run(probes.call_with_layout, "conv2d", layout, x, weight, bias)
    assert_convolved(y, x, weight, bias)
    parts, *later = kata.run(probes.call_with_layout, "conv2d_gradient", layout, dy, x, weight)
    assert_gradients(parts, dy, x, weight)
    for name, array, before in zip(
        ("x", "weight", "bias", "dy", "x", "weight"), after + later, (x, weight, bias, dy, x, weight), strict=True
    ):
        with about(f"{name}, after the call"):
            assert_equal(array, before)
    x, dy, size, _ = pooling(draw, 0)
    (y, dx), *after = kata.run(probes.pooled_with_layout, layout, x, size, dy)
    assert_pooled(y, x, size)
    assert_pooling_gradient(dx, dy, x, size)
    for name, array, before in zip(("x", "dy"), after, (x, dy), strict=True):
        with about(f"{name}, after max_pool2d and max_pool2d_gradient"):
            assert_equal(array, before)


@task("inputs")
@cases(2)
def test_calls_do_not_affect_each_other(kata, draw, probes):
    x, weight, bias, dy = convolution(draw, 0)
    other = draw.normal(*x.shape)
    calls = [["conv2d", x, weight, bias], ["conv2d", other, weight, bias]]
    calls += [["conv2d_gradient", dy, x, weight], ["conv2d_gradient", dy, other, weight]]
    answers, later = kata.run(probes.answers_of_calls, calls)
    for answer, (name, *arguments) in zip(answers, calls, strict=True):
        (assert_convolved if name == "conv2d" else assert_gradients)(answer, *arguments)
    with about("the results of the first calls, after the last call"):
        assert_equal(later, answers)
    with about("conv2d for the same array, which now holds other numbers"):
        renewed = kata.run(probes.answer_after_renewal, "conv2d", [x, weight, bias], [other, weight, bias])
        assert_convolved(renewed, other, weight, bias)
    x, dy, size, _ = pooling(draw, 0)
    calls = [["max_pool2d", x, size], ["max_pool2d", -x, size]]
    calls += [["max_pool2d_gradient", dy, x, size], ["max_pool2d_gradient", dy, -x, size]]
    answers, later = kata.run(probes.answers_of_calls, calls)
    for answer, (name, *arguments) in zip(answers, calls, strict=True):
        (assert_pooled if name == "max_pool2d" else assert_pooling_gradient)(answer, *arguments)
    with about("the results of the first calls of pooling, after the last call"):
        assert_equal(later, answers)


@task("speed", title="A large batch takes at most twelve times the solution's time")
def test_a_large_batch_takes_at_most_twelve_times_as_long(kata, draw):
    speed = kata.speed(
        "conv2d",
        lambda: (draw.normal(500, 2, 6, 6), draw.normal(2, 2, 3, 3), draw.normal(2), 1, 1),
        lambda actual, arguments: assert_convolved(actual, *arguments),
        rounds=3,
        at_most=12.0,
        clock="cpu",
    )
    assert_speed(speed, at_most=12.0)
