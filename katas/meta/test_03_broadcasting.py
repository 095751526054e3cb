"""Task broadcasting: what was repeated forward is summed backward."""

import numpy as np

from graders.checks import about, assert_close, assert_equal, task
from graders.checks.properties import for_all, st


@task("broadcasting", title="The worked example: broadcasting")
def test_the_worked_example_of_broadcasting(kata, probes):
    a, b = np.array([[1.0], [2.0]]), np.array([[10.0, 20.0, 30.0]])
    y, a_grad, b_grad = kata.run(probes.gradients_of_a_product, a, b, np.ones((2, 3)))
    with about("y = a * b"):
        assert_close(y, np.array([[10.0, 20.0, 30.0], [20.0, 40.0, 60.0]]))
    with about("the gradient of a, of shape (2, 1), summed over the columns"):
        assert_close(a_grad, np.array([[60.0], [60.0]]))
    with about("the gradient of b, of shape (1, 3), summed over the rows"):
        assert_close(b_grad, np.array([[3.0, 3.0, 3.0]]))


@task("broadcasting")
def test_an_axis_in_front(kata, probes):
    a, b, g = np.array([1.0, 2.0]), np.array([[3.0, 4.0], [5.0, 6.0]]), np.array([[1.0, 0.0], [1.0, 10.0]])
    _, a_grad, b_grad = kata.run(probes.gradients_of_a_product, a, b, g)
    assert_close(a_grad, np.array([8.0, 60.0]))
    assert_close(b_grad, np.array([[1.0, 0.0], [1.0, 20.0]]))


@task("broadcasting")
def test_a_row_and_a_number(kata, probes):
    code = """
x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
row = Tensor([1.0, 0.0, 2.0], requires_grad=True)
number = Tensor(2.0, requires_grad=True)
y = (x - row) * number
y.backward(Tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]))
"""
    expected = {
        "y": [[0.0, 4.0, 2.0], [6.0, 10.0, 8.0]],
        "x.grad": [[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]],
        "row.grad": [-4.0, -4.0, -4.0],
        "number.grad": 15.0,
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("broadcasting")
def test_several_axes_at_once(kata, probes):
    code = """
a = Tensor([[[1.0], [2.0]]], requires_grad=True)
p = Tensor([[1.0], [2.0]], requires_grad=True)
q = Tensor([[[1.0, 10.0]], [[100.0, 1000.0]]], requires_grad=True)
y = a * q + p * q
y.backward(Tensor([[[1.0, 1.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]]))
"""
    expected = {
        "y": [[[2.0, 20.0], [4.0, 40.0]], [[200.0, 2000.0], [400.0, 4000.0]]],
        "a.grad": [[[1111.0], [1111.0]]],
        "p.grad": [[1111.0], [1111.0]],
        "q.grad": [[[6.0, 6.0]], [[6.0, 6.0]]],
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("broadcasting")
def test_two_stacks_of_matrices(kata, probes):
    code = """
a = Tensor([[[1.0, 2.0]], [[3.0, 4.0]]], requires_grad=True)
b = Tensor([[[5.0], [6.0]], [[7.0], [8.0]]], requires_grad=True)
y = a @ b
y.backward(Tensor([[[1.0]], [[10.0]]]))
"""
    expected = {
        "y": [[[17.0]], [[53.0]]],
        "a.grad": [[[5.0, 6.0]], [[70.0, 80.0]]],
        "b.grad": [[[1.0], [2.0]], [[30.0], [40.0]]],
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("broadcasting")
def test_a_stack_of_matrices(kata, probes):
    code = """
a = Tensor([[[1.0, 2.0]], [[3.0, 4.0]]], requires_grad=True)
b = Tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]], requires_grad=True)
y = a @ b
y.backward(Tensor([[[1.0, 1.0, 1.0]], [[1.0, 0.0, 0.0]]]))
"""
    expected = {
        "y": [[[1.0, 2.0, 4.0]], [[3.0, 4.0, 10.0]]],
        "a.grad": [[[3.0, 2.0]], [[1.0, 0.0]]],
        "b.grad": [[4.0, 1.0, 1.0], [6.0, 2.0, 2.0]],
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("broadcasting", title="For any shapes, each element gets the sum of what its copies get")
def test_any_two_shapes_broadcast(kata, draw, probes):
    # for each axis: its size, and whether a and b have that size or 1
    @for_all(draw, axes=st.lists(st.tuples(st.integers(1, 3), st.booleans(), st.booleans()), max_size=3))
    def holds(axes):
        a, b = (numbers_of([axis[0] if axis[side] else 1 for axis in axes]) for side in (1, 2))
        while b.ndim and len(b) == 1:  # b lacks its first axes if they have size 1
            b = b[0]
        y, g = a * b, numbers_of((a * b).shape)
        product, *gradients = kata.run(probes.gradients_of_a_product, a, b, g)
        with about("a * b"):
            assert_close(product, y)
        for name, operand, contributions, gradient in zip("ab", (a, b), (g * b, g * a), gradients, strict=True):
            copies = np.broadcast_to(np.arange(operand.size).reshape(operand.shape), y.shape)
            expected = np.bincount(copies.ravel(), contributions.ravel(), operand.size).reshape(operand.shape)
            with about(f"the gradient of {name}, of shape {operand.shape}"):
                assert_close(gradient, expected)


def numbers_of(shape):
    """Return an array of this shape with the numbers 1, 2, 3, …"""
    return np.arange(1.0, np.prod(shape) + 1).reshape(shape)
