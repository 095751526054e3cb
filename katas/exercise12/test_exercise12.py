"""Check convolution and max pooling on numbers that you can verify by hand."""

from functools import partial

import numpy as np

from graders.checks import about, assert_close, assert_equal, assert_parts, assert_speed, task

close = partial(assert_close, scale=200.0, terms=8)  # up to rounding, in sums of a few numbers of at most this size


def picture(*rows):
    """Return a batch of one picture with one channel, or one kernel: shape (1, 1, height, width)."""
    return np.array([[rows]], dtype=np.float64)


# the worked example
x = picture([1, 2, 0], [3, 1, -1], [0, 2, 1])
weight = picture([1, 0], [2, -1])
bias = np.array([0.5])
y = picture([6, 5], [1, 4])
dy = picture([1, 2], [0, -1])
dx = picture([1, 2, 0], [2, 2, -2], [0, -2, 1])
dweight = picture([4, 3], [3, -2])

# the same with stride 2 and padding 1
far_y = picture([-1, 4], [0, 4])
far_dx = picture([-1, 4, -2], [0, -1, 0], [0, -2, 1])
far_dweight = picture([-1, 1], [2, 0])

# a picture of 4 rows and 5 columns: 1, 2, 4, 8, 16 in the first row, and 100 more in each further row
powers = picture(*(2.0 ** np.arange(5) + 100 * row for row in range(4)))

# two samples with two channels, three kernels, and the results: sample by sample, then kernel by kernel
other = picture([0, 1, 0], [0, 0, 2], [3, 0, 0])[0, 0]
other_y = np.array([[0, -1], [6, 0]])
first, second = np.array([x[0, 0], other]), np.array([other, x[0, 0]])
batch = np.array([first, second])


def one_cell(height, width, a, b, value=1.0):
    """Return a kernel of zeros with one number, at row a and column b: shape (height, width)."""
    kernel = np.zeros((height, width))
    kernel[a, b] = value
    return kernel


kernels = np.array(
    [
        [weight[0, 0], one_cell(2, 2, 0, 1)],
        [np.zeros((2, 2)), one_cell(2, 2, 1, 1, 10.0)],
        [one_cell(2, 2, 1, 0), -one_cell(2, 2, 0, 0)],
    ]
)
biases = np.array([0.5, -1.0, 2.0])
batch_y = np.array(
    [
        [y[0, 0] + other[:2, 1:], 10 * other[1:, 1:], x[0, 0, 1:, :2] - other[:2, :2]],
        [other_y + x[0, 0, :2, 1:], 10 * x[0, 0, 1:, 1:], other[1:, :2] - x[0, 0, :2, :2]],
    ]
)

# the example of max pooling
grid = picture([1, -2, 5, 3], [4, 0, 2, 6], [-1, -3, -7, -4], [-5, -2, -8, -6])
largest = picture([4, 6], [-1, -4])


def assert_gradients(actual, *expected, dtype=np.float64):
    names = ("dx", "dweight", "dbias")
    for name, gradient, reference in zip(names, assert_parts(actual, *names), expected, strict=True):
        close(gradient, reference, dtype=dtype, name=name)


@task("convolution")
def test_the_worked_example(kata):
    close(kata.conv2d(x, weight), y)
    close(kata.conv2d(x, weight, bias), y + 0.5)
    close(kata.conv2d(x, -weight, None), -y)
    close(kata.conv2d(0.1 * x, 0.3 * weight), 0.03 * y)


@task("convolution", title="A kernel with a single 1 picks the number that its cell covers")
def test_a_kernel_with_a_single_one(kata):
    # powers has 4 rows and 5 columns, the kernel 3 rows and 2 columns, so there are 2 · 4 places
    for a, b in np.ndindex(3, 2):
        close(kata.conv2d(powers, one_cell(3, 2, a, b)[None, None]), powers[:, :, a : a + 2, b : b + 4])
    close(kata.conv2d(x, picture([10.0])), 10 * x)
    close(kata.conv2d(x, x), picture([21.0]))  # as large as the picture: 1 + 4 + 9 + 1 + 1 + 4 + 1


@task("convolution", title="Input channels are summed; output channels and samples are not")
def test_channels_and_samples(kata):
    close(kata.conv2d(batch, kernels), batch_y)
    close(kata.conv2d(batch[1:], kernels, biases), batch_y[1:] + biases[:, None, None])


@task("convolution")
def test_a_result_of_a_single_number_keeps_four_axes(kata):
    close(kata.conv2d(picture([3.0]), picture([-2.0]), np.array([1.0])), picture([-5.0]))


@task("convolution", title="A picture may have hundreds of columns, or of rows")
def test_large_pictures(kata):
    for shape in ((1, 300), (150, 2)):
        large = np.arange(300.0).reshape(1, 1, *shape)
        close(kata.conv2d(large, one_cell(1, 2, 0, 1)[None, None]), large[:, :, :, 1:])


@task("stride")
def test_the_worked_example_with_stride_and_padding(kata):
    close(kata.conv2d(x, weight, None, 2, 1), far_y)
    close(kata.conv2d(x, weight, bias, 2, 1), far_y + 0.5)


@task("stride")
def test_stride(kata):
    corner = one_cell(1, 2, 0, 0)[None, None]  # picks the upper left number of each place
    close(kata.conv2d(powers, corner, None, 2), powers[:, :, ::2, :-1:2])
    close(kata.conv2d(powers, corner, None, 3), powers[:, :, ::3, :-1:3])
    close(kata.conv2d(powers, np.ones((1, 1, 1, 1)), None, 4), powers[:, :, :1, ::4])
    close(kata.conv2d(batch, kernels, biases, 2), (batch_y + biases[:, None, None])[:, :, :1, :1])


@task("stride", title="Padding adds zeros on all four sides")
def test_padding(kata):
    wide = np.zeros((1, 1, 8, 9))
    wide[:, :, 2:6, 2:7] = powers
    close(kata.conv2d(powers, np.ones((1, 1, 1, 1)), None, 1, 2), wide)
    close(kata.conv2d(powers, one_cell(2, 3, 0, 1)[None, None], None, 1, 2), wide[:, :, :7, 1:8])


@task("gradient")
def test_the_gradients_of_the_worked_example(kata):
    assert_gradients(kata.conv2d_gradient(dy, x, weight), dx, dweight, np.array([2.0]))
    assert_gradients(kata.conv2d_gradient(-dy, 2 * x, weight), -dx, -2 * dweight, np.array([-2.0]))


@task("gradient", title="Channels and samples: dweight and dbias are summed over the samples, dx isn't")
def test_gradients_of_channels_and_samples(kata):
    # two samples, three output channels; in each, a single number of the result matters
    dy = np.zeros((2, 3, 2, 2))
    dy[0, 0, 0, 1], dy[0, 2, 1, 0], dy[1, 0, 1, 1], dy[1, 1, 0, 0] = 1, 2, 3, 4
    dx, dweight = np.zeros(batch.shape), np.zeros(kernels.shape)
    dx[0, :, :2, 1:] = kernels[0]
    dx[0, :, 1:, :2] += 2 * kernels[2]
    dx[1, :, 1:, 1:] = 3 * kernels[0]
    dx[1, :, :2, :2] += 4 * kernels[1]
    dweight[0] = batch[0, :, :2, 1:] + 3 * batch[1, :, 1:, 1:]
    dweight[1] = 4 * batch[1, :, :2, :2]
    dweight[2] = 2 * batch[0, :, 1:, :2]
    assert_gradients(kata.conv2d_gradient(dy, batch, kernels), dx, dweight, np.array([4.0, 4.0, 2.0]))


@task("gradient", title="A tall kernel on a wide picture, and a kernel as large as the picture")
def test_gradients_of_a_tall_kernel(kata):
    # the kernel has 3 rows and 2 columns, so there are 2 · 4 places; only the one at row 1, column 2 matters
    kernel, dy, dx = powers[:, :, :3, :2], np.zeros((1, 1, 2, 4)), np.zeros(powers.shape)
    dy[0, 0, 1, 2] = -1
    dx[:, :, 1:, 2:4] = -kernel
    assert_gradients(kata.conv2d_gradient(dy, powers, kernel), dx, -powers[:, :, 1:, 2:4], np.array([-1.0]))
    assert_gradients(kata.conv2d_gradient(picture([2.0]), x, -x), -2 * x, 2 * x, np.array([2.0]))


@task("stride_gradient")
def test_the_gradients_of_the_worked_example_with_stride_and_padding(kata):
    assert_gradients(kata.conv2d_gradient(dy, x, weight, 2, 1), far_dx, far_dweight, np.array([2.0]))


@task("stride_gradient", title="The gradient is 0 where the stride leaves numbers out")
def test_gradients_of_a_stride(kata):
    # stride 3 on 4 rows and 5 columns: two places below each other, and the last columns are never covered
    kernel, dy = picture([1, 2, 3]), picture([1], [10])
    dx = picture([1, 2, 3, 0, 0], [0] * 5, [0] * 5, [10, 20, 30, 0, 0])
    dweight = powers[:, :, :1, :3] + 10 * powers[:, :, 3:, :3]
    assert_gradients(kata.conv2d_gradient(dy, powers, kernel, 3), dx, dweight, np.array([11.0]))


@task("stride_gradient", title="The gradient has the shape of x, without the padding")
def test_gradients_of_padding(kata):
    # a kernel of one number and padding 1: 5 · 5 places, 16 of them on the padding
    dy = np.arange(25.0).reshape(1, 1, 5, 5)
    inside = dy[:, :, 1:-1, 1:-1]
    dweight = picture([(inside * x).sum()])
    assert_gradients(kata.conv2d_gradient(dy, x, picture([2]), 1, 1), 2 * inside, dweight, np.array([300.0]))


@task("pooling")
def test_the_example_of_max_pooling(kata):
    close(kata.max_pool2d(grid, 2), largest)
    close(kata.max_pool2d(grid, 2, None), largest)
    close(kata.max_pool2d(grid, 2, 2), largest)
    close(kata.max_pool2d(grid, 1), grid)
    close(kata.max_pool2d(grid, 4), picture([6]))


@task("pooling", title="Windows with another stride, and none over the edge")
def test_pooling_with_another_stride(kata):
    close(kata.max_pool2d(x, 2, 1), picture([3, 2], [3, 2]))
    close(kata.max_pool2d(x, 2), picture([3]))
    close(kata.max_pool2d(powers, 2), picture([102, 108], [302, 308]))
    close(kata.max_pool2d(powers, 3), picture([204]))
    close(kata.max_pool2d(powers, 2, 3), picture([102, 116]))
    close(kata.max_pool2d(-powers, 1, 2), -powers[:, :, ::2, ::2])
    close(kata.max_pool2d(-powers, 3, 1), -powers[:, :, :2, :3])  # all negative


@task("pooling", title="A picture may have hundreds of columns, or of rows")
def test_pooling_of_large_pictures(kata):
    for shape in ((1, 300), (150, 2)):
        large = np.arange(300.0).reshape(1, 1, *shape)
        close(kata.max_pool2d(large, 1), large)


@task("pooling")
def test_pooling_keeps_samples_and_channels_apart(kata):
    many = np.array([[grid[0, 0], -grid[0, 0], 10 * grid[0, 0]], [3 - grid[0, 0], grid[0, 0] - 8, 2 * grid[0, 0]]])
    best, least = largest[0, 0], np.array([[-2, 2], [-5, -8]])
    close(kata.max_pool2d(many, 2), np.array([[best, -least, 10 * best], [3 - least, best - 8, 2 * best]]))


@task("pooling_gradient")
def test_the_gradient_of_max_pooling(kata):
    dy = picture([1, 2], [3, 4])
    expected = picture([0, 0, 0, 0], [1, 0, 0, 2], [3, 0, 0, 4], [0, 0, 0, 0])
    close(kata.max_pool2d_gradient(dy, grid, 2), expected)
    close(kata.max_pool2d_gradient(-dy, grid + 100, 2, None), -expected)
    close(kata.max_pool2d_gradient(dy[:, :, :1, :1], grid, 4), picture([0] * 4, [0, 0, 0, 1], [0] * 4, [0] * 4))


@task("pooling_gradient", title="Where windows overlap, their gradients are added")
def test_the_gradient_of_overlapping_windows(kata):
    # the windows of the left column share the maximum 3
    close(kata.max_pool2d_gradient(picture([1, 2], [4, 8]), x, 2, 1), picture([0, 2, 0], [5, 0, 0], [0, 8, 0]))


@task("pooling_gradient", title="The gradient is 0 where no window has been")
def test_the_gradient_beyond_the_last_window(kata):
    dx = picture([0] * 5, [0, 1, 0, 2, 0], [0] * 5, [0, 3, 0, 4, 0])
    close(kata.max_pool2d_gradient(picture([1, 2], [3, 4]), powers, 2), dx)
    dx = picture([0] * 5, [0, 1, 0, 0, 2], [0] * 5, [0] * 5)
    close(kata.max_pool2d_gradient(picture([1, 2]), powers, 2, 3), dx)


@task("pooling_gradient")
def test_the_gradient_keeps_samples_and_channels_apart(kata):
    many = np.array([[grid[0, 0], -grid[0, 0]], [grid[0, 0, ::-1], grid[0, 0, :, ::-1]]])
    dy = np.arange(1.0, 17).reshape(2, 2, 2, 2)
    dx = [
        [[[0, 0, 0, 0], [1, 0, 0, 2], [3, 0, 0, 4], [0, 0, 0, 0]], [[0, 5, 0, 0], [0, 0, 6, 0], [0] * 4, [7, 0, 8, 0]]],
        [[[0] * 4, [9, 0, 0, 10], [11, 0, 0, 12], [0] * 4], [[0] * 4, [13, 0, 0, 14], [15, 0, 0, 16], [0] * 4]],
    ]
    close(kata.max_pool2d_gradient(dy, many, 2), np.array(dx, dtype=np.float64))


# ---------------------------------------------------- extras: they earn points, but you can pass without them


@task("types")
def test_float32_stays_float32(kata):
    single = [array.astype(np.float32) for array in (x, weight, bias, dy, grid)]
    close(kata.conv2d(*single[:3], 2, 1), far_y + 0.5, dtype=np.float32)
    expected = far_dx, far_dweight, np.array([2.0])
    assert_gradients(kata.conv2d_gradient(single[3], *single[:2], 2, 1), *expected, dtype=np.float32)
    close(kata.max_pool2d(single[4], 2), largest, dtype=np.float32)
    expected = picture([0, 0, 0, 0], [1, 0, 0, 2], [0, 0, 0, -1], [0, 0, 0, 0])
    close(kata.max_pool2d_gradient(single[3], single[4], 2), expected, dtype=np.float32)


@task("inputs", title="Any memory layout works, and the arguments are unchanged")
def test_transposed_arrays_work_and_are_left_alone(kata, probes):
    calls = {
        "conv2d": ((batch, kernels, biases), batch_y + biases[:, None, None]),
        "conv2d_gradient": ((dy, x, weight), (dx, dweight, np.array([2.0]))),
    }
    for name, (arguments, expected) in calls.items():
        for layout in ("fortran", "backwards"):
            answer, *after = kata.run(probes.call_with_layout, name, layout, *arguments)
            with about(f"{name} with {layout} arrays"):
                close(answer, expected) if name == "conv2d" else assert_gradients(answer, *expected)
            with about(f"the arguments, after {name}"):
                assert_equal(after, list(arguments))
    answer, *after = kata.run(probes.pooled_with_layout, "fortran", grid, 2, largest)
    close(answer[0], largest)
    close(answer[1], np.where(np.isin(grid, largest), grid, 0))
    assert_equal(after, [grid, largest])


@task("inputs")
def test_a_second_call_does_not_change_the_first_result(kata, probes):
    calls = [["conv2d", x, weight], ["conv2d", -x, weight], ["max_pool2d", grid, 2], ["max_pool2d", grid + 1, 2]]
    answers, later = kata.run(probes.answers_of_calls, calls)
    for answer, expected in zip(answers, (y, -y, largest, largest + 1), strict=True):
        close(answer, expected)
    with about("the results of the first calls, after the last call"):
        assert_equal(later, answers)


@task("speed", title="A batch of 200 pictures takes at most a third of the time of 200 calls")
def test_a_batch_is_three_times_as_fast_as_a_call_for_each_picture(kata, probes):
    """A loop over places or cells works on all samples at once; a loop over the samples takes as long as the calls."""
    many, answer = np.tile(x, (200, 1, 1, 1)), np.tile(far_y, (200, 1, 1, 1))
    speed = kata.speed(
        "conv2d",
        lambda: (many, weight, None, 2, 1),
        lambda actual, _: close(actual, answer),
        rounds=3,
        at_most=1 / 3,
        clock="cpu",
        than=lambda same, *arguments: same.run(probes.picture_by_picture, *arguments),
    )
    assert_speed(speed, at_most=1 / 3, than="the time of 200 calls with one picture each")
