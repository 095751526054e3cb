"""Task shapes: reductions, new shapes, joining, softmax."""

import math

import numpy as np

from graders.checks import about, assert_close, assert_equal, task
from graders.checks.properties import for_all, st

matrix = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


@task("shapes", title="The worked example: shapes")
def test_the_worked_example_of_shapes(kata, probes):
    y, gradient = kata.run(probes.gradient_of, "mean", matrix, np.array([3.0, 6.0]), [1])
    with about("mean(1)"):
        assert_close(y, np.array([2.0, 5.0]))
    with about("the gradient of mean(1), for a gradient of [3, 6]"):
        assert_close(gradient, np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]))


@task("shapes")
def test_softmax(kata, probes):
    # softmax of 0 and ln 3 is 1/4 and 3/4; its gradient is p (g - Σ p g)
    numbers = np.array([0.0, math.log(3.0)])
    y, gradient = kata.run(probes.gradient_of, "softmax", numbers, np.array([1.0, 0.0]), [0])
    dtype = np.float32 if gradient.dtype == np.float32 else np.float64  # the task tensor asks for float64
    assert_close(y, np.array([0.25, 0.75]), scale=1.0, terms=4, dtype=dtype)
    assert_close(gradient, np.array([0.1875, -0.1875]), scale=1.0, terms=4, dtype=dtype)


@task("shapes")
def test_max_and_min_of_each_row(kata, probes):
    values, indices = kata.run(probes.largest)
    assert_close(values, np.array([5.0, 8.0]), dtype=np.float32)
    assert_equal(indices, np.array([1, 0]))
    code = "values, indices = Tensor([[1.0, 5.0, 2.0], [8.0, 3.0, 4.0]]).min(1, keepdim=True)"
    expected = {"values": [[1.0], [3.0]], "indices": [[0], [1]]}
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("shapes")
def test_a_single_row_stays_a_row(kata, probes):
    expected = {"x.max(1).values": [3.0], "x.max(1).indices": [1], "x.sum(1)": [4.0], "x.mean(1)": [2.0]}
    expected |= {"x.var(1)": [2.0], "x.argmin(1)": [0]}
    assert_equal(kata.run(probes.values, "x = Tensor([[1.0, 3.0]])", list(expected)), expected)


@task("shapes")
def test_new_shapes_and_joined_tensors(kata, probes):
    y, gradient = kata.run(probes.gradient_of, "transpose", matrix, np.arange(6.0).reshape(3, 2), [0, 1])
    assert_close(y, matrix.T)
    assert_close(gradient, np.array([[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]))
    y, gradient = kata.run(probes.gradient_of, "reshape", matrix, np.arange(6.0), [-1])
    assert_close(y, np.arange(1.0, 7.0))
    assert_close(gradient, np.arange(6.0).reshape(2, 3))
    together, gradient = kata.run(probes.joined)
    assert_close(together, np.array([1.0, 2.0, 3.0, 4.0]), dtype=np.float32)
    assert_close(gradient, np.array([5.0, 6.0]), dtype=np.float32)


@task("shapes")
def test_each_reduction(kata, probes):
    # the value, and the gradient of x for a gradient of ones; the variance of 1 and 3, divided by n - 1, is 2
    expected = {
        "x.sum()": [12.0, [[1.0, 1.0], [1.0, 1.0]]],
        "x.mean()": [3.0, [[0.25, 0.25], [0.25, 0.25]]],
        "x.sum(dim=0)": [[3.0, 9.0], [[1.0, 1.0], [1.0, 1.0]]],
        "x.sum(1, keepdim=True) * x": [[[4.0, 12.0], [16.0, 48.0]], [[8.0, 8.0], [16.0, 16.0]]],
        "x.mean(dim=(0, 1))": [3.0, [[0.25, 0.25], [0.25, 0.25]]],
        "x.mean(-1)": [[2.0, 4.0], [[0.5, 0.5], [0.5, 0.5]]],
        "x.var(dim=1)": [[2.0, 8.0], [[-2.0, 2.0], [-4.0, 4.0]]],
        "x.var(1, unbiased=False)": [[1.0, 4.0], [[-1.0, 1.0], [-2.0, 2.0]]],
        "x.std(dim=1)": [[1.4142, 2.8284], [[-0.7071, 0.7071], [-0.7071, 0.7071]]],
        "x.var()": [4.6667, [[-1.3333, 0.0], [-0.6667, 2.0]]],
        "x.max()": [6.0, [[0.0, 0.0], [0.0, 1.0]]],
        "x.min(dim=0).values": [[1.0, 3.0], [[1.0, 1.0], [0.0, 0.0]]],
        "x.log_softmax(1) * where(x < 2.5, 1.0, 0.0)": [
            [[-2.1269, 0.0], [-4.0181, 0.0]],
            [[0.8808, -0.8808], [0.982, -0.982]],
        ],
        "x.softmax(0) * where(x < 4, x, 0.0)": [
            [[0.2689, 0.1423], [1.4621, 0.0]],
            [[0.0723, 0.183], [0.9277, -0.1355]],
        ],
    }
    found = kata.run(probes.gradients, [[1.0, 3.0], [2.0, 6.0]], list(expected))
    assert_equal(found, expected)


@task("shapes", title="sum and mean over any axes of any array")
def test_reductions_over_any_axes(kata, draw, probes):
    # for each axis: its size, and whether it is reduced
    axes = st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=1, max_size=3)

    @for_all(draw, axes=axes.filter(lambda axes: any(reduced for _, reduced in axes)), keepdim=st.booleans())
    def holds(axes, keepdim):
        x = np.arange(1.0, np.prod([size for size, _ in axes]) + 1).reshape([size for size, _ in axes])
        dim = tuple(axis for axis, (_, reduced) in enumerate(axes) if reduced)
        y = x.sum(axis=dim, keepdims=keepdim)
        g = np.arange(1.0, y.size + 1).reshape(y.shape)
        weights = f"Tensor(np.arange({y.size}).reshape({y.shape}) + 1)" if y.shape else "1"
        spread = np.zeros(x.shape) + g.reshape([1 if reduced else size for size, reduced in axes])
        expected = {}
        for name, n in (("sum", 1), ("mean", x.size // y.size)):
            line = f"x.{name}(dim={dim[0] if len(dim) == 1 else dim}, keepdim={keepdim})"
            expected[f"{line} * {weights}"] = [np.round(each, 4).tolist() for each in (y * g / n, spread / n)]
        assert_equal(kata.run(probes.gradients, x.tolist(), list(expected)), expected)


@task("shapes")
def test_each_new_shape(kata, probes):
    code = """
x = Tensor([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]])
a, b = Tensor([1.0, 2.0, 3.0]), Tensor([4.0, 5.0, 6.0])
w = Tensor(np.arange(12).reshape(2, 3, 2))
"""
    expected = {
        "x.flatten()": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "x.flatten(0, 1)": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
        "w.flatten(1).shape": [2, 6],
        "w.view(4, -1)": [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]],
        "x.squeeze().T": [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]],
        "x.transpose(-1, 0).shape": [3, 2, 1],
        "w.permute(2, 0, 1)": [[[0, 2, 4], [6, 8, 10]], [[1, 3, 5], [7, 9, 11]]],
        "x.squeeze(0).shape": [2, 3],
        "x.squeeze(1).shape": [1, 2, 3],
        "x.unsqueeze(-1).squeeze(0).shape": [2, 3, 1],
        "Tensor([[[1], [2], [3]]]).squeeze(0).shape": [3, 1],
        "x.expand(2, -1, -1).shape": [2, 2, 3],
        "Tensor(2.5).reshape(1, 1)": [[2.5]],
        "Tensor(2.5).unsqueeze(0)": [2.5],
        "Tensor(2.5).expand(2)": [2.5, 2.5],
        "stack([a, b], dim=1)": [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]],
        "cat([x, x], dim=1).shape": [1, 4, 3],
        "where(x > 3, x, 0.0)": [[[0.0, 0.0, 0.0], [4.0, 5.0, 6.0]]],
        "w.argmax()": 11,
        "x.argmin(dim=1)": [[0, 0, 0]],
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("shapes")
def test_gradients_of_new_shapes(kata, probes):
    # the value, and the gradient of x for a gradient of ones
    expected = {
        "x.permute(2, 0, 1) * Tensor(np.arange(6).reshape(3, 1, 2))": [
            [[[0.0, 4.0]], [[4.0, 15.0]], [[12.0, 30.0]]],
            [[[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]],
        ],
        "x.expand(2, 2, 3).sum()": [42.0, [[[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]]],
        "(cat([x, x * 2]) * Tensor(np.arange(12).reshape(2, 2, 3))).sum()": [
            462.0,
            [[[12.0, 15.0, 18.0], [21.0, 24.0, 27.0]]],
        ],
        "where(x > 4, x * 2, x)": [
            [[[1.0, 2.0, 3.0], [4.0, 10.0, 12.0]]],
            [[[1.0, 1.0, 1.0], [1.0, 2.0, 2.0]]],
        ],
    }
    found = kata.run(probes.gradients, [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]], list(expected))
    assert_equal(found, expected)
