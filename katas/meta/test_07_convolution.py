"""Task convolution: small images."""

import numpy as np

from graders.checks import about, assert_close, assert_equal, task


@task("convolution", title="The worked example: convolution")
def test_the_worked_example_of_convolution(kata, probes):
    y, x_grad, weight_grad = kata.run(probes.a_small_convolution)
    with about("y"):
        assert_close(y, np.full((2, 2), -4.0), dtype=np.float32)
    with about("the gradient of the image, for a gradient of ones"):
        assert_close(x_grad, np.array([[1.0, 1.0, 0.0], [1.0, 0.0, -1.0], [0.0, -1.0, -1.0]]), dtype=np.float32)
    with about("the gradient of the kernel: sums of four pixels"):
        assert_close(weight_grad, np.array([[12.0, 16.0], [24.0, 28.0]]), dtype=np.float32)


@task("convolution")
def test_sizes(kata, probes):
    found = kata.run(probes.sizes_of_convolutions)
    expected = {
        "Conv2d(4, 6, 3)": (2, 6, 7, 6),
        "Conv2d(4, 6, 3, stride=2, padding=1)": (2, 6, 5, 4),
        "Conv2d(4, 6, (3, 2), dilation=2, groups=2)": (2, 6, 5, 6),
        "MaxPool2d(2)": (2, 4, 4, 4),
        "AvgPool2d(3, stride=1)": (2, 4, 7, 6),
    }
    for line, shape in expected.items():
        with about(line):
            assert_equal(found[line], shape)


@task("convolution")
def test_pooling(kata, probes):
    y, gradient = kata.run(probes.a_small_pooling)
    assert_close(y, np.array([[5.0, 7.0], [13.0, 15.0]]), dtype=np.float32)
    expected = np.zeros((4, 4))
    expected[1::2, 1::2] = [[1.0, 2.0], [3.0, 4.0]]
    assert_close(gradient, expected, dtype=np.float32)


def filled(make):
    """Return a program that applies a layer with weights 1, 2, … to an image 0 … 15, then runs backward from ones."""
    return f"""
layer = {make}
x = Tensor(np.arange(16.0, dtype="float32").reshape(1, 1, 4, 4), requires_grad=True)
for parameter in layer.parameters():
    parameter.data[...] = np.arange(1.0, 1 + parameter.data.size).reshape(parameter.shape)
y = layer(x)
y.backward(Tensor(np.ones(y.shape, "float32")))
"""


@task("convolution")
def test_stride_padding_and_bias(kata, probes):
    expected = {
        "y": [[[[1.0, 12.0, 10.0], [41.0, 85.0, 41.0], [25.0, 42.0, 16.0]]]],
        "x.grad": [[[[4.0, 3.0, 4.0, 3.0], [2.0, 1.0, 2.0, 1.0], [4.0, 3.0, 4.0, 3.0], [2.0, 1.0, 2.0, 1.0]]]],
        "layer.weight.grad": [[[[40.0, 36.0], [24.0, 20.0]]]],
        "layer.bias.grad": [9.0],
    }
    code = filled("Conv2d(1, 1, 2, stride=2, padding=1)")
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("convolution")
def test_dilation_and_pairs(kata, probes):
    expected = {
        "y": [[[[4.0, 7.0], [16.0, 19.0], [28.0, 31.0], [40.0, 43.0]]]],
        "x.grad": [[[[1.0, 1.0, 2.0, 2.0]] * 4]],
    }
    code = filled("Conv2d(1, 1, (1, 2), dilation=2, bias=False)")
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("convolution")
def test_pairs_are_height_and_width(kata, probes):
    code = "x = Tensor(np.zeros((1, 1, 6, 9), 'float32'))"
    expected = {
        "Conv2d(1, 1, (2, 3), stride=(1, 3))(x).shape": [1, 1, 5, 3],
        "Conv2d(1, 1, 1, padding=(1, 2))(x).shape": [1, 1, 8, 13],
        "Conv2d(1, 1, 2, dilation=(1, 3))(x).shape": [1, 1, 5, 6],
        "MaxPool2d((3, 1), stride=(3, 2))(x).shape": [1, 1, 2, 5],
        "AvgPool2d((2, 3), padding=(0, 1))(x).shape": [1, 1, 3, 3],
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("convolution")
def test_groups_and_several_images(kata, probes):
    code = """
layer = Conv2d(2, 4, 1, groups=2)
layer.weight.data[...] = [[[[1.0]]], [[[2.0]]], [[[3.0]]], [[[4.0]]]]
layer.bias.data[...] = 0
x = Tensor([[[[1.0]], [[10.0]]], [[[2.0]], [[20.0]]]], requires_grad=True)
y = layer(x)
y.backward(Tensor(np.ones((2, 4, 1, 1), "float32")))
"""
    expected = {
        "y.data.reshape(2, 4)": [[1.0, 2.0, 30.0, 40.0], [2.0, 4.0, 60.0, 80.0]],
        "x.grad.data.reshape(2, 2)": [[3.0, 7.0], [3.0, 7.0]],
        "layer.weight.grad.data.reshape(4)": [3.0, 3.0, 30.0, 30.0],
        "layer.bias.grad": [2.0, 2.0, 2.0, 2.0],
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("convolution")
def test_overlapping_windows(kata, probes):
    # 5 is the largest number in all four windows; if all are negative, a padding of 0 must not become the largest
    x = [[[[1.0, 2.0, 3.0], [4.0, 5.0, 1.0], [0.0, 1.0, 2.0]]]]
    expected = {
        "MaxPool2d(2, stride=1)(x)": [
            [[[5.0, 5.0], [5.0, 5.0]]],
            [[[0.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 0.0]]],
        ],
        "MaxPool2d(2, padding=1)(x - 6)": [
            [[[-5.0, -3.0], [-2.0, -1.0]]],
            [[[1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]],
        ],
        "AvgPool2d(2, stride=1)(x)": [
            [[[3.0, 2.75], [2.5, 2.25]]],
            [[[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]]],
        ],
        "AvgPool2d(2, padding=1)(x)": [
            [[[0.25, 1.25], [1.0, 2.25]]],
            [[[0.25, 0.25, 0.25], [0.25, 0.25, 0.25], [0.25, 0.25, 0.25]]],
        ],
    }
    expected = {line: [[value], [gradient]] for line, (value, gradient) in expected.items()}
    assert_equal(kata.run(probes.gradients, x, list(expected)), expected)


@task("convolution")
def test_initial_weights(kata, probes):
    code = "weight = Conv2d(4, 100, 5).weight.detach().numpy()"
    expected = {
        "weight.shape": [100, 4, 5, 5],
        "0.095 < weight.max() <= 0.1001": True,  # uniform within 1 / √(4 · 5 · 5)
        "-0.1001 <= weight.min() < -0.095": True,
        "Conv2D is Conv2d or issubclass(Conv2D, Conv2d)": True,
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)
