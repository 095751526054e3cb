"""Task broadcasting: what was repeated forward is summed backward."""

import numpy as np

from graders.checks import about, assert_close, assert_equal, task


@task("broadcasting", title="The worked example: broadcasting")
def test_the_worked_example_of_broadcasting(kata, probes):
    a, b = np.array([[1.0], [2.0]]), np.array([[10.0, 20.0, 30.0]])
    y, a_grad, b_grad = kata.run(probes.gradients_of_a_product, a, b, np.ones((2, 3)))
    with about("y = a * b"):
        assert_close(y, np.array([[10.0, 20.0, 30.0], [20.0, 40.0, 60.0]]))
    with about("the gradient of a (2, 1), summed over the columns"):
        assert_close(a_grad, np.array([[60.0], [60.0]]))
    with about("the gradient of b (1, 3), summed over the rows"):
        assert_close(b_grad, np.array([[3.0, 3.0, 3.0]]))


@task("broadcasting")
def test_an_axis_in_front(kata, probes):
    a, b, g = np.array([1.0, 2.0]), np.array([[3.0, 4.0], [5.0, 6.0]]), np.array([[1.0, 0.0], [1.0, 10.0]])
    _, a_grad, b_grad = kata.run(probes.gradients_of_a_product, a, b, g)
    assert_close(a_grad, np.array([8.0, 60.0]))
    assert_close(b_grad, np.array([[1.0, 0.0], [1.0, 20.0]]))


@task("broadcasting")
def test_shapes_that_do_not_fit(kata, probes):
    with kata.raises(RuntimeError) as caught:
        kata.run(probes.shapes_that_do_not_fit)
    for shape in ("(2, 3)", "(4,)"):
        with about(f"the message names {shape}"):
            assert_equal(shape in caught.message, True)
