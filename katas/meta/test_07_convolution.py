"""Task convolution: small images."""

import numpy as np

from graders.checks import about, assert_close, assert_equal, task


@task("convolution", title="The worked example: convolution")
def test_the_worked_example_of_convolution(kata, probes):
    y, x_grad, weight_grad = kata.run(probes.a_small_convolution)
    with about("y"):
        assert_close(y, np.full((2, 2), -4.0), dtype=np.float32)
    with about("the gradient of the image, for ones"):
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
