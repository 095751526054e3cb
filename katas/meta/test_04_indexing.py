"""Task indexing: the gradient goes back to where the elements came from."""

import numpy as np

from graders.checks import assert_close, assert_equal, task
from graders.checks.properties import for_all, st

x = np.array([10.0, 20.0, 30.0, 40.0])


@task("indexing", title="The worked example: indexing")
def test_the_worked_example_of_indexing(kata, probes):
    y, gradient = kata.run(probes.taken, x, [0, 0, 3], np.array([1.0, 2.0, 3.0]))
    assert_close(y, np.array([10.0, 10.0, 40.0]))
    assert_close(gradient, np.array([3.0, 0.0, 0.0, 3.0]))


@task("indexing")
def test_one_row_and_a_mask(kata, probes):
    matrix = np.arange(6.0).reshape(2, 3)
    y, gradient = kata.run(probes.taken, matrix, 1, np.array([1.0, 2.0, 3.0]))
    assert_close(y, np.array([3.0, 4.0, 5.0]))
    assert_close(gradient, np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]))
    y, gradient = kata.run(probes.taken, x, x > 15, np.array([1.0, 2.0, 3.0]))
    assert_close(y, np.array([20.0, 30.0, 40.0]))
    assert_close(gradient, np.array([0.0, 1.0, 2.0, 3.0]))


@task("indexing")
def test_indices_of_many_kinds(kata, probes):
    code = "x = Tensor([[1, 2, 3], [4, 5, 6]])\nz = Tensor(np.arange(24).reshape(2, 3, 4))"
    expected = {
        "x[-1, 0]": 4,
        "x[:, 1:]": [[2, 3], [5, 6]],
        "x[..., ::2]": [[1, 3], [4, 6]],
        "x[:, None, 0].shape": [2, 1],
        "x[[1, 0, 1], [0, 0, 2]]": [4, 1, 6],
        "x[Tensor([1]), 1:]": [[5, 6]],
        "x[x > 4]": [5, 6],
        "x[[True, False]]": [[1, 2, 3]],
        "z[..., [0, 3]].shape": [2, 3, 2],
        "z[0, :, [1, 3]]": [[1, 3], [5, 7], [9, 11]],  # the int applies first, so the axis of [1, 3] stays last
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("indexing")
def test_gradients_of_indices(kata, probes):
    # the value, and the gradient of x for a gradient of ones
    expected = {
        "x[1:]": [[2.0, 3.0, 4.0], [0.0, 1.0, 1.0, 1.0]],
        "x[::2]": [[1.0, 3.0], [1.0, 0.0, 1.0, 0.0]],
        "x[[-1, 3, 3]]": [[4.0, 4.0, 4.0], [0.0, 0.0, 0.0, 3.0]],
        "x[[[0, 1], [1, 0]]]": [[[1.0, 2.0], [2.0, 1.0]], [2.0, 2.0, 0.0, 0.0]],
        "x[[0, 0], None]": [[[1.0], [1.0]], [2.0, 0.0, 0.0, 0.0]],
        "x[x > 2]": [[3.0, 4.0], [0.0, 0.0, 1.0, 1.0]],
    }
    assert_equal(kata.run(probes.gradients, [1.0, 2.0, 3.0, 4.0], list(expected)), expected)


@task("indexing")
def test_assignment(kata, probes):
    code = """
x = Tensor([[1.0, 2.0], [3.0, 4.0]])
x[:, 0] = 7
x[x == 2] = 0
x[1] += 1
x[[0], 1] = Tensor([5.0])
"""
    assert_equal(kata.run(probes.values, code, ["x"]), {"x": [[7.0, 5.0], [8.0, 5.0]]})


@task("indexing", title="For any indices, each gradient goes back to where its element came from")
def test_any_indices_into_a_matrix(kata, draw, probes):
    matrix = np.arange(10.0, 22.0).reshape(4, 3)

    @for_all(draw, index=st.lists(st.integers(-4, 3), min_size=1, max_size=5))
    def rows_are_selected(index):
        check(kata, probes, matrix, index)

    @for_all(draw, index=st.lists(st.tuples(st.integers(-4, 3), st.integers(-3, 2)), min_size=1, max_size=5))
    def elements_are_selected(index):
        check(kata, probes, matrix, tuple(map(list, zip(*index, strict=True))))

    @for_all(draw, mask=st.lists(st.booleans(), min_size=4, max_size=4))
    def a_mask_selects_rows(mask):
        check(kata, probes, matrix, np.array(mask))


def check(kata, probes, x, index):
    """Compare x[index] with NumPy's, and the gradient with one that adds each number to its element's place."""
    places = np.arange(x.size).reshape(x.shape)[index]
    g = np.arange(1.0, places.size + 1).reshape(places.shape)
    y, gradient = kata.run(probes.taken, x, index, g)
    assert_close(y, x[index])
    assert_close(gradient, np.bincount(places.ravel(), g.ravel(), x.size).reshape(x.shape))
